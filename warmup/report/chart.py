"""One course drawn: what held it, in words; the curve against what was sent; where that arrived.

    words      each event on its day, with a line down to it
    messages   bars: sent; dashes: the curve, had nothing come between
    placement  of each day's messages: inbox, other, junk, missing
    held       when sending was held, to the hour

Owns: the drawing. Does not own: its colours (`warmup.report.style`), the data (`warmup.view.course`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from textwrap import wrap

from warmup.placement import Counts
from warmup.view.course import Course, Event, Point

from .svg import tag, words

WIDTH = 960
_LEFT, _RIGHT = 74, 14  # margins
_ROW = 17  # a line of words
_MOST_EVENTS = 5  # told on the chart; what else there was stands below it
_MOST_LINES = 2  # of one
_PLOT = 170
_STRIP, _HELD = 46, 14
_GAP = 12
_LETTER = 7.2  # how wide one is at 12 px: rather more than on average, in the widest of the fonts
_STAGES = ("inbox", "other", "junk", "missing")  # from the bottom up


@dataclass(frozen=True, slots=True)
class _Frame:
    """Where things are. `step` is a day's width; `top` where the plot begins."""

    first: date
    step: float
    top: float
    most: int

    def x(self, on: date) -> float:
        return _LEFT + (on - self.first).days * self.step

    def at(self, instant: datetime) -> float:
        """An instant's place, to the second, by its own zone's clock."""
        midnight = datetime.combine(instant.date(), time(0), instant.tzinfo)
        return self.x(instant.date()) + (instant - midnight) / timedelta(days=1) * self.step

    def y(self, messages: float) -> float:
        return self.top + _PLOT * (1 - messages / self.most)

    @property
    def bottom(self) -> float:
        return self.top + _PLOT


def height(course: Course, *, names: bool = False) -> int:
    """How high the drawing is, in the units of its width."""
    return _ROW * (_rows(course, names=names) + 1) + _PLOT + _STRIP + _HELD + 4 * _GAP + 3 * _ROW


def draw(course: Course, *, names: bool = False) -> str:
    """The elements of a drawing as wide as `WIDTH`; with `names` each event says whose it is."""
    if not course.points:
        return tag("text", words("nothing was planned in this time"), x=_LEFT, y=_ROW, class_="axis")
    points = course.points
    most = max(4, *(max(point.sent, point.allowed, point.wanted or 0) for point in points))
    step = (WIDTH - _LEFT - _RIGHT) / len(points)
    frame = _Frame(points[0].on, step, _ROW * (_rows(course, names=names) + 1), _ceiling(most))
    struck = {event.at.date() for event in course.events}
    return "".join(
        (
            *_grid(frame, points),
            *(_bar(frame, point, struck=point.on in struck) for point in points),
            _wanted(frame, points),
            *_strip(frame, points),
            *_held(frame, course.events, points[-1].on),
            *_words(frame, _labels(course, names=names)),
            *_legend(frame),
        )
    )


@dataclass(frozen=True, slots=True)
class _Label:
    """An event in words; `x` is the middle of its day, None for what belongs to none. They run `rightward` from there,
    or end there.
    """

    x: float | None
    lines: Sequence[str]
    rightward: bool
    kind: str


def _labels(course: Course, *, names: bool) -> list[_Label]:
    """The weightiest events, in the order of their days: what a receiver said comes before our own troubles."""
    events = course.events
    found = []
    for event in sorted(sorted(events, key=lambda one: one.ours)[:_MOST_EVENTS], key=lambda one: one.since):
        days = len(course.points)
        x = _LEFT + ((event.at.date() - course.points[0].on).days + 0.5) * (WIDTH - _LEFT - _RIGHT) / days
        text = f"{event.at:%a} {event.at.day} {event.at:%b}: "
        text += f"{event.mailbox.partition('@')[0]}: " if names else ""
        text += event.words + (f" (×{event.times})" if event.times > 1 else "")
        rightward = WIDTH - x >= x
        room = int((WIDTH - _RIGHT - x if rightward else x) / _LETTER) - 1
        lines = wrap(text, room, max_lines=_MOST_LINES, placeholder=" …", break_on_hyphens=False)
        found.append(_Label(x, lines, rightward, "said ours" if event.ours else "said"))
    if len(events) > _MOST_EVENTS:
        found.append(_Label(None, [f"and {len(events) - _MOST_EVENTS} more, in the list below"], True, "axis"))
    return found


def _rows(course: Course, *, names: bool) -> int:
    return sum(len(label.lines) for label in _labels(course, names=names)) if course.points else 0


def _ceiling(most: int) -> int:
    """The least number of the form 4, 8, 12, 20, 40, … that isn't below."""
    size = 1
    while True:
        for step in (4, 8, 12, 20, 32):
            if most <= step * size:
                return step * size
        size *= 10


def _grid(frame: _Frame, points: Sequence[Point]) -> Iterator[str]:
    for quarter in range(5):
        messages = frame.most * quarter // 4
        y = frame.y(messages)
        yield tag("line", x1=_LEFT, x2=WIDTH - _RIGHT, y1=y, y2=y, class_="grid")
        yield tag("text", str(messages), x=_LEFT - 6, y=y + 4, class_="axis end")
    yield tag("text", "messages", x=0, y=frame.top - 9, class_="axis")
    every = next(days for days in (1, 2, 7, 14, 28, 91, 364) if days * frame.step >= 44)
    start = next((n for n, point in enumerate(points) if every < 7 or point.on.weekday() == 0), 0)
    for point in points[start::every]:
        x = frame.x(point.on)
        yield tag("line", x1=x, x2=x, y1=frame.bottom, y2=frame.bottom + 4, class_="tick")
        if x + _LETTER * 6 < WIDTH:
            yield tag("text", f"{point.on.day} {point.on:%b}", x=x + 2, y=frame.bottom + 14, class_="axis")


def _bar(frame: _Frame, point: Point, *, struck: bool) -> str:
    """A day's messages; on a day on which something held it they are marked. What it says shows when pointed at."""
    wanted = "a day off" if point.wanted is None else f"the curve: {point.wanted}"
    told = f"{point.on:%a} {point.on.day} {point.on:%b}: sent {point.sent} of {point.allowed} ({wanted})"
    if point.arrived.looked_for:
        told += f"; in the inbox {point.arrived}"
    x, width = frame.x(point.on) + frame.step * 0.12, frame.step * 0.76
    frame_ = tag(
        "rect",
        x=frame.x(point.on),
        y=frame.top,
        width=frame.step,
        height=_PLOT,
        class_="struck" if struck else "day",
    )
    bar = tag(
        "rect",
        x=x,
        y=frame.y(point.sent),
        width=width,
        height=frame.bottom - frame.y(point.sent),
        class_="bad" if struck else "sent",
    )
    return tag("g", tag("title", words(told)), frame_, bar)


def _wanted(frame: _Frame, points: Sequence[Point]) -> str:
    """A step a working day; on days off nothing is wanted."""
    path, begun = [], False
    for point in points:
        if point.wanted is not None:
            x, y = frame.x(point.on), frame.y(point.wanted)
            path.append(f"{'L' if begun else 'M'}{x:.1f} {y:.1f}L{x + frame.step:.1f} {y:.1f}")
        begun = point.wanted is not None
    return tag("path", d="".join(path), class_="wanted") if path else ""


def _strip(frame: _Frame, points: Sequence[Point]) -> Iterator[str]:
    top = frame.bottom + _ROW + _GAP
    yield tag("text", "placement", x=0, y=top + _STRIP / 2 + 4, class_="axis")
    yield tag("rect", x=_LEFT, y=top, width=WIDTH - _LEFT - _RIGHT, height=_STRIP, class_="empty")
    for point in points:
        y = top + _STRIP
        for stage in _STAGES if point.arrived.looked_for else ():
            share = _STRIP * getattr(point.arrived, stage) / point.arrived.looked_for
            y -= share
            if share:
                x, width = frame.x(point.on) + frame.step * 0.06, frame.step * 0.88
                yield tag("rect", x=x, y=y, width=width, height=share, class_=stage)


def _held(frame: _Frame, events: Sequence[Event], last: date) -> Iterator[str]:
    top = frame.bottom + _ROW + _GAP + _STRIP + _GAP
    yield tag("text", "held", x=0, y=top + _HELD - 3, class_="axis")
    yield tag("rect", x=_LEFT, y=top, width=WIDTH - _LEFT - _RIGHT, height=_HELD, class_="empty")
    end = frame.x(last) + frame.step
    for event in events:
        until = end if event.until is None else frame.at(event.until.astimezone(event.at.tzinfo))
        x = min(max(_LEFT, frame.at(event.at)), end)
        width = max(3, min(until, end) - x)  # else an hour of three months couldn't be seen
        told = tag("title", words(f"{event.at:%a} {event.at.day} {event.at:%b %H:%M}: {event.told}"))
        yield tag(
            "g", told, tag("rect", x=x, y=top, width=width, height=_HELD, class_="ours" if event.ours else "hold")
        )


def _words(frame: _Frame, labels: Sequence[_Label]) -> Iterator[str]:
    row = 0
    for label in labels:
        for number, line in enumerate(label.lines):
            row += 1
            y = _ROW * row
            if not number and label.x is not None:
                yield tag("line", x1=label.x, x2=label.x, y1=y - 10, y2=frame.bottom, class_=f"lead {label.kind}")
            x = _LEFT if label.x is None else label.x + (5 if label.rightward else -5)
            yield tag("text", words(line), x=x, y=y, class_=f"{label.kind}" + ("" if label.rightward else " end"))


def _legend(frame: _Frame) -> Iterator[str]:
    top = frame.bottom + _ROW + 3 * _GAP + _STRIP + _HELD + 8
    upper = ("sent", "sent"), ("bad", "sent on a day with a hold"), ("wanted", "the curve, had nothing come between")
    lower = *((stage, stage) for stage in _STAGES), ("hold", "held by a receiver"), ("ours", "held by another trouble")
    for row, marks in enumerate((upper, lower)):
        x, y = float(_LEFT), top + row * _ROW
        for kind, name in marks:
            if kind == "wanted":
                yield tag("line", x1=x, x2=x + 16, y1=y - 4, y2=y - 4, class_=kind)
            else:
                yield tag("rect", x=x, y=y - 9, width=10, height=10, class_=kind)
            yield tag("text", name, x=x + 20, y=y, class_="axis")
            x += 20 + len(name) * _LETTER * 0.9 + 18


def total(points: Sequence[Point]) -> Counts:
    """What arrived on all of these days."""
    return sum((point.arrived for point in points), Counts())
