"""Several submission servers: another one in a host's trouble, and none to get round a throttle. Real sockets."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from warmup.model import Cause, Endpoint, Pause, Relay, Scope, Security, Stage
from warmup.sandbox import Fault, Manner
from warmup.store import mailboxes, pauses

from .relaying import OTHER, OWN, Relaying
from .relaying import relaying as second
from .world import MONDAY, THROTTLED, World

TUESDAY = MONDAY + timedelta(days=1)
WEDNESDAY = MONDAY + timedelta(days=2)
ANN, BEN = "ann@north.test", "ben@east.test"
CROWDED = "421 4.7.0 Too many concurrent SMTP connections from this IP address; please try again later."


@asynccontextmanager
async def relaying(
    world: World, *, weight: int = 0, faults: Sequence[Fault] = (), source: str | None = None
) -> AsyncIterator[Relaying]:
    """A second server, that is Ann's relay."""
    async with second(world, faults) as relay:
        world.ask(mailboxes.change, world.pool[ANN].id, relays=(Relay(relay.endpoint, weight),), source=source)
        yield relay


def went(world: World, sender: str) -> Counter[str | None]:
    """By which host what a mailbox sent went."""
    return Counter(
        message.via for message in world.messages if message.sender == world.pool[sender].id and message.sent_at
    )


@pytest.mark.parametrize(
    "trouble",
    [
        Fault(Stage.CONNECT, say=CROWDED),
        Fault(Stage.CONNECT, say="421 4.3.2 Service not available, closing transmission channel"),
        Fault(Stage.EHLO, say="421 4.3.2 System not accepting network messages"),
        Fault(Stage.CONNECT, manner=Manner.DROP),
        Fault(Stage.DATA, say="421 too many messages in this connection"),
    ],
    ids=["too many connections", "out of service", "out of service at EHLO", "hangs up", "too many in one session"],
)
async def test_what_a_hosts_trouble_keeps_from_going_goes_by_the_relay(tmp_path: Path, trouble: Fault) -> None:
    async with World(tmp_path, size=3, faults=[trouble]) as world, relaying(world) as relay:
        await world.live(TUESDAY)
        assert relay.peers
        assert {(pause.scope, pause.host, pause.age_lost) for pause in world.pauses if pause.mailbox} >= {
            (Scope.HOST, OWN, 0)
        }
        assert went(world, ANN).keys() == {OTHER}
        dropped = {one.reason for one in world.messages if one.dropped_at and one.sender == world.pool[ANN].id}
        assert dropped <= {"nothing to answer", "not read in time"}  # of those who have no relay
        assert {entry.sender for entry in world.servers.ledger.accepted} == {ANN}
        world.check_laws()


@pytest.mark.parametrize(
    ("stage", "say"),
    [
        (Stage.CONNECT, "421 4.7.0 Try again later, closing connection."),
        (Stage.AUTH, THROTTLED),
        (Stage.AUTH, "454 4.7.0 Too many login attempts, please try again later."),
        (Stage.AUTH, "535 5.7.8 Username and Password not accepted"),
        (Stage.RCPT, "550 5.4.5 Daily user sending limit exceeded."),
        (Stage.DOT, "421 4.3.2 try again later"),
    ],
)
async def test_what_is_said_of_the_mailbox_is_not_got_round(tmp_path: Path, stage: Stage, say: str) -> None:
    fault = Fault(stage, say=say, sender="*" if stage is Stage.CONNECT else ANN)
    async with World(tmp_path, size=3, faults=[fault]) as world, relaying(world) as relay:
        await world.live(MONDAY + timedelta(hours=14))
        assert world.servers.faults.struck[fault]
        assert not relay.peers
        assert not went(world, ANN)
        scopes = {pause.scope for pause in world.pauses if pause.mailbox == world.pool[ANN].id}
        assert scopes == (set() if stage is Stage.DOT else {Scope.MAILBOX})
        world.check_laws()


async def test_a_throttled_mailbox_is_throttled_at_its_relay_too(tmp_path: Path) -> None:
    """The relay has half of the connections; what the mailbox's own server says stops those as well."""
    fault = Fault(Stage.AUTH, say=THROTTLED, sender=ANN, since=WEDNESDAY + timedelta(days=1, hours=11), times=1)
    async with World(tmp_path, size=3, faults=[fault]) as world, relaying(world, weight=50) as relay:
        await world.live(WEDNESDAY + timedelta(days=2))
        (pause,) = world.pauses
        assert (pause.scope, pause.mailbox) == (Scope.MAILBOX, world.pool[ANN].id)
        assert pause.until is not None
        assert went(world, ANN).keys() == {OWN, OTHER}
        assert [at for at in relay.at if at < pause.since]
        assert not [at for at in relay.at if pause.since <= at < pause.until]
        assert [at for at in relay.at if at >= pause.until]
        assert [one.reason for one in world.messages if one.reason and one.reason.startswith("paused: ")]
        world.check_laws()


async def test_a_wire_that_breaks_after_the_final_dot_is_not_sent_again_by_the_relay(tmp_path: Path) -> None:
    lost = Fault(Stage.DOT, manner=Manner.LOST, sender=ANN, times=1)
    async with World(tmp_path, size=3, faults=[lost]) as world, relaying(world) as relay:
        await world.live(TUESDAY)
        assert world.servers.faults.struck[lost] == 1
        assert not relay.peers
        world.check_laws()


async def test_a_server_that_nobody_listens_at_is_passed_over_and_both_in_trouble_hold(tmp_path: Path) -> None:
    crowded = Fault(Stage.CONNECT, say=CROWDED, since=TUESDAY)
    async with World(tmp_path, size=3) as world, relaying(world, faults=[crowded]) as relay:
        ann = world.pool[ANN]
        world.ask(mailboxes.change, ann.id, smtp=Endpoint("127.0.0.3", 1, Security.PLAIN))
        await world.live(TUESDAY)
        assert went(world, ANN).keys() == {OTHER}
        assert {(pause.scope, pause.host, pause.cause) for pause in world.pauses} == {
            (Scope.HOST, "127.0.0.3", Cause.FAILURE)
        }
        await world.live(WEDNESDAY)
        assert {entry.sender for entry in world.servers.ledger.accepted if entry.at >= TUESDAY} == {
            account.address for account in world.accounts
        } - {ANN}
        dropped = [one for one in world.messages if one.sender == ann.id and one.dropped_at]
        assert [one.reason for one in dropped if (one.reason or "").startswith("paused: ")]
        held = [(pause.since, pause.until) for pause in world.pauses if pause.host == OTHER and pause.until]
        assert not [at for at in relay.at for since, until in held if since < at < until]
        world.check_laws()


async def test_a_hold_of_a_host_by_hand_sends_by_the_relay(tmp_path: Path) -> None:
    async with World(tmp_path, size=3) as world, relaying(world) as relay:
        hold = Pause(scope=Scope.HOST, mailbox=None, host=OWN, cause=Cause.OPERATOR, since=world.clock.now())
        world.ask(pauses.open_, hold)
        await world.live(TUESDAY)
        assert went(world, ANN).keys() == {OTHER}
        assert {entry.sender for entry in world.servers.ledger.accepted} == {ANN}
        assert relay.peers
        world.check_laws()


async def test_a_relay_sees_the_source_address(tmp_path: Path) -> None:
    async with World(tmp_path, size=3) as world, relaying(world, weight=100, source="127.0.0.9") as relay:
        await world.live(TUESDAY)
        assert set(relay.peers) == {"127.0.0.9"}
        assert went(world, ANN).keys() == {OTHER}
        world.check_laws()


async def test_a_source_address_that_is_gone_holds_the_mailbox_alone_and_says_what_to_do(tmp_path: Path) -> None:
    async with World(tmp_path, size=3) as world, relaying(world, weight=50, source="192.0.2.77") as relay:
        await world.live(TUESDAY)
        assert not relay.peers
        assert world.pauses
        assert {(pause.scope, pause.mailbox, pause.cause) for pause in world.pauses} == {
            (Scope.MAILBOX, world.pool[ANN].id, Cause.FAILURE)
        }
        assert "the source address 192.0.2.77 can't be used on this machine" in world.pauses[0].note
        assert "warmup mailbox set ADDRESS --source IP" in world.pauses[0].note
        world.ask(mailboxes.change, world.pool[ANN].id, source=None)
        await world.live(WEDNESDAY)
        assert went(world, ANN).keys() == {OWN, OTHER}
        world.check_laws()


async def test_mailboxes_on_narrow_ways_to_two_hosts_do_not_wait_for_each_other(tmp_path: Path) -> None:
    """A domain and both hosts have been held, so at each one goes at a time, and those who change over cross."""
    of_domain = Fault(
        Stage.RCPT,
        say="421 4.7.28 Gmail has detected an unusual rate of email originating from your DKIM domain [north.test]",
        sender=ANN,
        recipient="*@east.test",
        times=1,
    )
    crowded = [Fault(Stage.CONNECT, say=CROWDED, since=MONDAY + timedelta(hours=12), times=times) for times in (3, 2)]
    async with World(tmp_path, size=6, faults=[of_domain, crowded[0]]) as world, second(world, [crowded[1]]) as relay:
        for mailbox in world.pool.values():
            world.ask(mailboxes.change, mailbox.id, relays=(Relay(relay.endpoint, 50),))
        await world.live(WEDNESDAY)
        assert {pause.scope for pause in world.pauses} == {Scope.DOMAIN, Scope.HOST}
        assert {pause.host for pause in world.pauses if pause.host} == {OWN, OTHER}
        assert {message.via for message in world.messages if message.sent_at} == {OWN, OTHER}
        assert {entry.sender for entry in world.servers.ledger.accepted if entry.at >= TUESDAY} == set(world.pool)
        world.check_laws()
