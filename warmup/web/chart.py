"""A mailbox's days as a drawing: a bar for what was sent, a line for what was allowed.

Owns: the coordinates. Does not own: the SVG around them (`pages/mailbox.html`), or the days (`warmup.view.history`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

WIDTH, HEIGHT = 600, 160  # units of the drawing, which is as wide as the page lets it
_DAYS = 60  # shown at most, the latest
_GAP = 0.2  # of a day's width


@dataclass(frozen=True, slots=True)
class Bar:
    x: float
    y: float
    width: float
    height: float
    short: bool  # much less was sent than was allowed, and the day is over
    told: str


@dataclass(frozen=True, slots=True)
class Mark:
    """Of a day on which a hold began."""

    x: float
    told: str


@dataclass(frozen=True, slots=True)
class Chart:
    bars: Sequence[Bar]
    line: str  # points of a polyline
    held: Sequence[Mark]
    most: int  # messages at the upper edge
    first: str
    last: str


def chart(days: Sequence[Mapping[str, Any]], held: Mapping[date, str], today: date) -> Chart | None:
    """Of the rows of `warmup.view.history`, None of none; `held` has what was said on days on which a hold began."""
    shown = [day for day in days if day["allowance"] or day["sent"]][-_DAYS:]
    if not shown:
        return None
    most: int = max(max(day["allowance"], day["sent"]) for day in shown)
    step = WIDTH / max(len(shown), 14)  # a few days aren't as wide as a wall

    def level(number: int) -> float:
        return float(round(HEIGHT - HEIGHT * number / most, 1))

    bars, points, marks = [], [], []
    for number, day in enumerate(shown):
        left = number * step
        top = level(day["sent"])
        told = f"{day['date']:%a %d %b}: {day['sent']} sent of {day['allowance']}" + (
            f", {day['why']}" if day["why"] else ""
        )
        short = day["date"] < today and day["sent"] < 0.8 * day["allowance"]
        bars.append(
            Bar(round(left + step * _GAP / 2, 1), top, round(step * (1 - _GAP), 1), round(HEIGHT - top, 1), short, told)
        )
        if day["date"] in held:
            marks.append(Mark(round(left + step / 2, 1), f"{day['date']:%a %d %b}: {held[day['date']]}"))
        points += [f"{left:.1f},{level(day['allowance'])}", f"{left + step:.1f},{level(day['allowance'])}"]
    return Chart(bars, " ".join(points), marks, most, f"{shown[0]['date']:%d %b}", f"{shown[-1]['date']:%d %b %Y}")
