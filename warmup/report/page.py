"""The report as one page of HTML: no script, nothing from elsewhere.

Owns: the page. Does not own: the charts (`warmup.report.chart`), its colours (`warmup.report.style`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from warmup.placement import LEAST, Counts
from warmup.view.course import Course, Event, of_pool

from .chart import WIDTH, draw, height, total
from .style import whole
from .svg import tag, words

_FORMULA = (
    "health = 100 × (inbox + other / 2) / (inbox + other + junk + missing + bounced) - 5 × holds by servers' answers "
    f"(six at most), at least 0, over 28 days; none from fewer than {LEAST} messages. Shares are of what was accepted "
    "and looked for, with Wilson's interval of 95 % confidence."
)


def page(courses: Sequence[Course], *, now: datetime) -> str:
    """The pool first, if it has more than one mailbox, then each mailbox."""
    pool = of_pool(courses)
    title = f"Warm-up of {courses[0].name}" if len(courses) == 1 else f"Warm-up of {len(courses)} mailboxes"
    sections = [_section(course, names=False) for course in courses]
    if len(courses) > 1:
        sections.insert(0, _section(pool, names=True))
    head = (
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", words(title)),
        tag("style", whole()),
    )
    when = f"{_period(pool)}; made on {now:%d %B %Y, %H:%M} UTC by warmup"
    body = (
        tag("h1", words(title), tag("br"), tag("small", words(when))),
        *sections,
        tag("section", tag("p", words(_FORMULA), class_="faint")),
    )
    return f'<!doctype html>\n<html lang="en"><head>{"".join(head)}</head><body>{"".join(body)}</body></html>\n'


def _section(course: Course, *, names: bool) -> str:
    drawing = tag(
        "svg",
        tag("title", words(f"{course.name}: messages a day against the curve, their placement, and holds")),
        draw(course, names=names),
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {WIDTH} {height(course, names=names)}",
        role="img",
    )
    return tag(
        "section",
        tag("h2", words(course.name), " ", tag("small", words(course.about))),
        _figures(course),
        tag("div", drawing, class_="chart"),
        _happened(course.events, names=names),
        _lanes(course),
        _days(course),
    )


def _period(course: Course) -> str:
    if not course.points:
        return "no day was planned"
    first, last = course.points[0].on, course.points[-1].on
    return f"{first:%a} {first.day} {first:%B %Y} to {last:%a} {last.day} {last:%B %Y}"


def _figures(course: Course) -> str:
    """What is to be known at a glance."""
    found = total(course.points)
    last = next((point for point in reversed(course.points) if point.sent), None)
    told = [("sent in all", str(sum(point.sent for point in course.points)))]
    if last:
        told.append((f"sent on {last.on:%a} {last.on.day} {last.on:%b}", f"{last.sent} of {last.allowed}"))
    if found.share is not None:
        told.append((f"in the inbox, of {found.looked_for} ({found.between})", f"{100 * found.share:.0f} %"))
    told.append(("holds", str(sum(event.times for event in course.events))))
    if course.health:
        told.append((f"health, from {course.health.messages} messages", str(course.health)))
    return tag(
        "ul", *(tag("li", tag("b", tag("strong", words(value)), words(name))) for name, value in told), class_="figures"
    )


def _happened(events: Sequence[Event], *, names: bool) -> str:
    if not events:
        return tag("p", "Nothing held it.", class_="faint")
    told = []
    for event in events:
        when = f"{event.at:%A} {event.at.day} {event.at:%B, %H:%M %Z}"
        whose = f"{event.mailbox}: " if names else ""
        what = f"{whose}{event.told}."
        line = tag(
            "li",
            tag("b", words(f"{when}: {event.words}")),
            tag("br"),
            words(what),
            class_="own" if event.ours else None,
        )
        told.append(line)
    return tag("h3", "What held it") + tag("ol", *told, class_="happened")


def _lanes(course: Course) -> str:
    if not course.lanes:
        return ""
    rows: list[tuple[str, ...]] = [("to", "in the inbox, over 28 days", "junk", "other", "missing", "bounced")]
    rows += [(provider, *_lane(counts)) for provider, counts in course.lanes.items()]
    return _table(rows)


def _lane(counts: Counts) -> tuple[str, ...]:
    return str(counts), str(counts.junk), str(counts.other), str(counts.missing), str(counts.bounced)


def _days(course: Course) -> str:
    rows: list[tuple[str, ...]] = [("day", "curve", "allowed", "sent", "inbox", "other", "junk", "missing", "bounced")]
    for point in course.points:
        counts = point.arrived
        wanted = "" if point.wanted is None else str(point.wanted)
        found = (counts.inbox, counts.other, counts.junk, counts.missing, counts.bounced)
        rows.append((f"{point.on:%a} {point.on}", wanted, str(point.allowed), str(point.sent), *map(str, found)))
    return tag("details", tag("summary", "Day by day, in numbers"), _table(rows)) if course.points else ""


def _table(rows: Sequence[Sequence[str]]) -> str:
    heading, *rest = rows
    lines = [tag("tr", *(tag("th", words(cell) or " ", scope="col") for cell in heading))]
    lines += [tag("tr", *(tag("td", words(cell) or " ") for cell in row)) for row in rest]
    return tag("div", tag("table", *lines), class_="scroll")
