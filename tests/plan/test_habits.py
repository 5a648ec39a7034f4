"""People read and answer each in their own way, and keep to it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from statistics import mean, median

from hypothesis import given
from hypothesis import strategies as st

from warmup.plan import Habits, Hours
from warmup.plan.reading import answering

from .test_day import mailbox

HABITS = Habits(read=timedelta(minutes=40), think=timedelta(minutes=20))
ALWAYS = Hours(frozenset(range(7)), time(0), time(23, 59))
NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
PEOPLE = [f"p{number}@x.test" for number in range(400)]


def waits(address: str, count: int = 60) -> list[float]:
    """Minutes from reading until a person could have answered."""
    reader = replace(mailbox(1, "UTC", "x.test"), address=address)
    return [(HABITS.answerable_at(f"<{n}@y.test>", NOON, reader) - NOON) / timedelta(minutes=1) for n in range(count)]


def test_a_person_has_a_pace_and_people_differ() -> None:
    medians = sorted(median(waits(address)) for address in PEOPLE[:50])
    assert waits(PEOPLE[0]) == waits(PEOPLE[0])
    assert medians[0] * 2 < medians[-1]
    assert 14 < median(medians) < 28


def test_the_tail_is_heavy() -> None:
    delays = sorted(delay for address in PEOPLE[:50] for delay in waits(address))
    assert delays[int(len(delays) * 0.97)] > 4 * median(delays)


def test_a_pool_answers_by_and_large_as_often_as_it_is_told_to() -> None:
    shares = [answering(address, 0.3) for address in PEOPLE]
    assert 0.27 < mean(shares) < 0.34
    assert min(shares) < 0.18 < 0.42 < max(shares)


@given(st.sampled_from(PEOPLE), st.floats(0, 1))
def test_where_all_or_none_answer_everybody_does_so(address: str, rate: float) -> None:
    assert 0 <= answering(address, rate) <= 1
    assert (answering(address, 0.0), answering(address, 1.0)) == (0.0, 1.0)


def test_reading_is_done_in_working_hours() -> None:
    hours = Hours(frozenset(range(5)), time(9), time(17))
    reader = mailbox(1, "Europe/Berlin", "x.test")
    for number in range(200):
        read = HABITS.read_at(f"<{number}@y.test>", NOON + timedelta(hours=number), hours, reader)
        assert hours.within(read, "Europe/Berlin", 0.5) - read < timedelta(seconds=1)
