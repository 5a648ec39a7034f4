"""The laws where they are strained: a day that ends, a memory that fails, a setting that changes, a bug of ours."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from warmup.config import Config
from warmup.daemon import sender as sending
from warmup.daemon.crew import Crew
from warmup.daemon.run import Daemon, jump, opened
from warmup.daemon.sender import Sender
from warmup.daemon.systemd import Manager
from warmup.errors import AccessLost, ConfigError, StoreError
from warmup.imap import Access, Sighting
from warmup.model import Cause, Day, Endpoint, Message, Pause, Response, Scope, Slot, Stage
from warmup.sandbox import Fault
from warmup.smtp import Session, dial
from warmup.store import days, mailboxes, pauses

from .world import MONDAY, THROTTLED, World

TUESDAY = MONDAY + timedelta(days=1)
WEDNESDAY = MONDAY + timedelta(days=2)
ANN = "ann@north.test"
BEN = "ben@east.test"
CLEO = "cleo@south.test"
NO_ANSWERS = "[replies]\nrate = 0.0\n"  # what isn't to be answered has ended a day after it was read


def unended(world: World, due_before: datetime) -> list[Message]:
    """Messages of which nobody can say how they ended, or why they went no further."""
    old = [message for message in world.messages if message.due_at < due_before]
    gone = [message for message in old if message.dropped_at or message.refused_at]
    there = [message for message in old if message.missing_at or message.filed_at]
    assert not [message for message in there if message.visit_at or message.keep_at], "a visit after the end"
    return [m for m in old if m not in gone and m not in there] + [m for m in gone if not m.reason]


def at_rcpt(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], None]) -> None:
    """`happens` once, when a server has accepted an envelope and before DATA is said."""
    envelope = Session.envelope
    left = [happens]

    async def interrupted(session: Session, sender: str, recipient: str, message: bytes) -> Response:
        said = await envelope(session, sender, recipient, message)
        while left:
            left.pop()()
        return said

    monkeypatch.setattr(Session, "envelope", interrupted)


async def test_across_zones_and_daylight_saving_all_goes_in_its_own_hours_and_ends(tmp_path: Path) -> None:
    zones = ("Europe/Berlin", "America/New_York", "Africa/Cairo", "Pacific/Auckland", "Asia/Kolkata")
    async with World(tmp_path, size=5, junk=0.2, settings=NO_ANSWERS) as world:
        world.clock.jump(datetime(2026, 3, 26, tzinfo=UTC))  # Berlin and Auckland set their clocks soon
        for mailbox, zone in zip(world.pool.values(), zones, strict=True):
            world.ask(mailboxes.change, mailbox.id, zone=zone)
        await world.live(datetime(2026, 4, 3, tzinfo=UTC))
        world.check_laws()
        zone_of = {mailbox.id: ZoneInfo(mailbox.zone) for mailbox in world.pool.values()}
        for message in world.messages:
            if message.sent_at:
                local = message.sent_at.astimezone(zone_of[message.sender])
                assert (8, 30) <= (local.hour, local.minute) < (17, 30)
                assert local.weekday() < 5
                assert local.date() == message.local_date
        assert not unended(world, datetime(2026, 4, 1, tzinfo=UTC))
        assert {fact.at.tzinfo for fact in world.facts} == {UTC}, "the clock tells the time in UTC"


async def test_what_has_not_begun_when_its_day_ends_does_not_go_on_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with World(tmp_path) as world:
        ann, ben = world.pool[ANN].id, world.pool[BEN].id
        world.ask(days.record, [day(ann)], [slot(ann, ben, 1)])
        at_rcpt(monkeypatch, lambda: world.clock.jump(TUESDAY))  # the server thinks until then
        with opened(world.config, world.clock, world.facts.append, {}) as office:
            sender = Sender(office)
            await sender.tick()
            await sender.idle()
        (late,) = world.messages
        assert (late.attempts, late.reason) == (1, "day over")
        assert not world.servers.ledger.accepted


async def test_a_database_that_is_locked_for_long_ends_the_daemon_and_holds_no_mailbox(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("warmup.store.engine._BUSY", 0.05)
    async with World(tmp_path, settings=NO_ANSWERS) as world:
        await world.live(TUESDAY)
        other = sqlite3.connect(tmp_path / "warmup.db", isolation_level=None)

        def lock() -> None:
            other.execute("BEGIN IMMEDIATE")

        at_rcpt(monkeypatch, lock)
        with pytest.raises(StoreError, match="locked"):
            await world.live(WEDNESDAY)
        other.close()
        assert not world.pauses
        await world.live(MONDAY + timedelta(days=5))
        assert not world.pauses
        assert not unended(world, WEDNESDAY)
        world.check_laws()


async def test_a_bug_before_data_holds_its_mailbox_and_leaves_nothing_in_hand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def bug() -> None:
        raise RuntimeError("nobody expected this")

    async with World(tmp_path) as world:
        at_rcpt(monkeypatch, bug)
        await jump(world.config, world.clock, TUESDAY, world.facts.append)
        (pause,) = world.pauses
        (told,) = world.events("bug")
        assert (pause.rule, pause.cause) == ("bug", Cause.FAILURE)
        assert "nobody expected this" in str(told.fields["traceback"])
        (message,) = [m for m in world.messages if m.dropped_at and m.attempts]
        assert message.reason == "paused: bug"
        world.check_laws()


async def test_a_bug_after_data_leaves_a_message_that_is_looked_for_and_never_sent_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = Session.data
    first: list[bytes] = []

    async def broken(session: Session, message: bytes) -> Response:
        said = await data(session, message)
        if not first:
            first.append(message)
            raise RuntimeError("nobody expected this")
        return said

    monkeypatch.setattr(Session, "data", broken)
    async with World(tmp_path) as world:
        await jump(world.config, world.clock, TUESDAY, world.facts.append)
        (settled,) = world.events("settled")
        assert settled.fields["id"] == world.servers.ledger.accepted[0].message_id
        world.check_laws()


async def test_a_mailbox_purged_while_its_message_is_in_hand_sends_nothing_and_is_no_bug(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with World(tmp_path, faults=[Fault(Stage.RCPT, say="421 4.7.0 no", sender=ANN)]) as world:
        ann, ben = world.pool[ANN].id, world.pool[BEN].id
        world.ask(days.record, [day(ann)], [slot(ann, ben, 1)])
        at_rcpt(monkeypatch, lambda: world.ask(mailboxes.purge, ann))
        await world.live(TUESDAY)  # without a bug
        assert not world.pauses
        assert ANN not in {entry.sender for entry in world.servers.ledger.accepted}


async def test_who_waits_for_a_server_that_hangs_takes_no_place_of_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate, arrived = asyncio.Event(), asyncio.Event()
    data = Session.data

    async def hanging(endpoint: Endpoint, login: str, secret: str, **more: Any) -> Session | Response:
        if endpoint.host == "127.0.0.1":
            await gate.wait()
        return await dial(endpoint, login, secret, **more)

    async def noticed(session: Session, message: bytes) -> Response:
        said = await data(session, message)
        arrived.set()
        return said

    monkeypatch.setattr(sending, "dial", hanging)
    monkeypatch.setattr("warmup.daemon.ways._AT_ONCE", 2)
    monkeypatch.setattr(Session, "data", noticed)
    async with World(tmp_path) as world:
        world.config = replace(world.config, submission=replace(world.config.submission, connections_per_host=1))
        pool = world.pool
        world.ask(mailboxes.change, pool[CLEO].id, smtp=replace(pool[CLEO].smtp, host="localhost"))
        for number, address in enumerate((ANN, BEN, CLEO)):
            to = pool[ANN if address != ANN else BEN].id
            world.ask(days.record, [day(pool[address].id)], [slot(pool[address].id, to, number)])
        with opened(world.config, world.clock, world.facts.append, {}) as office:
            sender = Sender(office)
            await sender.tick()
            await asyncio.wait_for(arrived.wait(), 10)
            gate.set()
            await sender.idle()
        assert [entry.sender for entry in world.servers.ledger.accepted] == [CLEO, ANN, BEN]


def day(mailbox: int) -> Day:
    return Day(
        mailbox=mailbox, local_date=MONDAY.date(), age=0, curve="brisk", volume=1, allowance=1, planned_at=MONDAY
    )


def slot(sender: int, recipient: int, number: int) -> Slot:
    return Slot(
        message_id=f"<{number}@north.test>",
        sender=sender,
        recipient=recipient,
        local_date=MONDAY.date(),
        due_at=MONDAY,
        thread=f"thread {number}",
        scenario="en/meeting",
        turn=1,
        parent=None,
        answer_wanted=False,
    )


async def test_mail_that_is_to_lie_longer_than_it_was_is_not_visited_again_and_again(tmp_path: Path) -> None:
    async with World(tmp_path) as world:
        await world.live(WEDNESDAY)
        reading = replace(world.config.reading, file_after=timedelta(days=7))
        world.config = replace(world.config, reading=reading)  # a reload
        await world.live(WEDNESDAY + timedelta(days=2))
        now = world.clock.now()
        assert [m for m in world.messages if m.opened_at and not m.filed_at]
        assert not [m for m in world.messages if m.visit_at and m.visit_at < now]


async def test_a_ramp_that_falls_on_a_day_without_sending_falls_from_that_days_age(tmp_path: Path) -> None:
    monday = MONDAY + timedelta(days=7)
    storm = Fault(Stage.RCPT, say=THROTTLED, sender=ANN, since=monday, times=1)
    async with World(tmp_path, faults=[storm]) as world:
        ann = world.pool[ANN].id
        await world.live(monday + timedelta(hours=7, minutes=30))
        for _ in range(100):
            if world.pauses:
                break
            await world.live(world.clock.now() + timedelta(minutes=4))
        (fall,) = world.pauses
        now, over = world.clock.now(), monday + timedelta(hours=20)
        rest = Pause(scope=Scope.MAILBOX, mailbox=ann, cause=Cause.OPERATOR, since=now, until=over)
        world.ask(pauses.open_, rest)
        await world.live(monday + timedelta(days=2))
        fallen, after = (world.ask(days.get, ann, (monday + timedelta(days=ahead)).date()) for ahead in (0, 1))
        assert fallen
        assert after
        assert not [m for m in world.messages if m.sender == ann and m.sent_at and m.local_date == fallen.local_date]
        assert (fallen.age, fall.age_lost, after.age) == (5, 4, 1)


async def test_a_message_that_breaks_every_visit_does_not_hide_the_others_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with World(tmp_path, settings=NO_ANSWERS) as world:
        poison = await world.on_its_way()
        open_ = Access.open

        async def choking(access: Access, sighting: Sighting, *, flag: bool = False) -> bytes:
            if sighting.message_id == poison.message_id:
                raise AccessLost(Stage.FETCH, "the server closed the connection")
            return await open_(access, sighting, flag=flag)

        monkeypatch.setattr(Access, "open", choking)
        await world.live(MONDAY + timedelta(days=4))
        assert not unended(world, TUESDAY + timedelta(hours=12))
        (given_up,) = [m for m in world.messages if m.filed_at and not m.opened_at]
        assert given_up.message_id == poison.message_id
        assert given_up.visits == len(world.config.reading.looks) + 1
        assert given_up.reason == "fetch: the server closed the connection"


async def test_mail_that_nobody_reads_is_rescued_and_put_away_unopened(tmp_path: Path) -> None:
    async with World(tmp_path, junk=1.0, settings=NO_ANSWERS + "[mail]\nunread = 1.0\n") as world:
        await world.live(MONDAY + timedelta(days=4))
        assert not unended(world, TUESDAY)
        put_away = [m for m in world.messages if m.filed_at]
        assert len(put_away) > 5
        assert all(m.rescued_at and not m.opened_at for m in put_away)
        boxes = [world.servers.box(address) for address in world.pool]
        assert not [mail for box in boxes for mail in box["Warmup"].mails.values() if "\\Seen" in mail.flags]
        world.check_laws()


async def test_a_server_that_hangs_up_on_every_copy_is_not_asked_twice_for_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    async def hang_up(_: Access, message: bytes, message_id: str, at: datetime) -> bool:
        asked.append(message_id)
        raise AccessLost(Stage.FETCH, "the server closed the connection")

    monkeypatch.setattr(Access, "keep", hang_up)
    async with World(tmp_path, settings=NO_ANSWERS) as world:
        await world.live(MONDAY + timedelta(days=3))
        assert len(asked) == len(set(asked)) > 20
        assert not unended(world, TUESDAY)


async def test_authorities_that_can_not_be_read_are_refused_before_any_mailbox_suffers(tmp_path: Path) -> None:
    broken = tmp_path / "authorities.pem"
    broken.write_text("no certificate")

    async with World(tmp_path) as world:
        bad = replace(world.config, authorities=broken)
        with pytest.raises(ConfigError, match=r"authorities\.pem"), opened(bad, world.clock, world.facts.append, {}):
            pass
        with opened(world.config, world.clock, world.facts.append, {}) as office:

            def load() -> Config:
                return bad

            Daemon(office, Manager({}))._reload(load)
            assert office.config is world.config
        assert world.events("reload-refused")


def test_a_service_manager_that_is_gone_is_no_trouble(tmp_path: Path) -> None:
    Manager({"NOTIFY_SOCKET": str(tmp_path / "gone")}).alive("sending")


async def test_what_nobody_could_be_told_of_comes_out_of_the_crew() -> None:
    async def work() -> None:
        raise RuntimeError("a bug")

    async def untellable(_: object, error: Exception) -> None:
        raise StoreError("the disk is full") from error

    crew = Crew(untellable)
    crew.begin(1, work)
    with pytest.raises(StoreError, match="full"):
        await crew.idle()
    with pytest.raises(StoreError, match="full"):
        crew.check()


async def test_a_crew_that_stops_begins_nothing_more() -> None:
    begun: list[int] = []

    async def work() -> None:
        begun.append(1)

    async def crashed(_: object, error: Exception) -> None:
        raise error

    crew = Crew(crashed)
    assert await crew.stop(1) == 0
    crew.begin(1, work)
    await crew.idle()
    assert not begun


async def test_a_send_cut_short_is_told_settled_at_the_receiving_end_and_never_sent_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = asyncio.Event()

    async def endless(*_: object) -> Response:
        begun.set()
        await asyncio.Event().wait()
        raise AssertionError("it was cut short")

    monkeypatch.setattr(Session, "data", endless)
    async with World(tmp_path) as world:
        world.config = replace(world.config, service=replace(world.config.service, stop_within=timedelta(0)))
        world.ask(days.record, [day(world.pool[ANN].id)], [slot(world.pool[ANN].id, world.pool[BEN].id, 1)])
        life = asyncio.ensure_future(world.live(TUESDAY))
        await asyncio.wait_for(begun.wait(), 10)
        life.cancel()
        with pytest.raises(asyncio.CancelledError):
            await life
        (cut,) = world.messages
        assert (cut.state, cut.reason) == ("uncertain", "interrupted before the server's answer")
        assert world.events("recovered")
        monkeypatch.undo()
        await world.live(MONDAY + timedelta(days=4))
        (cut,) = [message for message in world.messages if message.id == cut.id]
        assert (cut.state, cut.attempts) == ("missing", 1)
        world.check_laws()


async def test_a_cap_lowered_since_the_day_was_planned_holds_at_once_and_is_told(tmp_path: Path) -> None:
    async with World(tmp_path) as world:
        await world.live(MONDAY + timedelta(hours=1))
        ramps = {name: replace(ramp, cap=1) for name, ramp in world.config.ramps.items()}
        world.config = replace(world.config, ramps=ramps)
        await world.live(TUESDAY)
        assert len(world.servers.ledger.accepted) == len(world.accounts)
        told = [fact.fields["why"] for fact in world.events("dropped")]
        assert set(told) == {"allowance used"}
        assert len(told) == len([message for message in world.messages if message.dropped_at])
        world.check_laws()
