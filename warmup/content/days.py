"""Days that a conversation speaks of.

Owns: which day is meant, and dates in header fields. Does not own: how a language writes them
(`warmup.content.language`).
Sources: RFC 5322 §3.3.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from .language import Language

_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(slots=True)
class Calendar:
    """Where the days of a conversation look up what day it is: it moves on from turn to turn."""

    today: date
    language: Language


@dataclass(frozen=True, slots=True)
class Day:
    """A day spoken of on another: `{{ day }}` is "tomorrow", "Thursday", "next Tuesday" or "Tuesday 17 November", and
    `{{ day.on }}` any other form of it that the language has.
    """

    day: date
    calendar: Calendar

    def __str__(self) -> str:
        return self["plain"]

    def __getitem__(self, form: str) -> str:
        return self.calendar.language.day(form, self.day, self.calendar.today)

    @property
    def date(self) -> str:
        """ "17 November", whatever today is."""
        return self.calendar.language.dated(self.day)


def working_day(start: date, days: int) -> date:
    """The `days`-th day from Monday to Friday after `start`. Raises `ValueError` below 1."""
    if days < 1:
        raise ValueError(f"{days} working days is not ahead")
    weeks, rest = divmod(min(start.weekday(), 4) + days, 5)
    return start - timedelta(start.weekday()) + timedelta(weeks * 7 + rest)


def date_time(moment: datetime) -> str:
    """RFC 5322 §3.3: "Tue, 03 Nov 2026 10:15:00 +0100"."""
    offset = moment.utcoffset()
    assert offset is not None  # a Letter's dates have zones
    hours, minutes = divmod(abs(offset) // timedelta(minutes=1), 60)
    sign = "-" if offset < timedelta(0) else "+"
    return (
        f"{_WEEKDAYS[moment.weekday()]}, {moment.day:02} {_MONTHS[moment.month - 1]} {moment.year:04} "
        f"{moment.hour:02}:{moment.minute:02}:{moment.second:02} {sign}{hours:02}{minutes:02}"
    )
