"""How far it is to the top of a curve is counted in working days, from when nothing holds the mailbox any more."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmup.config import Config, load
from warmup.model import Cause, Day, Endpoint, Mailbox, Pause, Scope, Security
from warmup.plan import Hours
from warmup.view.goal import Goal, goal

SERVER = Endpoint("127.0.0.1", 1, Security.TLS)
FRIDAY = date(2026, 3, 6)
NOON = datetime(2026, 3, 6, 12, tzinfo=UTC)
ANN = Mailbox(
    id=1,
    address="ann@one.test",
    name="Ann",
    zone="UTC",
    provider="one.test",
    login="ann",
    credential="ann",
    smtp=SERVER,
    imap=SERVER,
    curve="five",
    added_at=NOON,
)


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Config:
    """With a curve of five days: 2, 4, 6, 8, 10 messages."""
    file = tmp_path_factory.mktemp("config") / "warmup.toml"
    file.write_text('[curves.five]\nkind = "linear"\nstart = 2\nstep = 2\nceiling = 10\n')
    return load(file, {"HOME": str(Path("/nonexistent"))})


def day(age: int, allowance: int, on: date = FRIDAY) -> Day:
    return Day(mailbox=1, local_date=on, age=age, curve="five", volume=allowance, allowance=allowance, planned_at=NOON)


def hold(until: datetime | None, provider: str | None = None) -> Pause:
    scope = Scope.LANE if provider else Scope.MAILBOX
    return Pause(scope=scope, mailbox=1, provider=provider, cause=Cause.VERDICT, since=NOON, until=until)


def of(config: Config, planned: Day | None, last: Day | None = None, *holds: Pause) -> Goal:
    return goal(config, ANN, planned=planned, last=last, holds=holds, today=FRIDAY)


def test_today_counts_if_it_may_send(config: Config) -> None:
    found = of(config, day(1, 4))
    # Friday is the second day; Monday, Tuesday and Wednesday are the third, fourth and fifth.
    assert (found.day, found.top_day, found.there, found.on) == (2, 5, False, date(2026, 3, 11))
    assert of(config, day(1, 0)).on == date(2026, 3, 12)
    assert of(config, None, day(0, 2, date(2026, 3, 5))).on == date(2026, 3, 12)
    assert of(config, None).on == date(2026, 3, 13)


def test_who_is_at_the_top_has_no_date(config: Config) -> None:
    for age in (4, 40):
        found = of(config, day(age, 10))
        assert (found.there, found.on) == (True, None)


def test_a_hold_puts_it_off_and_one_without_an_end_leaves_it_open(config: Config) -> None:
    assert of(config, day(3, 8)).on == date(2026, 3, 9)
    assert of(config, day(3, 8), None, hold(datetime(2026, 3, 11, tzinfo=UTC))).on == date(2026, 3, 13)
    assert of(config, day(3, 8), None, hold(None)).on is None
    assert of(config, day(3, 8), None, hold(None, "two.test")).on == date(2026, 3, 9), "the others go on"


def test_a_curve_that_is_gone_has_no_top(config: Config) -> None:
    gone = Day(mailbox=1, local_date=FRIDAY, age=1, curve="old", volume=0, allowance=0, planned_at=NOON)
    assert of(config, gone) == Goal(curve="old", day=2, top_day=None, there=False, on=None)


@given(
    days=st.frozensets(st.integers(0, 6), min_size=1),
    start=st.dates(date(2026, 1, 1), date(2027, 12, 31)),
    number=st.integers(1, 60),
)
def test_a_working_day_ahead_has_as_many_working_days_up_to_it(days: frozenset[int], start: date, number: int) -> None:
    found = Hours(days, NOON.time(), NOON.time()).ahead(start, number)
    between = [start + timedelta(days=n) for n in range(1, (found - start).days + 1)]
    assert found.weekday() in days
    assert sum(one.weekday() in days for one in between) == number
