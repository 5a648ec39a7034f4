"""Days, as people write them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmup.content.days import Calendar, Day, date_time, working_day

from .letters import shipped

TUESDAY = date(2026, 11, 3)
ENGLISH = shipped().languages["en"]


@pytest.mark.parametrize(
    ("ahead", "words", "on"),
    [
        (-4, "Friday 30 October", "on Friday 30 October"),
        (0, "today", "today"),
        (1, "tomorrow", "tomorrow"),
        (2, "Thursday", "on Thursday"),
        (5, "Sunday", "on Sunday"),
        (6, "next Monday", "next Monday"),
        (12, "next Sunday", "next Sunday"),
        (13, "Monday 16 November", "on Monday 16 November"),
    ],
)
def test_a_day_is_named_by_its_distance(ahead: int, words: str, on: str) -> None:
    day = Day(TUESDAY + timedelta(ahead), Calendar(TUESDAY, ENGLISH))
    assert (str(day), day["on"]) == (words, on)


def test_a_day_is_named_anew_when_the_calendar_moves_on() -> None:
    calendar = Calendar(TUESDAY, ENGLISH)
    day = Day(TUESDAY + timedelta(6), calendar)
    calendar.today += timedelta(5)
    assert (str(day), day.date) == ("tomorrow", "9 November")


@given(st.dates(date(2000, 1, 1), date(2099, 1, 1)), st.integers(1, 60))
def test_working_days_are_counted_one_by_one(start: date, days: int) -> None:
    counted = start
    for _ in range(days):
        counted += timedelta(1)
        while counted.weekday() > 4:
            counted += timedelta(1)
    assert working_day(start, days) == counted


@given(
    st.datetimes(
        datetime(1950, 1, 1), timezones=st.integers(-899, 899).map(lambda m: timezone(timedelta(minutes=m)))
    ).map(lambda moment: moment.replace(microsecond=0))
)
def test_a_header_date_is_what_it_was_made_of(moment: datetime) -> None:
    assert datetime.strptime(date_time(moment), "%a, %d %b %Y %H:%M:%S %z") == moment


def test_an_attribution_has_no_idle_zero_in_its_day() -> None:
    assert ENGLISH.quoted(datetime(2026, 11, 3, 9, 5, tzinfo=UTC), "Ann") == "On Tue, 3 Nov 2026 at 09:05, Ann wrote:"
