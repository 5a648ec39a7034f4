"""The course of a ramp, day by day: what the curve wanted, what was sent, where it arrived, and what came between.

Owns: putting a mailbox's days, placements and pauses together, and those of a pool. Does not own: the facts
(`warmup.store`), how it is drawn (`warmup.report`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from warmup.config import Config
from warmup.model import Cause, Day, Mailbox, Pause
from warmup.placement import MONTH, Counts, Health
from warmup.plan import local_date
from warmup.store import Connection, days, mailboxes, messages, pauses

from . import held, placed
from .people import People, everybody


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One local day. `wanted` is what the curve says for it if nothing had come between; None on a day off."""

    on: date
    wanted: int | None
    allowed: int
    sent: int
    arrived: Counts


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that held sending: when it began, in the mailbox's own zone; whose it is; in which `words`, by whom and
    with what effect; and until when it held, None if it does still. `since` and `until` are UTC.
    """

    number: int  # the first pause's
    at: datetime
    mailbox: str
    words: str
    by: str
    effect: str
    since: datetime
    until: datetime | None
    ours: bool  # a trouble of our own or the network's, or the operator's wish: no receiver's word
    fell: int = 0  # sending days that the ramp fell back
    times: int = 1  # the same again on the same day

    @property
    def told(self) -> str:
        """What it did, and whose doing it was."""
        often = f" ({self.times} times on that day)" if self.times > 1 else ""
        fell = f"; the ramp fell back by {self.fell} sending day{'s' if self.fell > 1 else ''}" if self.fell else ""
        return f"{self.effect}{often}{fell}; by {self.by}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """A mailbox's days, or a pool's, without gaps from the first one told to the last."""

    name: str
    about: str
    points: Sequence[Point]
    events: Sequence[Event]
    health: Health | None
    lanes: Mapping[str, Counts]  # by receiving provider, over 28 days


def of_pool(courses: Sequence[Course]) -> Course:
    """All mailboxes together; each lives its own local days."""
    dates = sorted({point.on for course in courses for point in course.points})
    by_date = [[point for course in courses for point in course.points if point.on == on] for on in dates]
    # What holds a whole domain or host is told once, with the first mailbox.
    shared = {event.number: event for course in reversed(courses) for event in course.events}
    lanes: dict[str, Counts] = defaultdict(Counts)
    for course in courses:
        for provider, counts in course.lanes.items():
            lanes[provider] += counts
    return Course(
        name="The pool",
        about=f"{len(courses)} mailboxes",
        points=[_together(on, points) for on, points in zip(dates, by_date, strict=True)],
        events=sorted(shared.values(), key=lambda event: event.since),
        health=None,
        lanes=dict(sorted(lanes.items())),
    )


def of_each(db: Connection, config: Config, now: datetime, *, back: int, only: str | None = None) -> list[Course]:
    """The course of each mailbox of the pool, or of one, over so many days back from `now`, or from the last day that
    was planned. A work of the store.
    """
    people, last = everybody(db), days.latest(db)
    at = min(now, datetime.combine(last + timedelta(days=1), time(0), UTC)) if last else now
    pool = [mailboxes.get(db, only)] if only else mailboxes.every(db)
    earliest = (at - timedelta(days=back)).date()
    arrived: dict[int, dict[date, Counts]] = defaultdict(dict)
    for (number, on), counts in messages.placements_by_day(db, earliest).items():
        arrived[number][on] = counts
    scores = placed.healths(db, at)
    lanes: dict[int, dict[str, Counts]] = defaultdict(dict)
    for (number, provider), counts in sorted(messages.placements(db, at - MONTH).items()):
        lanes[number][provider] = counts
    found = []
    for mailbox in pool:
        lived = days.history(db, mailbox.id)
        curve = lived[-1][0].curve if lived else mailbox.curve or config.curve
        holds = [pause for pause in pauses.history(db, mailbox.id) if pause.stops(mailbox, pause.provider)]
        found.append(
            Course(
                name=mailbox.address,
                about=f"curve {curve!r}; at {mailbox.provider}; {mailbox.zone}",
                points=[
                    replace(point, arrived=arrived[mailbox.id].get(point.on, Counts()))
                    for point in _points(lived, config, mailbox, min(local_date(at, mailbox.zone), last or earliest))
                    if point.on >= earliest
                ],
                events=_events(mailbox, [one for one in holds if one.since >= at - timedelta(days=back)], people),
                health=scores[mailbox.id],
                lanes=lanes[mailbox.id],
            )
        )
    return _without_what_has_just_begun(found)


def _without_what_has_just_begun(courses: list[Course]) -> list[Course]:
    """Without the last day, if nobody has sent anything on it yet."""
    last = max((course.points[-1].on for course in courses if course.points), default=None)
    if any(point.sent for course in courses for point in course.points[-1:] if point.on == last):
        return courses
    return [replace(course, points=[point for point in course.points if point.on != last]) for course in courses]


def _together(on: date, points: Sequence[Point]) -> Point:
    wanted = [point.wanted for point in points if point.wanted is not None]
    return Point(
        on=on,
        wanted=sum(wanted) if wanted else None,
        allowed=sum(point.allowed for point in points),
        sent=sum(point.sent for point in points),
        arrived=sum((point.arrived for point in points), Counts()),
    )


def _points(lived: Sequence[tuple[Day, int]], config: Config, mailbox: Mailbox, today: date) -> list[Point]:
    """From the first planned day to `today`, without what arrived. Had nothing come between, every working day from the
    first one on would have counted.
    """
    if not lived:
        return []
    known = {day.local_date: (day, sent) for day, sent in lived}
    points, age = [], 0
    for number in range((today - lived[0][0].local_date).days + 1):
        on = lived[0][0].local_date + timedelta(days=number)
        day, sent = known.get(on, (None, 0))
        ramp = config.ramps.get(day.curve) if day else None
        wanted = None
        if ramp is not None and config.policy.hours.span(on, mailbox.zone) is not None:
            wanted, age = ramp.volume(age), age + 1
        allowed = day.allowance if day else 0
        points.append(Point(on=on, wanted=wanted, allowed=allowed, sent=sent, arrived=Counts()))
    return points


def _events(mailbox: Mailbox, holds: Sequence[Pause], people: People) -> list[Event]:
    """Each pause; one that says the same on the same day is told once, with how often."""
    zone = ZoneInfo(mailbox.zone)
    found: dict[tuple[date, str, str], Event] = {}
    for pause in sorted(holds, key=lambda pause: pause.since):
        event = _event(pause, mailbox, zone, people)
        key = (event.at.date(), event.words, event.by)
        if key in found:
            last = found[key]
            effect = f"{event.effect}, the last time"
            fell = last.fell + event.fell
            event = replace(last, times=last.times + 1, until=event.until, effect=effect, fell=fell)
        found[key] = event
    return list(found.values())


def _event(pause: Pause, mailbox: Mailbox, zone: ZoneInfo, people: People) -> Event:
    said = pause.response
    words = " ".join(filter(None, (str(said.code or ""), said.enhanced, said.text))) if said else pause.note
    end = min(filter(None, (pause.until, pause.lifted_at)), default=None)
    until = f"until {end.astimezone(zone):%a %d %b %H:%M}" if end else held.until(pause)
    to = f" to {pause.provider}" if pause.provider else ""
    own = pause.mailbox == mailbox.id and pause.domain is None and pause.host is None
    whose = "mail" if own else held.what(replace(pause, provider=None), people)
    return Event(
        number=pause.id,
        at=pause.since.astimezone(zone),
        mailbox=mailbox.address,
        words=words or "no words",
        by=held.by(pause),
        effect=f"{whose}{to} held {until}",
        since=pause.since,
        until=end,
        ours=pause.cause is not Cause.VERDICT,
        fell=pause.age_lost if pause.mailbox == mailbox.id else 0,
    )
