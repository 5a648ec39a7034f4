"""A ramp grows old by sending, falls at once, and never allows more than its top."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmup.curves import Linear, Ramp, Steps
from warmup.model import chance

from .test_curve import ages, shaped

ramps = st.builds(
    Ramp,
    curve=shaped,
    cap=st.none() | st.integers(1, 1000),
    jitter=st.floats(0, 0.5),
    maintain_after=st.integers(0, 400),
    maintain=st.floats(0.001, 1) | st.integers(1, 1000),
    idle_grace=st.integers(0, 60),
    idle_loss=st.integers(0, 10),
)
TO_30 = Linear(2, 1, 30)


@given(ramp=ramps, age=ages, seed=st.integers())
def test_an_allowance_is_at_least_one_and_never_above_top_cap_or_jitter(ramp: Ramp, age: int, seed: int) -> None:
    allowance = ramp.allowance(age, chance(seed))
    volume = ramp.volume(age)
    assert 1 <= allowance <= ramp.top <= ramp.curve.top
    assert ramp.cap is None or allowance <= ramp.cap
    assert abs(allowance - volume) <= ramp.jitter * volume + 0.5


@given(ramp=ramps, age=ages, seed=st.integers())
def test_the_same_chance_gives_the_same_allowance(ramp: Ramp, age: int, seed: int) -> None:
    assert ramp.allowance(age, chance(seed)) == ramp.allowance(age, chance(seed))


@given(ramp=ramps, age=ages, seed=st.integers())
def test_without_jitter_the_allowance_is_the_volume(ramp: Ramp, age: int, seed: int) -> None:
    plain = replace(ramp, jitter=0)
    assert plain.allowance(age, chance(seed)) == plain.volume(age)


def test_jitter_does_vary_the_days() -> None:
    ramp = Ramp(curve=TO_30, jitter=0.2)
    allowances = {ramp.allowance(18, chance(day)) for day in range(200)}
    assert allowances == set(range(16, 25))  # 20, a fifth more or less


@given(ramp=ramps, age=st.integers(0, 2000) | ages, share=st.floats(0, 0.999))
def test_a_fall_lowers_the_volume_to_the_share_and_loses_a_day_at_least(ramp: Ramp, age: int, share: float) -> None:
    lost = ramp.fall(age, share)
    assert (1 <= lost <= age) if age else lost == 0
    assert ramp.volume(age - lost) <= max(ramp.curve.volume(0), share * ramp.volume(age))


@given(ramp=ramps, age=st.integers(2, 2000), share=st.floats(0, 0.999))
def test_a_fall_loses_no_more_days_than_it_must(ramp: Ramp, age: int, share: float) -> None:
    stays = replace(ramp, maintain=1.0)
    lost = stays.fall(age, share)
    limit = max(min(stays.curve.volume(0), stays.top), share * stays.volume(age))
    assert lost == 1 or stays.top <= limit or stays.volume(age - lost + 1) > limit


@given(ramp=ramps, age=ages, share=st.floats(1, 10))
def test_a_share_of_one_or_more_is_no_fall(ramp: Ramp, age: int, share: float) -> None:
    assert ramp.fall(age, share) == 0


@pytest.mark.parametrize("age", [28, 29, 300, 10_000])
def test_a_fall_from_the_ceiling_is_as_deep_after_a_year_as_on_the_first_day(age: int) -> None:
    ramp = Ramp(curve=TO_30)
    assert ramp.volume(age) == 30
    assert ramp.volume(age - ramp.fall(age, 0.5)) == 15


@given(ramp=ramps, sent=st.integers(0, 10**6), lost=st.integers(0, 10**6), idle=st.integers(0, 10**6))
def test_an_age_is_never_negative_nor_above_the_days_of_sending(ramp: Ramp, sent: int, lost: int, idle: int) -> None:
    assert 0 <= ramp.age(sent, lost, idle) <= max(0, sent - lost)


@given(ramp=ramps, sent=st.integers(0, 1000), lost=st.integers(0, 1000), idle=st.integers(0, 1000))
def test_idle_days_never_make_older(ramp: Ramp, sent: int, lost: int, idle: int) -> None:
    assert ramp.age(sent, lost, idle + 1) <= ramp.age(sent, lost, idle)
    assert ramp.age(sent, lost, idle) == ramp.age(sent, lost + ramp.lapse(max(0, sent - lost), idle), 0)


def test_idleness_costs_nothing_within_its_grace_and_then_a_day_each_day() -> None:
    ramp = Ramp(curve=TO_30, idle_grace=14, idle_loss=2)
    assert [ramp.age(20, 5, idle) for idle in (0, 1, 14, 15, 16, 21, 22, 99)] == [15, 15, 15, 13, 11, 1, 0, 0]


def test_idleness_lowers_the_volume_of_a_mailbox_that_has_long_been_at_the_top() -> None:
    ramp = Ramp(curve=TO_30, idle_grace=14, idle_loss=1)
    assert [ramp.volume(ramp.age(300, 0, idle)) for idle in (14, 15, 24)] == [30, 29, 20]


@pytest.mark.parametrize(("maintain", "volume"), [(1.0, 30), (0.5, 15), (0.001, 1), (12, 12), (1, 1), (99, 30)])
def test_after_its_days_at_the_top_a_ramp_keeps_up_a_share_or_a_number(maintain: float, volume: int) -> None:
    ramp = Ramp(curve=TO_30, maintain_after=10, maintain=maintain)
    assert [ramp.volume(age) for age in (27, 28, 37, 38, 9999)] == [29, 30, 30, volume, volume]


def test_a_cap_brings_the_top_forward() -> None:
    ramp = Ramp(curve=TO_30, cap=10, maintain_after=3, maintain=4)
    assert [ramp.volume(age) for age in (7, 8, 10, 11)] == [9, 10, 10, 4]


def test_the_lower_of_two_caps_holds() -> None:
    assert Ramp(curve=replace(TO_30, cap=7), cap=9).top == 7
    assert Ramp(curve=replace(TO_30, cap=9), cap=7).top == 7


def test_a_fall_onto_a_step_takes_the_last_day_of_the_step_below() -> None:
    ramp = Ramp(curve=Steps(((1, 50), (4, 100), (7, 500))))
    assert (ramp.fall(9, 0.5), ramp.fall(9, 0.1), ramp.fall(2, 0.5)) == (4, 7, 1)


@pytest.mark.parametrize(
    "setting",
    [
        {"cap": 0},
        {"jitter": 0.51},
        {"jitter": -0.1},
        {"jitter": float("nan")},
        {"maintain": 0},
        {"maintain": 0.0},
        {"maintain": 1.5},
        {"maintain_after": -1},
        {"idle_grace": -1},
        {"idle_loss": -1},
    ],
)
def test_a_setting_that_makes_no_sense_is_refused(setting: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=next(iter(setting))):
        Ramp(curve=TO_30, **setting)
