"""What a mailbox's owner sends by other programs eats the day's allowance: observed in Sent, or taken in advance."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from warmup.daemon import observer
from warmup.daemon.reader import Reader
from warmup.daemon.run import opened
from warmup.plan import local_date
from warmup.store import Connection, Others, budgets, days, installs, messages
from warmup.store.messages import claims

from .world import MONDAY, World

MORNING = MONDAY + timedelta(hours=6)
TODAY = MONDAY.date()
MIDNIGHT = MONDAY + timedelta(hours=23)  # in the zone of the world's mailboxes
QUIET = "[hours]\nfrom = '09:00'\nto = '17:00'\n"


def put(world: World, address: str, at: datetime, to: str = "friend@elsewhere.test", label: str = "") -> None:
    """A mail that the owner sent by another program, as that keeps it."""
    lines = [
        f"From: {address}",
        f"To: {to}",
        f"Date: {at:%a, %d %b %Y %H:%M:%S} +0000",
        f"Message-ID: <{at.timestamp()}>",
    ]
    lines += [f"X-Warmup: {label}"] if label else []
    box = world.servers.box(address)
    if box.find("Sent") is None:
        box.create("Sent")
    box["Sent"].add("\r\n".join([*lines, "", "Hello"]).encode(), at, {"\\Seen"})


def others(world: World, address: str, on: datetime = MONDAY) -> Others:
    number = world.pool[address].id
    return world.ask(budgets.every, {number: on.date()}).get(number, Others())


def sent_on(world: World, address: str, on: datetime = MONDAY) -> int:
    number = world.pool[address].id
    return sum(message.sent_at is not None for message in world.ask(messages.planned, number, on.date()))


async def test_the_owners_own_mail_of_the_day_is_counted_before_anything_is_sent(tmp_path: Path) -> None:
    async with World(tmp_path, settings=QUIET) as world:
        ann, ben, *_ = (account.address for account in world.accounts)
        for minute in range(3):
            put(world, ann, MORNING + timedelta(minutes=minute))
        put(world, ann, MONDAY - timedelta(hours=2))  # yesterday, in the mailbox's zone
        put(world, ben, MORNING, to=", ".join(f"{number}@elsewhere.test" for number in range(40)))
        await world.live(MIDNIGHT)
        allowed = {address: world.ask(days.get, world.pool[address].id, TODAY) for address in (ann, ben)}
        day = allowed[ann]
        assert day is not None
        assert others(world, ann) == Others(3, 3)
        assert sent_on(world, ann) == day.allowance - 3 > 0
        assert others(world, ben).total == 40
        assert sent_on(world, ben) == 0
        dropped = [message for message in world.messages if message.reason == claims.ALLOWANCE_USED]
        assert {message.sender for message in dropped} >= {world.pool[ann].id, world.pool[ben].id}
        seen = world.servers.box(ann)["Sent"].mails.values()
        assert all(mail.flags == {"\\Seen"} for mail in seen)


async def test_what_is_sent_between_two_looks_counts_and_our_own_copies_do_not(tmp_path: Path) -> None:
    """Four hours later at most, nothing more is sent than is left."""
    async with World(tmp_path, settings=QUIET) as world:
        addresses = [account.address for account in world.accounts]
        at = MONDAY + timedelta(hours=9)
        await world.live(at)
        for number, address in enumerate(addresses):
            for minute in range(number):
                put(world, address, at - timedelta(minutes=minute + 1))
        await world.live(MIDNIGHT)
        world.check_laws()
        for number, address in enumerate(addresses):
            mailbox = world.pool[address].id
            assert others(world, address) == Others(number, number)
            day = world.ask(days.get, mailbox, TODAY)
            assert day is not None
            claimed = sorted(m.claimed_at for m in world.ask(messages.planned, mailbox, TODAY) if m.claimed_at)
            known = [used for used, when in enumerate(claimed, start=1) if when > at + timedelta(hours=4)]
            assert max(known, default=0) <= max(day.allowance - number, len(claimed) - len(known))
            kept = len(world.servers.box(address)["Sent"].mails) - number
            assert kept > 0  # ours, which lie there as well
        assert [message for message in world.messages if message.reason == claims.ALLOWANCE_USED]


async def test_what_was_taken_in_advance_is_not_sent_by_us(tmp_path: Path) -> None:
    async with World(tmp_path, settings=QUIET) as world:
        ann = world.accounts[0].address
        await world.live(MORNING)
        assert world.ask(budgets.take, world.pool[ann].id, TODAY, 3)
        await world.live(MIDNIGHT)
        day = world.ask(days.get, world.pool[ann].id, TODAY)
        assert day is not None
        assert sent_on(world, ann) == day.allowance - 3
        assert others(world, ann) == Others(3, 0)


async def test_a_day_is_planned_with_what_is_left_of_it(tmp_path: Path) -> None:
    async with World(tmp_path, settings=QUIET) as world:
        ann, ben, *_ = (account.address for account in world.accounts)
        world.ask(budgets.observe, world.pool[ann].id, TODAY, 2, MONDAY)
        world.ask(budgets.observe, world.pool[ben].id, TODAY, 99, MONDAY)
        await world.live(MORNING)
        day = world.ask(days.get, world.pool[ann].id, TODAY)
        assert day is not None
        assert len(world.ask(messages.planned, world.pool[ann].id, TODAY)) == day.allowance - 2
        assert world.ask(messages.planned, world.pool[ben].id, TODAY) == []


async def test_it_can_be_switched_off(tmp_path: Path) -> None:
    async with World(tmp_path, settings=f"{QUIET}[mail]\ncount_sent = false\n") as world:
        ann = world.accounts[0].address
        put(world, ann, MORNING)
        await world.live(MIDNIGHT)
        assert others(world, ann) == Others()


async def test_a_copy_of_ours_under_another_message_id_is_ours_and_a_strangers_label_is_not(tmp_path: Path) -> None:
    async with World(tmp_path, settings=QUIET) as world:
        ann = world.accounts[0].address
        await world.live(MONDAY + timedelta(hours=11))
        mine = next(m for m in world.messages if m.sender == world.pool[ann].id and m.sent_at)
        install = world.ask(installs.get)
        put(world, ann, MORNING, label=install.token(mine.message_id))
        put(world, ann, MORNING + timedelta(minutes=1), label="0" * 32)
        await world.live(MIDNIGHT)
        assert others(world, ann).observed == 1


async def test_a_mailbox_without_a_sent_folder_is_told_of_once_a_day(tmp_path: Path) -> None:
    async with World(tmp_path, settings=f"{QUIET}[mail]\nsent_copy = false\n") as world:
        for account in world.accounts:
            world.servers.box(account.address).folders.pop("Sent", None)
        await world.live(MONDAY + timedelta(days=2))
        told = Counter(
            (fact.fields["mailbox"], local_date(fact.at, "Europe/Berlin")) for fact in world.events("uncounted")
        )
        assert set(told.values()) == {1}
        assert {address for address, _ in told} == {account.address for account in world.accounts}
        assert others(world, world.accounts[0].address).observed is None


async def test_whose_sent_folder_is_to_be_counted_is_asked_once_a_minute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[datetime] = []

    def due(_: Connection, now: datetime, shards: object) -> dict[int, str]:
        asked.append(now)
        return {}

    monkeypatch.setattr(observer, "due", due)
    async with World(tmp_path) as world:
        began = world.clock.now()
        with opened(world.config, world.clock, world.facts.append, {}) as office:
            reader = Reader(office)
            for second in range(130):
                if second:
                    world.clock.jump(began + timedelta(seconds=second))
                await reader.tick()
    assert [(at - began).total_seconds() for at in asked] == [0, 60, 120]
