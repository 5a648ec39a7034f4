"""Waits grow, scatter, and stop growing."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmup.model import chance
from warmup.throttle import wait

HOUR = timedelta(hours=1)
bases = st.timedeltas(min_value=timedelta(seconds=1), max_value=timedelta(days=2))


@pytest.mark.parametrize(("strikes", "hours"), [(1, 1), (2, 2), (3, 4), (4, 8), (5, 16)])
def test_a_wait_doubles_with_every_strike_and_up_to_a_fifth_more(strikes: int, hours: int) -> None:
    lengths = [wait(HOUR, strikes, chance(n), limit=timedelta(days=9)) / HOUR for n in range(200)]
    assert min(lengths) >= hours  # a time that a server named is never undercut
    assert max(lengths) <= hours * 1.2
    assert max(lengths) - min(lengths) > hours * 0.15  # they do scatter


@given(base=bases, strikes=st.integers(1, 10**9), seed=st.integers())
def test_a_wait_is_never_longer_than_its_limit_nor_nothing(base: timedelta, strikes: int, seed: int) -> None:
    assert timedelta(0) < wait(base, strikes, chance(seed)) <= timedelta(hours=24)


@given(base=bases, seed=st.integers())
def test_the_hundredth_strike_waits_for_the_limit(base: timedelta, seed: int) -> None:
    assert wait(base, 100, chance(seed), limit=HOUR) == HOUR


@given(base=bases, strikes=st.integers(1, 50), seed=st.integers())
def test_the_same_chance_gives_the_same_wait(base: timedelta, strikes: int, seed: int) -> None:
    assert wait(base, strikes, chance(seed)) == wait(base, strikes, chance(seed))


def test_there_is_no_wait_without_a_strike() -> None:
    with pytest.raises(AssertionError):
        wait(HOUR, 0, chance())
