"""Shares are as sure as the number behind them, health has one formula, and chance alone holds nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmup.placement import LEAST, Counts, Rule, doubtful, health, wilson

numbers = st.integers(0, 10_000)
counts = st.builds(Counts, inbox=numbers, junk=numbers, other=numbers, missing=numbers, bounced=numbers)


@pytest.mark.parametrize(
    ("hits", "of", "low", "high"),
    [(0, 10, 0, 0.2775), (1, 1, 0.2065, 1), (8, 10, 0.4902, 0.9433), (20, 20, 0.8389, 1), (81, 263, 0.2553, 0.3662)],
)
def test_the_interval_is_the_one_that_textbooks_have(hits: int, of: int, low: float, high: float) -> None:
    found = wilson(hits, of)
    assert found.low == pytest.approx(low, abs=5e-5)
    assert found.high == pytest.approx(high, abs=5e-5)


@given(of=st.integers(1, 10**6), data=st.data())
def test_an_interval_holds_its_share_and_stays_within_0_and_1(of: int, data: st.DataObject) -> None:
    hits = data.draw(st.integers(0, of))
    found = wilson(hits, of)
    assert 0 <= found.low <= hits / of <= found.high <= 1
    assert found.low < found.high
    more = wilson(hits * 10, of * 10)
    assert more.high - more.low < found.high - found.low


@given(one=counts, other=counts)
def test_counts_add_up_and_what_came_back_has_no_part_in_a_share(one: Counts, other: Counts) -> None:
    both = one + other
    assert both.looked_for == one.looked_for + other.looked_for
    assert (both.share is None) == (both.looked_for == 0) == (both.interval is None)
    assert (one + Counts(bounced=5)).share == one.share


@given(found=counts, holds=st.integers(0, 100))
def test_health_is_a_number_from_0_to_100_or_none_from_too_few(found: Counts, holds: int) -> None:
    told = health(found, holds)
    assert told.messages == found.looked_for + found.bounced
    assert (told.score is None) == (told.messages < LEAST)
    assert told.score is None or 0 <= told.score <= 100
    assert told.score is None or told.score <= health(found, 0).score  # type: ignore[operator]


@pytest.mark.parametrize(
    ("found", "holds", "score"),
    [
        (Counts(inbox=19), 0, None),
        (Counts(inbox=20), 0, 100),
        (Counts(inbox=20), 2, 90),
        (Counts(inbox=20), 60, 70),
        (Counts(inbox=10, other=10), 0, 75),
        (Counts(inbox=10, junk=5, missing=3, bounced=2), 0, 50),
        (Counts(junk=40), 3, 0),
    ],
)
def test_health_is_as_the_formula_says(found: Counts, holds: int, score: int | None) -> None:
    told = health(found, holds)
    assert told.score == score
    assert str(told) == ("not enough mail yet" if score is None else str(score))


@pytest.mark.parametrize(
    ("found", "low"),
    [
        (Counts(), False),
        (Counts(junk=19), False),  # too few, whatever they say
        (Counts(inbox=11, junk=9), False),  # 0.55, but it may be 0.74
        (Counts(inbox=7, junk=13), True),  # at most 0.57
        (Counts(inbox=110, junk=90), False),
        (Counts(inbox=100, junk=100), True),
        (Counts(missing=20), True),
        (Counts(inbox=20, bounced=80), False),  # those have a rule of their own
    ],
)
def test_placement_is_doubtful_when_the_whole_interval_is_too_low(found: Counts, low: bool) -> None:
    assert doubtful(found, Rule(below=0.6, messages=20)) is low


@given(found=counts, below=st.floats(0, 1), least=st.integers(1, 1000))
def test_a_share_that_is_high_enough_is_never_doubtful(found: Counts, below: float, least: int) -> None:
    if doubtful(found, Rule(below=below, messages=least)):
        assert found.share is not None
        assert found.share < below
        assert found.looked_for >= least
