"""What is said to one mailbox and holds several: of a submission host, or of a sending domain."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from pathlib import Path

from warmup.model import Cause, Scope, Stage
from warmup.sandbox import Fault, Manner

from .world import MONDAY, World

TUESDAY = MONDAY + timedelta(days=1)
WEDNESDAY = MONDAY + timedelta(days=2)
CROWDED = "421 4.7.0 Too many concurrent SMTP connections from this IP address; please try again later."


async def test_too_many_connections_hold_every_mailbox_at_that_host_and_then_one_goes_at_a_time(tmp_path: Path) -> None:
    crowded = Fault(Stage.CONNECT, say=CROWDED, since=TUESDAY, times=2)
    async with World(tmp_path, size=6, faults=[crowded]) as world:
        await world.live(WEDNESDAY)
        first, second = world.pauses  # the second by the probe, whoever that was
        assert {(pause.scope, pause.host, pause.age_lost) for pause in world.pauses} == {(Scope.HOST, "127.0.0.1", 0)}
        assert first.until is not None
        assert second.until is not None
        assert first.until <= second.since
        assert (first.strikes, second.strikes) == (1, 2)
        assert second.until - second.since > first.until - first.since
        held = [(pause.since, pause.until) for pause in world.pauses if pause.until]
        sent = [entry.at for entry in world.servers.ledger.accepted]
        assert not [at for at in sent for since, until in held if since <= at < until]
        assert [at for at in sent if at > second.until]
        assert not world.events("often-held")
        world.check_laws()


async def test_a_host_that_cannot_be_reached_is_held_once_for_all_and_told_when_it_lasts(tmp_path: Path) -> None:
    async with World(tmp_path, size=4) as world:
        await world.live(TUESDAY)
        await world.servers.stop()
        await world.live(WEDNESDAY)
        holds = [pause for pause in world.pauses if pause.scope is Scope.HOST]
        assert {(pause.cause, pause.age_lost) for pause in holds} == {(Cause.FAILURE, 0)}
        for earlier, later in pairwise(holds):
            assert earlier.until is not None
            assert earlier.until <= later.since
        told = world.events("unreachable")
        assert told
        since = told[0].fields["since"]
        assert since == holds[0].since
        assert told[0].at - holds[0].since >= timedelta(hours=2)


async def test_a_connection_that_hangs_later_is_the_mailboxs_own(tmp_path: Path) -> None:
    hanging = Fault(Stage.MAIL, manner=Manner.DROP, sender="ann@north.test", since=TUESDAY, times=1)
    async with World(tmp_path, faults=[hanging]) as world:
        await world.live(WEDNESDAY)
        (pause,) = world.pauses
        assert (pause.scope, pause.mailbox) == (Scope.MAILBOX, world.pool["ann@north.test"].id)
