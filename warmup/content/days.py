"""Days as people write them.

Owns: dates in headers and words, in English whatever the locale. Does not own: which day is meant (the templates).
Sources: RFC 5322 §3.3.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


@dataclass(slots=True)
class Calendar:
    """Where the days of a conversation look up what day it is: it moves on from turn to turn."""

    today: date


@dataclass(frozen=True, slots=True)
class Day:
    """A day spoken of on another: `{{ day }}` is "tomorrow", "Thursday", "next Tuesday" or "Tuesday 17 November"."""

    day: date
    calendar: Calendar

    def __str__(self) -> str:
        today = self.calendar.today
        ahead = (self.day - today).days
        if ahead in (0, 1):
            return ("today", "tomorrow")[ahead]
        weekday = _WEEKDAYS[self.day.weekday()]
        weeks = (ahead + today.weekday()) // 7
        if ahead > 1 and weeks < 2:
            return f"next {weekday}" if weeks else weekday
        return f"{weekday} {self.date}"

    @property
    def on(self) -> str:
        """With its preposition: "tomorrow", "on Thursday", "next Tuesday", "on Tuesday 17 November"."""
        words = str(self)
        return words if words[0].islower() else f"on {words}"

    @property
    def date(self) -> str:
        """ "17 November", whatever today is."""
        return f"{self.day.day} {_MONTHS[self.day.month - 1]}"


def working_day(start: date, days: int) -> date:
    """The `days`-th day from Monday to Friday after `start`. Raises `ValueError` below 1."""
    if days < 1:
        raise ValueError(f"{days} working days is not ahead")
    weeks, rest = divmod(min(start.weekday(), 4) + days, 5)
    return start - timedelta(start.weekday()) + timedelta(weeks * 7 + rest)


def month_before(day: date) -> str:
    return _MONTHS[day.month - 2]


def date_time(moment: datetime) -> str:
    """RFC 5322 §3.3: "Tue, 03 Nov 2026 10:15:00 +0100"."""
    offset = moment.utcoffset()
    assert offset is not None  # a Letter's dates have zones
    hours, minutes = divmod(abs(offset) // timedelta(minutes=1), 60)
    sign = "-" if offset < timedelta(0) else "+"
    return (
        f"{_WEEKDAYS[moment.weekday()][:3]}, {moment.day:02} {_MONTHS[moment.month - 1][:3]} {moment.year:04} "
        f"{moment.hour:02}:{moment.minute:02}:{moment.second:02} {sign}{hours:02}{minutes:02}"
    )


def attribution(moment: datetime, name: str) -> str:
    """The line above a quotation: "On Tue, 3 Nov 2026 at 10:15, Ann Bell wrote:"."""
    day = f"{_WEEKDAYS[moment.weekday()][:3]}, {moment.day} {_MONTHS[moment.month - 1][:3]} {moment.year}"
    return f"On {day} at {moment.hour:02}:{moment.minute:02}, {name} wrote:"
