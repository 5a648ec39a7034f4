"""Mail that doesn't arrive in the inbox is told; where the operator wants it, its lane is held until probes may show
that it is better.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from warmup.daemon.planner import plan_new_days
from warmup.daemon.run import opened
from warmup.model import Cause, Placement, Scope
from warmup.plan import local_date
from warmup.store import days, pauses

from .fortune import Fortune

DAY = timedelta(days=1)
INBOX, JUNK = Placement.INBOX, Placement.JUNK
HOLD = "[placement]\nmessages = 10\nwhen_low = 'hold'\n"

Make = Callable[[str], Fortune]


@pytest.fixture
def fortune(tmp_path: Path) -> Make:
    return lambda settings: Fortune(tmp_path, settings)


async def test_low_placement_is_told_once_and_so_is_that_it_is_better(fortune: Make) -> None:
    pool = fortune("[placement]\nmessages = 10\nwithin = '2d'\n")
    pool.arrives(12, JUNK, pool.ben)
    pool.arrives(12, INBOX, pool.cleo)
    await pool.looks()
    assert await pool.looks(later=DAY / 24) == []
    assert pool.told == [("placement-low", "east.test")]
    assert pool.life.facts[0].fields == {
        "mailbox": pool.ann.address,
        "lane": "east.test",
        "inbox": "0/12",
        "between": "0-24 %",
    }
    pool.pass_(2 * DAY)
    pool.arrives(9, INBOX, pool.ben)
    await pool.looks()
    assert len(pool.told) == 1, "nine are too few to say that it is better"
    pool.arrives(1, INBOX, pool.ben)
    await pool.looks()
    await pool.looks(later=DAY / 24)
    assert pool.told[1:] == [("placement-better", "east.test")]


async def test_a_lane_is_held_for_a_day_and_the_ramp_falls_once(fortune: Make) -> None:
    pool = fortune(HOLD)
    for other in (pool.ben, pool.cleo):
        pool.arrives(12, JUNK, other)
    one, two = await pool.looks()
    for pause in (one, two):
        assert (pause.scope, pause.cause, pause.rule, pause.mailbox) == (
            Scope.LANE,
            Cause.VERDICT,
            "placement",
            pool.ann.id,
        )
        assert pause.until is not None
        assert DAY <= pause.until - pause.since <= 1.2 * DAY
        assert pause.note == "0 of 12 in the inbox (0-24 %), wanted: 60 %"
    # Curve 4, 6, 8, …: at an age of 9 it is 20, and three quarters of that are not passed at an age of 5.
    assert (one.provider, one.age_lost, two.provider, two.age_lost) == ("east.test", 4, "south.test", 0)
    assert pool.life.ask(pauses.active, pool.life.clock.now()) == [one, two]
    assert await pool.looks(later=DAY / 2) == [one, two]


async def test_probes_that_arrive_no_better_are_held_for_twice_as_long(fortune: Make) -> None:
    pool = fortune(HOLD)
    pool.arrives(12, JUNK, pool.ben)
    await pool.looks()
    assert len(await pool.looks(later=1.5 * DAY)) == 1, "what was sent before the hold has been judged"
    pool.arrives(9, JUNK, pool.ben)
    assert len(await pool.looks()) == 1
    pool.arrives(1, JUNK, pool.ben)
    first, second = await pool.looks()
    assert (first.strikes, second.strikes) == (1, 2)
    assert second.until is not None
    assert 2 * DAY <= second.until - second.since <= 2.4 * DAY
    for strike in (3, 4, 5):
        pool.pass_(8 * DAY)
        pool.arrives(10, JUNK, pool.ben)
        *_, last = await pool.looks()
        assert last.strikes == strike
        assert last.until is not None
        assert last.until - last.since <= 7 * DAY


async def test_probes_that_arrive_end_the_row(fortune: Make) -> None:
    pool = fortune(HOLD)
    pool.arrives(40, JUNK, pool.ben)
    await pool.looks()
    pool.pass_(1.5 * DAY)
    pool.arrives(10, INBOX, pool.ben)
    assert len(await pool.looks()) == 1, "of the whole week's 50 only 10 arrived, but the probes did"
    assert pool.told[-1] == ("placement-better", "east.test")
    pool.pass_(8 * DAY)
    pool.arrives(12, JUNK, pool.ben)
    *_, again = await pool.looks()
    assert again.strikes == 1


async def test_a_new_day_goes_by_what_was_judged_before_it(fortune: Make) -> None:
    pool = fortune(HOLD)
    pool.arrives(12, JUNK, pool.ben)
    pool.pass_(DAY)
    await pool.looks()
    with opened(pool.life.config, pool.life.clock, pool.life.facts.append, {}) as office:
        office.store.run(plan_new_days, office.config, pool.life.clock.now(), "seed")
        today = office.store.run(days.get, pool.ann.id, local_date(pool.life.clock.now(), pool.ann.zone))
    assert today is not None
    assert today.age == 10 - 4  # a day older, and four younger


@pytest.mark.parametrize(
    ("settings", "placement"),
    [("messages = 10\nwhen_low = 'off'", JUNK), ("messages = 13\nwhen_low = 'hold'", JUNK), ("messages = 10", INBOX)],
)
async def test_nothing_is_done_that_is_not_wanted(fortune: Make, settings: str, placement: Placement) -> None:
    pool = fortune(f"[placement]\n{settings}\n")
    pool.arrives(12, placement, pool.ben)
    assert await pool.looks() == []
    assert pool.told == []
