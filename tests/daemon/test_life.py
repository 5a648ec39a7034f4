"""The whole road on the embedded servers: plan, send, find, rescue, open, answer, file."""

from __future__ import annotations

import email
from datetime import timedelta
from email import policy
from pathlib import Path

import pytest

from tests.postgres import fresh_database
from warmup.errors import AccessLost
from warmup.imap import Access, Sighting
from warmup.model import Message, Placement, Stage
from warmup.sandbox import Accepted

from .world import MONDAY, World


def by_id(accepted: list[Accepted]) -> dict[str, Accepted]:
    return {entry.message_id: entry for entry in accepted}


async def test_fourteen_days_end_with_every_message_found_opened_and_recorded_once(tmp_path: Path) -> None:
    async with World(tmp_path, size=6, junk=0.2) as world:
        await world.live(MONDAY + timedelta(days=14))
        world.check_laws()
        ledger = world.servers.ledger
        sent = [message for message in world.messages if message.sent_at]
        assert len(sent) == len(ledger.accepted) > 300
        assert not [message for message in world.messages if message.missing_at or message.refused_at]
        settled = [m for m in sent if m.sent_at and m.sent_at < MONDAY + timedelta(days=11)]
        assert all(message.opened_at and message.found_at for message in settled)
        assert len([change for change in ledger.changes if change.event == "seen"]) >= len(settled)


async def test_the_same_road_on_postgresql(tmp_path: Path, postgres_url: str) -> None:
    async with World(tmp_path, junk=0.2, database=fresh_database(postgres_url)) as world:
        await world.live(MONDAY + timedelta(days=3))
        world.check_laws()
        sent = [message for message in world.messages if message.sent_at]
        assert len(sent) == len(world.servers.ledger.accepted) > 50
        assert any(message.answered_at for message in sent)


async def test_what_lands_in_junk_is_recorded_as_junk_and_rescued(tmp_path: Path) -> None:
    async with World(tmp_path, junk=0.3) as world:
        await world.live(MONDAY + timedelta(days=8))
        accepted = by_id(world.servers.ledger.accepted)
        found = [message for message in world.messages if message.found_at]
        assert {Placement.JUNK, Placement.INBOX} == {message.placement for message in found}
        for message in found:
            in_junk = accepted[message.message_id].folder == "Junk"
            assert (message.placement is Placement.JUNK) == in_junk == (message.rescued_at is not None)
        assert not any(mail for account in world.accounts for mail in junk_of(world, account.address, opened=found))


async def test_a_rescue_that_was_cut_short_before_it_was_recorded_is_recorded_by_the_next_visit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rescue, lost = Access.rescue, set[str]()

    async def cut_short(access: Access, sighting: Sighting) -> Sighting:
        moved = await rescue(access, sighting)
        lost.add(sighting.message_id)
        raise AccessLost(Stage.FETCH, f"gone, with {moved.message_id} in {moved.folder}")

    monkeypatch.setattr(Access, "rescue", cut_short)
    async with World(tmp_path, junk=0.3) as world:
        await world.live(MONDAY + timedelta(days=3))
        rescued = {message.message_id for message in world.messages if message.opened_at and message.rescued_at}
        assert rescued
        assert rescued <= lost


def junk_of(world: World, address: str, opened: list[Message]) -> list[str]:
    """Message-IDs that were opened and still lie in Junk."""
    folder = world.servers.box(address).folders["Junk"]
    ids = {message.message_id for message in opened}
    return [mail.message_id for mail in folder.mails.values() if mail.message_id in ids]


async def test_answers_are_threaded_and_marked_and_everything_is_filed_in_the_end(tmp_path: Path) -> None:
    async with World(tmp_path) as world:
        await world.live(MONDAY + timedelta(days=14))
        rows = {message.message_id: message for message in world.messages if message.sent_at}
        answers = [message for message in rows.values() if message.parent]
        assert len(answers) > 30
        for message in answers:
            assert message.parent is not None
            parent = rows[message.parent]
            assert parent.answered_at is not None
            assert (parent.sender, parent.recipient) == (message.recipient, message.sender)
            assert parent.opened_at is not None
            assert message.sent_at is not None
            assert parent.opened_at < message.sent_at
            mail = email.message_from_bytes(raw(world, message), policy=policy.default)
            assert mail["In-Reply-To"] == parent.message_id
            assert mail["References"].split()[-1] == parent.message_id
            assert mail["Subject"].startswith("Re: ")
        done = [m for m in rows.values() if m.opened_at and m.opened_at < MONDAY + timedelta(days=7)]
        assert done
        assert all(message.filed_at for message in done)


def raw(world: World, message: Message) -> bytes:
    """The message as its recipient has it, wherever it is by now."""
    address = next(mailbox.address for mailbox in world.pool.values() if mailbox.id == message.recipient)
    for folder in world.servers.box(address).folders.values():
        for mail in folder.mails.values():
            if mail.message_id == message.message_id:
                return mail.raw
    raise AssertionError(f"{message.message_id} is nowhere")


async def test_the_same_seed_lives_the_same_life(tmp_path: Path) -> None:
    lives = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        async with World(tmp_path / name, size=5, junk=0.2) as world:
            await world.live(MONDAY + timedelta(days=4))
            lives.append([(m.message_id, m.sent_at, m.placement, m.opened_at, m.filed_at) for m in world.messages])
    assert lives[0] == lives[1]


async def test_a_life_in_many_short_runs_is_the_life_of_one_long_run(tmp_path: Path) -> None:
    lives = []
    for name, step in (("one", timedelta(days=3)), ("many", timedelta(hours=1))):
        (tmp_path / name).mkdir()
        async with World(tmp_path / name, size=4) as world:
            while world.clock.now() < MONDAY + timedelta(days=3):
                await world.live(world.clock.now() + step)
            lives.append([(m.message_id, m.sent_at, m.opened_at) for m in world.messages])
            world.check_laws()
    assert lives[0] == lives[1]


async def test_a_copy_of_everything_sent_is_kept_in_sent_once(tmp_path: Path) -> None:
    async with World(tmp_path) as world:
        await world.live(MONDAY + timedelta(days=3))
        early = {m.message_id for m in world.messages if m.sent_at and m.sent_at < MONDAY + timedelta(days=2)}
        kept = [
            mail.message_id
            for account in world.accounts
            for mail in world.servers.box(account.address).folders["Sent"].mails.values()
        ]
        assert early <= set(kept)
        assert len(kept) == len(set(kept))
