"""More than can be sent: what is dropped, what still goes, and that nothing is made up for."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from warmup.daemon import sender as sending
from warmup.daemon import ways
from warmup.daemon.log import Fact
from warmup.daemon.run import opened
from warmup.daemon.sender import Sender
from warmup.model import Day, Endpoint, Mailbox, Response, Security, Slot, Stage
from warmup.secrets import Vault
from warmup.smtp import Session, dial
from warmup.store import Connection, Store, days, mailboxes, messages

from .world import MONDAY, World

NOON = MONDAY + timedelta(hours=11)  # in Berlin
CROWD = 300


def crowd(world: World, size: int, hosts: Sequence[Endpoint]) -> list[Mailbox]:
    """More mailboxes, all of a domain and provider that nobody else has, spread over these submission hosts."""
    some = next(iter(world.pool.values()))
    Vault(world.config.credentials).put("crowd", "word")

    def join(db: Connection) -> list[Mailbox]:
        return [
            mailboxes.add(
                db,
                address=f"one{number}@crowd.test",
                name="One",
                zone=some.zone,
                provider="crowd.test",
                login=f"one{number}@crowd.test",
                credential="crowd",
                smtp=hosts[number % len(hosts)],
                imap=some.imap,
                curve=None,
                now=MONDAY,
            )
            for number in range(size)
        ]

    return world.ask(join)


def plan(world: World, senders: Sequence[Mailbox], *ago: timedelta) -> None:
    """For each a slot due so long before noon, for each of `ago`; all of it allowed."""
    ben = world.pool["ben@east.test"].id
    today = [
        Day(
            mailbox=sender.id,
            local_date=MONDAY.date(),
            age=0,
            curve="brisk",
            volume=len(ago),
            allowance=len(ago),
            planned_at=MONDAY,
        )
        for sender in senders
    ]
    slots = [
        Slot(
            message_id=f"<{number}.{sender.id}@crowd.test>",
            sender=sender.id,
            recipient=ben,
            local_date=MONDAY.date(),
            due_at=NOON - before,
            thread=f"{number}.{sender.id}",
            scenario="en/meeting",
            turn=1,
            parent=None,
            answer_wanted=False,
        )
        for sender in senders
        for number, before in enumerate(ago)
    ]
    world.ask(days.record, today, slots)


class Slow(Session):
    """A session of a server that takes all it is given, in the time that `works` says."""

    def __init__(self, works: Callable[[], Awaitable[None]]) -> None:
        self._works = works

    @property
    def usable(self) -> bool:
        return True

    async def envelope(self, sender: str, recipient: str, message: bytes) -> Response:
        return Response(Stage.RCPT, 250, "2.1.5", "good")

    async def data(self, message: bytes) -> Response:
        await self._works()
        return Response(Stage.DOT, 250, "2.0.0", "taken")

    async def close(self) -> None:
        return


def served(monkeypatch: pytest.MonkeyPatch, works: Callable[[], Awaitable[None]]) -> Counter[str]:
    """The crowd's hosts are dialled without a wire, and `works` is what a message takes there; how many connections
    there are to each by now.
    """
    there: Counter[str] = Counter()

    async def counted(endpoint: Endpoint, login: str, secret: str, **more: Any) -> Session | Response:
        if not login.endswith("@crowd.test"):
            return await dial(endpoint, login, secret, **more)
        there[endpoint.host] += 1
        return Slow(works)

    monkeypatch.setattr(sending, "dial", counted)
    return there


async def test_a_host_that_hangs_with_hundreds_due_keeps_nobody_elses_mail_late(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = asyncio.Event()
    there = served(monkeypatch, lambda: wait(gate))
    monkeypatch.setattr(ways, "_CALLED", 20)
    async with World(tmp_path) as world:
        world.clock.jump(NOON)
        hanging = crowd(world, CROWD, [Endpoint("127.0.0.9", 25, Security.PLAIN)])
        ann = world.pool["ann@north.test"]
        plan(world, [*hanging, ann], timedelta(0))
        tell, sent = telling(world)
        with opened(world.config, world.clock, tell, {}) as office:
            sender = Sender(office)
            await sender.tick()
            assert len(sender.busy) == 20 + 1, "the others wait without a task of their own"
            await asyncio.wait_for(sent.wait(), 20)
            assert [entry.sender for entry in world.servers.ledger.accepted] == [ann.address]
            assert there == {"127.0.0.9": world.config.submission.connections_per_host}
            gate.set()
            await sender.idle()
        assert there["127.0.0.9"] == len(world.events("sent")) - 1 == CROWD


async def test_a_provider_whose_many_hosts_all_hang_leaves_places_for_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = asyncio.Event()
    there = served(monkeypatch, lambda: wait(gate))
    monkeypatch.setattr(ways, "_AT_ONCE", 8)
    monkeypatch.setattr(ways, "_OF_ONE_PROVIDER", 4)
    async with World(tmp_path) as world:
        world.clock.jump(NOON)
        hosts = [Endpoint(f"127.0.1.{number}", 25, Security.PLAIN) for number in range(1, 21)]
        hanging = crowd(world, 20, hosts)
        ann = world.pool["ann@north.test"]
        plan(world, [*hanging, ann], timedelta(0))
        tell, sent = telling(world)
        with opened(world.config, world.clock, tell, {}) as office:
            sender = Sender(office)
            await sender.tick()
            await asyncio.wait_for(sent.wait(), 20)
            assert [entry.sender for entry in world.servers.ledger.accepted] == [ann.address]
            assert there.total() == 4
            gate.set()
            await sender.idle()
        assert set(there.values()) == {1}


async def test_what_can_not_be_sent_in_time_is_missed_and_never_made_up_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with World(tmp_path, settings="[replies]\nrate = 0.0\n") as world:
        world.config = replace(world.config, submission=replace(world.config.submission, connections_per_host=1))
        world.clock.jump(NOON)

        async def a_minute() -> None:
            if world.clock.now() < NOON + timedelta(hours=2):
                world.clock.jump(world.clock.now() + timedelta(minutes=1))

        served(monkeypatch, a_minute)
        many = crowd(world, 60, [Endpoint("127.0.0.9", 25, Security.PLAIN)])
        plan(world, many, timedelta(0), -timedelta(hours=3))
        with opened(world.config, world.clock, world.facts.append, {}) as office:
            sender = Sender(office)
            for at in (timedelta(0), timedelta(hours=1), timedelta(hours=3)):
                if world.clock.now() < NOON + at:
                    world.clock.jump(NOON + at)
                await sender.tick()
                await sender.idle()
        rows = {message.id: message for message in world.messages}.values()
        late = world.config.submission.late
        first, later = ([m for m in rows if m.due_at == NOON + at] for at in (timedelta(0), timedelta(hours=3)))
        in_time = [message for message in first if message.sent_at]
        assert len(in_time) == late / timedelta(minutes=1) + 1, "as many as there was time for"
        assert all(message.claimed_at and message.claimed_at <= NOON + late for message in in_time)
        assert {message.reason for message in first if not message.sent_at} == {"missed"}
        assert [message.sent_at for message in later] == [NOON + timedelta(hours=3)] * 60, "and no others with them"


async def test_a_mailbox_that_could_not_send_for_a_while_sends_one_message_and_not_all(tmp_path: Path) -> None:
    async with World(tmp_path) as world:
        ann = world.pool["ann@north.test"]
        world.clock.jump(NOON)
        plan(world, [ann], *(timedelta(minutes=ago) for ago in (26, 20, 13, 7, 1)))
        with opened(world.config, world.clock, world.facts.append, {}) as office:
            sender = Sender(office)
            await sender.tick()
            await sender.idle()
        (sent,) = [message for message in world.messages if message.sent_at]
        assert sent.due_at == NOON - timedelta(minutes=1)
        assert [message.reason for message in world.messages if message.dropped_at] == ["missed"] * 4
        world.check_laws()


async def test_two_that_were_planned_near_each_other_both_go_if_they_are_hardly_late(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim, asked = messages.claim, []

    def counted(db: Connection, **about: Any) -> Any:
        asked.append(about["mailbox"])
        return claim(db, **about)

    monkeypatch.setattr(messages, "claim", counted)
    async with World(tmp_path, settings='[pool]\ngap = "1s"\n') as world:
        ann = world.pool["ann@north.test"]
        world.clock.jump(NOON)
        plan(world, [ann], timedelta(seconds=40), timedelta(seconds=20))
        with opened(world.config, world.clock, world.facts.append, {}) as office:
            sender = Sender(office)
            await sender.tick()
            await sender.idle()
        assert len([message for message in world.messages if message.sent_at]) == 2
        assert asked == [ann.id] * 2, "with the second it is known that there is no third"


@pytest.mark.parametrize(("takes", "apart"), [(0.05, 1.05), (0.3, 3.3), (2.0, 7.0)])
async def test_looks_take_a_tenth_of_the_time_at_most_but_none_is_long_in_coming(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, takes: float, apart: float
) -> None:
    looks: list[datetime] = []
    look = Store.look

    async def slow(store: Store, found: int | None, work: Callable[..., Any], /, *args: Any) -> Any:
        looks.append(world.clock.now())
        world.clock.jump(world.clock.now() + timedelta(seconds=takes))
        return await look(store, found, work, *args)

    async with World(tmp_path) as world:
        with opened(world.config, world.clock, world.facts.append, {}) as office:
            leaving = ways.Ways(office)
            monkeypatch.setattr(Store, "look", slow)
            for _ in range(30):
                await leaving.look()
                world.clock.jump(world.clock.now() + timedelta(seconds=1))
    assert {after - before for before, after in pairwise(looks)} == {timedelta(seconds=apart)}


async def wait(gate: asyncio.Event) -> None:
    await gate.wait()


def telling(world: World) -> tuple[Callable[[Fact], None], asyncio.Event]:
    """What keeps the facts, and is set when a message was sent."""
    sent = asyncio.Event()

    def tell(fact: Fact) -> None:
        world.facts.append(fact)
        if fact.event == "sent":
            sent.set()

    return tell, sent
