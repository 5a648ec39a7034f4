"""What an access server asks for, by its own words: visits wait, sending goes on, and nothing is missing."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from warmup.model import Scope, Stage
from warmup.sandbox import Fault

from .world import MONDAY, World

TUESDAY = MONDAY + timedelta(days=1)
WEDNESDAY = MONDAY + timedelta(days=2)
ANN = "ann@north.test"


@pytest.mark.parametrize("stage", [Stage.SELECT, Stage.FETCH])
@pytest.mark.parametrize(
    ("say", "least"),
    [
        ("BAD Request is throttled. Suggested Backoff Time: 7200000 milliseconds", timedelta(hours=2)),
        ("BYE [OVERQUOTA] Account exceeded command or bandwidth limits.", timedelta(hours=24)),
        ("NO [LIMIT] UID FETCH Rate limit hit", timedelta(minutes=30)),
    ],
)
async def test_a_limit_on_reading_is_waited_for_and_holds_no_sending(
    tmp_path: Path, stage: Stage, say: str, least: timedelta
) -> None:
    limit = Fault(stage, say=say, sender=ANN, since=TUESDAY, times=1)
    # Or it may be told to a look into Sent, which is left out then and holds nothing.
    async with World(tmp_path, faults=[limit], settings="[mail]\ncount_sent = false") as world:
        await world.live(WEDNESDAY)
        (pause,) = world.pauses
        assert (pause.scope, pause.age_lost) == (Scope.ACCESS, 0)
        assert pause.until is not None
        assert pause.until - pause.since >= least
        seen = [fact.at for fact in world.events("found", "opened") if fact.fields["mailbox"] == ANN]
        assert not [at for at in seen if pause.since < at < pause.until]
        sent = [entry.at for entry in world.servers.ledger.accepted if entry.sender == ANN]
        assert [at for at in sent if at > pause.since]
        await world.live(WEDNESDAY + timedelta(days=2))
        assert not [message for message in world.messages if message.missing_at]
        world.check_laws()


async def test_too_many_sign_ins_hold_reading_and_sending_alike(tmp_path: Path) -> None:
    throttled = Fault(
        Stage.LOGIN, say="NO [LIMIT] LOGIN Rate limit hit.", sender=ANN, since=TUESDAY + timedelta(hours=9), times=1
    )
    async with World(tmp_path, faults=[throttled]) as world:
        await world.live(WEDNESDAY)
        (pause,) = world.pauses
        assert (pause.scope, pause.mailbox, pause.age_lost) == (Scope.MAILBOX, world.pool[ANN].id, 0)
        assert pause.until is not None
        sent = [entry.at for entry in world.servers.ledger.accepted if entry.sender == ANN]
        assert not [at for at in sent if pause.since < at < pause.until]
        seen = [fact.at for fact in world.events("found", "opened") if fact.fields["mailbox"] == ANN]
        assert not [at for at in seen if pause.since < at < pause.until]
        world.check_laws()
