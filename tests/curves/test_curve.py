"""Curves rise from their start to their ceiling, and say so for every age."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmup.curves import Curve, Exponential, Linear, Logistic, Steps

starts = st.integers(1, 1000)
rises = st.integers(0, 10**6)
ages = st.integers(0, 400) | st.integers(0, 10**400)


def linear(start: int, rise: int, step: float) -> Curve:
    return Linear(start, step, start + rise)


def exponential(start: int, rise: int, factor: float) -> Curve:
    return Exponential(start, factor, start + rise)


def logistic(start: int, rise: int, days: int) -> Curve:
    return Logistic(start, start + rise, days)


def steps(rows: dict[int, int]) -> Curve:
    days = sorted({1, *rows})
    volumes = sorted(rows.get(day, 1) for day in days)
    return Steps(tuple(zip(days, volumes, strict=True)))


curves: st.SearchStrategy[Curve] = st.one_of(
    st.builds(linear, starts, rises, st.floats(0.001, 10**9)),
    st.builds(exponential, starts, rises, st.floats(1.0001, 10**9)),
    st.builds(logistic, starts, rises, st.integers(1, 36_500)),
    st.builds(steps, st.dictionaries(st.integers(1, 10**9), st.integers(1, 10**6), min_size=1)),
)
shaped = st.builds(
    lambda curve, scale, cap: replace(curve, scale=scale, cap=cap),
    curves,
    st.floats(0.00001, 1000),
    st.none() | st.integers(1, 1000),
)


@given(curve=shaped, age=ages)
def test_a_curve_stays_between_its_first_day_and_its_top(curve: Curve, age: int) -> None:
    assert 1 <= curve.volume(0) <= curve.volume(age) <= curve.top


@given(curve=shaped, age=ages, later=ages)
def test_a_curve_never_falls(curve: Curve, age: int, later: int) -> None:
    assert curve.volume(age) <= curve.volume(age + 1) <= curve.volume(age + 1 + later)


@given(curve=shaped)
def test_the_peak_is_the_first_age_at_the_top(curve: Curve) -> None:
    assert curve.volume(curve.peak) == curve.top
    assert curve.peak == 0 or curve.volume(curve.peak - 1) < curve.top


@given(curve=curves, scale=st.floats(0.00001, 1000), cap=st.integers(1, 1000), age=ages)
def test_scale_and_cap_apply_to_every_shape(curve: Curve, scale: float, cap: int, age: int) -> None:
    scaled = replace(curve, scale=scale, cap=cap)
    assert scaled.volume(age) <= cap
    for end in (0, 10**12):  # in between, the bare volume needn't be a whole number
        assert scaled.volume(end) == min(cap, max(1, round(scale * curve.volume(end))))


@given(start=starts, rise=rises, days=st.integers(1, 1000))
def test_the_ends_are_exact(start: int, rise: int, days: int) -> None:
    for curve in (linear(start, rise, 7), exponential(start, rise, 1.4), logistic(start, rise, days)):
        assert (curve.volume(0), curve.top) == (start, start + rise)
    assert logistic(start, rise, days).volume(days) == start + rise


@pytest.mark.parametrize(
    ("curve", "days"),
    [
        (Linear(5, 2, 12), [5, 7, 9, 11, 12, 12]),
        (Linear(1, 0.5, 3), [1, 2, 2, 2, 3, 3]),  # 1.5 and 2.5 go to the even neighbour
        (Linear(4, 0, 4), [4, 4]),
        (Exponential(10, 1.5, 40), [10, 15, 22, 34, 40, 40]),
        (Exponential(3, 1, 3), [3, 3]),
        (Logistic(1, 21, 10), [1, 1, 2, 3, 6, 11, 16, 19, 20, 21, 21, 21]),
        (Steps.daily([2, 3, 5]), [2, 3, 5, 5, 5]),
        (Steps(((1, 2), (3, 4))), [2, 2, 4, 4]),
        (Steps.daily([2, 30, 50], scale=0.1, cap=4), [1, 3, 4, 4]),
    ],
)
def test_the_first_days_of_a_curve_are_what_one_would_reckon(curve: Curve, days: list[int]) -> None:
    assert [curve.volume(age) for age in range(len(days))] == days


@pytest.mark.parametrize(
    ("nonsense", "why"),
    [
        (lambda: Linear(10, 1, 5), "start 10 is above the ceiling 5"),
        (lambda: Linear(0, 1, 5), "start 0 is less than one message"),
        (lambda: Linear(1, 0, 5), "step 0 is out of range"),
        (lambda: Linear(1, -1, 5), "step -1 is out of range"),
        (lambda: Linear(1, float("nan"), 5), "step nan is out of range"),
        (lambda: Linear(1, 1, 10**10), "ceiling 10000000000 is out of range"),
        (lambda: Exponential(1, 0.9, 5), "factor 0.9 is out of range"),
        (lambda: Exponential(5, 0.9, 5), "factor 0.9 is out of range"),
        (lambda: Exponential(1, 1, 5), "factor 1 is out of range"),
        (lambda: Exponential(1, float("inf"), 5), "factor inf is out of range"),
        (lambda: Logistic(1, 5, 0), "days 0 is out of range"),
        (lambda: Logistic(9, 5, 3), "start 9 is above the ceiling 5"),
        (lambda: Steps(()), "the table is empty"),
        (lambda: Steps.daily([5, 4]), "falls from 5 to 4 on day 2"),
        (lambda: Steps.daily([0, 4]), "start 0 is less than one message"),
        (lambda: Steps(((2, 4),)), "begins on day 2"),
        (lambda: Steps(((1, 4), (1, 5))), "day 1 comes after day 1"),
        (lambda: Linear(1, 1, 5, scale=0), "scale 0 is out of range"),
        (lambda: Linear(1, 1, 5, cap=0), "cap 0 is less than one message"),
    ],
)
def test_nonsense_is_refused_with_a_reason(nonsense: Callable[[], Curve], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        nonsense()
