"""A pool that is larger than a circle is planned circle by circle, each day whole or not at all."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from unittest.mock import patch

import pytest

from warmup.daemon import planner
from warmup.daemon.clock import JumpClock
from warmup.daemon.log import Fact
from warmup.daemon.run import opened
from warmup.model import Message
from warmup.plan import circles, draw_of
from warmup.store import days, messages

from .world import MONDAY, NAMES, World

SIZE = 4  # of a circle: nine make three


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    with patch.object(planner, "circles", partial(circles, size=SIZE)):
        async with World(tmp_path, size=len(NAMES), settings="[replies]\nrate = 1.0") as world:
            yield world


def planned(world: World) -> list[Message]:
    return world.ask(messages.planned, None, MONDAY.date())


async def tick(world: World) -> None:
    facts: list[Fact] = []
    with opened(world.config, JumpClock(MONDAY), facts.append, {}) as office:
        await planner.Planner(office).tick()


async def test_everybody_is_planned_and_fresh_mail_stays_in_the_circle(world: World) -> None:
    await tick(world)
    slots = planned(world)
    assert {slot.sender for slot in slots} == {mailbox.id for mailbox in world.pool.values()}
    together = defaultdict[int, set[int]](set)
    for slot in slots:
        together[slot.circle] |= {slot.sender, slot.recipient}
    assert set(together) == {1, 2, 3}
    assert sum(map(len, together.values())) == len(world.pool)  # so no two circles share anybody
    await tick(world)
    assert planned(world) == slots


async def test_a_crash_between_circles_leaves_whole_days_and_the_rest_is_planned_the_same_afterwards(
    world: World,
) -> None:
    plan_circle, begun = planner.plan_circle, list[int]()

    def crashing(*args: object) -> object:
        begun.append(1)
        if len(begun) == 3:
            raise ZeroDivisionError("a crash")
        return plan_circle(*args)  # type: ignore[arg-type]

    with patch.object(planner, "plan_circle", crashing), pytest.raises(ZeroDivisionError):
        await tick(world)
    whole = planned(world)
    assert {slot.circle for slot in whole} == {1, 2}
    today = {mailbox.id: MONDAY.date() for mailbox in world.pool.values()}
    assert world.ask(days.planned, today) == {slot.sender for slot in whole}
    await tick(world)
    assert {slot.circle for slot in planned(world)} == {1, 2, 3}
    assert {slot.message_id for slot in whole} < {slot.message_id for slot in planned(world)}


async def test_what_is_owed_to_another_circle_is_answered_on_another_day(world: World) -> None:
    await world.live(MONDAY + timedelta(days=4))
    world.check_laws()
    rows = {message.message_id: message for message in world.messages}
    drawn = {
        on: {number: place for place, circle in enumerate(_drawn(world, on)) for number in circle}
        for on in {message.local_date for message in rows.values()}
    }
    apart = [
        message
        for message in rows.values()
        if drawn[message.local_date][message.sender] != drawn[message.local_date][message.recipient]
    ]
    assert any(message.sent_at for message in apart)
    assert all(message.parent for message in apart)


def _drawn(world: World, on: date) -> list[list[int]]:
    """The circles of a day: of the draw that held when it was planned."""
    numbers = [mailbox.id for mailbox in world.pool.values()]
    day = world.ask(days.get, numbers[0], on)
    assert day is not None
    return circles(numbers, draw_of(day.planned_at), "world", SIZE)
