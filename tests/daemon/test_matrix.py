"""Fifty messages due at once, and a server that misbehaves at one stage: counted on the server's side."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from warmup.model import Day, Slot, Stage
from warmup.sandbox import Fault, Manner
from warmup.store import days

from .world import MONDAY, THROTTLED, World

DUE = 50
ANN = "ann@north.test"
BEN = "ben@east.test"
STAGES = (Stage.CONNECT, Stage.EHLO, Stage.AUTH, Stage.MAIL, Stage.RCPT, Stage.DATA, Stage.DOT)
BEFORE_MAIL = STAGES[:3]
SAID = {"421": THROTTLED, "451": "451 4.3.0 later", "454": "454 4.3.0 later", "550": "550 5.7.1 no"}
BROKEN = {manner.value: manner for manner in (Manner.DROP, Manner.HANG, Manner.GARBAGE, Manner.FLOOD)}
OF_THE_MESSAGE = {"451", "454", "550"}  # from MAIL on: each message hears it for itself
NOON = MONDAY + timedelta(hours=11)


async def due_at_once(world: World) -> None:
    """Fifty of Ann's to Ben, all due now, and nothing else."""
    ann, ben = world.pool[ANN].id, world.pool[BEN].id
    today = MONDAY.date()
    slots = [
        Slot(
            message_id=f"<{number}@north.test>",
            sender=ann,
            recipient=ben,
            local_date=today,
            due_at=NOON,
            thread=f"thread {number}",
            scenario="en/meeting",
            turn=1,
            parent=None,
            answer_wanted=False,
        )
        for number in range(DUE)
    ]
    planned = [
        Day(
            mailbox=mailbox.id,
            local_date=today,
            age=5,
            curve="brisk",
            volume=DUE,
            allowance=DUE if mailbox.id == ann else 0,
            planned_at=MONDAY,
        )
        for mailbox in world.pool.values()
    ]
    world.ask(days.record, planned, slots)


@pytest.mark.parametrize("how", [*SAID, *BROKEN])
@pytest.mark.parametrize("stage", STAGES)
async def test_after_an_answer_that_holds_there_is_no_other_transaction_in_its_scope(
    tmp_path: Path, stage: Stage, how: str
) -> None:
    fault = Fault(stage, say=SAID.get(how, ""), manner=BROKEN.get(how), since=MONDAY)
    async with World(tmp_path, size=2, faults=[fault]) as world:
        await due_at_once(world)
        await world.live(NOON + timedelta(seconds=1))
        times = world.servers.faults.struck[fault]
        if how in OF_THE_MESSAGE and stage not in BEFORE_MAIL:
            assert times == DUE
            assert not world.pauses
        else:
            assert times == 1
            (pause,) = world.pauses
            assert pause.until is None or pause.until > NOON
            assert (pause.age_lost > 0) == (how == "421")
        assert not world.servers.ledger.accepted
        world.check_laws()
