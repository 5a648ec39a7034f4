"""Working hours: local clock times on some weekdays, turned into instants.

Owns: the map from a local date to a span of UTC instants, across daylight saving; spreading times over a span.
Does not own: which zone a mailbox lives in (`Mailbox.zone`).
Sources: PEP 495 for what a local time means when the clock is set (`fold`).
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Span:
    """From `opens` to before `closes`, both UTC instants; empty when they are equal."""

    opens: datetime
    closes: datetime

    @property
    def length(self) -> timedelta:
        return max(self.closes - self.opens, timedelta(0))

    def since(self, now: datetime) -> Span:
        """What is left of it at `now`."""
        return Span(min(max(self.opens, now), self.closes), self.closes)


@dataclass(frozen=True, slots=True)
class Hours:
    """Working hours in local time. `days` are weekday numbers, Monday 0."""

    days: frozenset[int]
    opens: time
    closes: time

    def span(self, day: date, zone: str) -> Span | None:
        """The working hours of one local date, or None when it is a day off.

        Local times are resolved one by one, so a day on which the clock is set is an hour shorter or longer, and a
        time that doesn't exist stands for the instant an hour later on the clock.
        """
        return _span(self.opens, self.closes, day, zone) if day.weekday() in self.days else None

    def ahead(self, day: date, number: int) -> date:
        """The `number`-th working day after a local date."""
        assert number >= 1, "the first is the next"
        weeks, rest = divmod(number - 1, len(self.days))
        day += timedelta(weeks=weeks)  # which hold every working day once
        while True:
            day += timedelta(days=1)
            if day.weekday() in self.days:
                if not rest:
                    return day
                rest -= 1

    def within(self, at: datetime, zone: str, share: float) -> datetime:
        """`at` if it lies in working hours; otherwise so far, from 0 to 1, into the first hour of the next ones.

        A week holds every weekday, so with at least one working day the search ends within eight days.
        """
        start = at.astimezone(ZoneInfo(zone)).date()
        for ahead in range(9):
            span = self.span(start + timedelta(days=ahead), zone)
            if span is None or at >= span.closes:
                continue
            if at >= span.opens:
                return at
            return span.opens + share * min(timedelta(hours=1), span.length)
        raise AssertionError("working hours without a working day")


@lru_cache(maxsize=1 << 12)  # a few days of all the zones there are; a large pool asks for each a million times
def _span(opens: time, closes: time, day: date, zone: str) -> Span | None:
    tz = ZoneInfo(zone)
    span = Span(*(datetime.combine(day, at, tz).astimezone(UTC) for at in (opens, closes)))
    return span if span.length else None


@lru_cache(maxsize=1 << 10)  # whoever weighs recipients asks again and again for the same instant
def local_date(now: datetime, zone: str) -> date:
    """The calendar day it is at `now` in `zone`."""
    return now.astimezone(ZoneInfo(zone)).date()


def room(span: Span, gap: timedelta) -> int:
    """How many times fit into `span` when each pair is at least `gap` apart."""
    if not span.length:
        return 0
    return int(span.length / gap) if gap else 10**6


def spread(span: Span, count: int, gap: timedelta, chance: random.Random) -> list[datetime]:
    """`count` ascending instants in `span`, whole seconds, neighbours at least `gap` apart: no burst and no metronome.

    The span, less the gaps, is cut into `count` cells and each holds one instant anywhere in it; so the day is covered
    evenly while the distance of neighbours varies between the gap and the gap plus two cells. `count` must fit `room`.
    """
    if not count:
        return []
    assert count <= room(span, gap)
    first = span.opens.replace(microsecond=0) + timedelta(seconds=1 if span.opens.microsecond else 0)
    apart = gap.total_seconds()
    cell = (span.length.total_seconds() - apart * count) / count
    return [first + timedelta(seconds=int((i + chance.random()) * cell + apart * i)) for i in range(count)]
