"""An audit finds what was planted, and nothing where nothing is wrong; beside a daemon at work, and after a restore."""

from __future__ import annotations

import asyncio
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.postgres import fresh_database
from warmup.audit import Kind
from warmup.daemon.auditor import Report, audit
from warmup.model import Message
from warmup.plan import local_date
from warmup.sandbox import search as sandbox_search
from warmup.sandbox.mail import Folder, Mail
from warmup.sandbox.parse import Cursor
from warmup.secrets import Vault
from warmup.store import Anew, Store, back_up, days, restore

from .world import MONDAY, World

DAY = timedelta(days=1)
MANY = 100_000


async def audited(world: World, later: timedelta = timedelta(0)) -> Report:
    with Store.open(world.config.database) as store:
        vault, now = Vault(world.config.credentials), world.clock.now() + later
        return await audit(world.config, store, vault, since=MONDAY - DAY, now=now)


def told(report: Report) -> list[tuple[Kind, str, str | None]]:
    return [(finding.kind, finding.mailbox, finding.message_id) for finding in report.findings]


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """Three days lived, and mail in INBOX, Junk and the folder for what was read."""
    async with World(tmp_path, junk=0.2) as world:
        await world.live(MONDAY + 3 * DAY)
        assert told(await audited(world)) == []
        yield world


def opened(world: World) -> Message:
    """One that was found."""
    return next(message for message in world.messages if message.opened_at and not message.answered_at)


def address(world: World, number: int) -> str:
    return next(address for address, mailbox in world.pool.items() if mailbox.id == number)


def lying(world: World, message: Message) -> tuple[Folder, Mail]:
    """Where its recipient has it."""
    folders = world.servers.box(address(world, message.recipient)).folders
    return next(
        (folder, mail)
        for name, folder in folders.items()
        for mail in folder.mails.values()
        if name != "Sent" and mail.message_id == message.message_id
    )


def tamper(world: World, statement: str, *values: object) -> None:
    with closing(sqlite3.connect(world.config.database.removeprefix("sqlite:///"))) as db:
        assert db.execute(statement, values).rowcount
        db.commit()


async def test_a_pool_that_lived_some_days_is_clean_and_nothing_is_touched(tmp_path: Path) -> None:
    async with World(tmp_path, size=6, junk=0.2) as world:
        await world.live(MONDAY + 4 * DAY)
        changes = len(world.servers.ledger.changes)
        report = await audited(world)
        assert (told(report), report.clean, report.whole) == ([], True, True)
        assert len(world.servers.ledger.changes) == changes
        sent = sum(message.sent_at is not None for message in world.messages)
        assert report.counts == {"present": sent, "waiting": 0, "late": 0, "gone": 0, "unseen": 0}
        assert sum(visited.copies for visited in report.visited) == sent > 100


async def test_an_audit_sees_nothing_wrong_while_a_daemon_moves_the_mail(tmp_path: Path) -> None:
    async with World(tmp_path, junk=0.3) as world:
        living = asyncio.get_running_loop().create_task(world.live(MONDAY + 2 * DAY))
        await asyncio.sleep(0)
        audits = 0
        while not living.done():
            report = await audited(world)
            assert (told(report), report.whole) == ([], True)
            audits += 1
        await living
        assert audits > 1


async def test_the_same_on_postgresql(tmp_path: Path, postgres_url: str) -> None:
    async with World(tmp_path, database=fresh_database(postgres_url)) as world:
        await world.live(MONDAY + DAY)
        report = await audited(world)
        assert told(report) == []
        assert report.counts["present"] == len(world.servers.ledger.accepted) > 10


async def test_mail_that_a_server_took_and_nobody_has_is_lost(world: World) -> None:
    message = await world.on_its_way()
    folder, mail = lying(world, message)
    folder.remove([mail])
    assert told(await audited(world)) == []  # it may be on its way
    report = await audited(world, later=2 * DAY)
    assert told(report) == [(Kind.LOST, address(world, message.recipient), message.message_id)]


async def test_mail_that_the_store_does_not_know_to_have_gone_out_is_lost(world: World) -> None:
    message = opened(world)
    stamps = ("claimed_at", "claimed_by", "data_at", "sent_at", "found_at", "placement", "opened_at", "filed_at")
    tamper(world, f"UPDATE message SET {', '.join(f'{name} = NULL' for name in stamps)} WHERE id = ?", message.id)
    report = await audited(world)
    assert told(report) == [(Kind.LOST, address(world, message.recipient), message.message_id)]
    assert report.findings[0].says.endswith("the store says planned")


async def test_mail_that_lies_there_twice_or_elsewhere_is_doubled(world: World) -> None:
    message = opened(world)
    folder, mail = lying(world, message)
    at = address(world, message.recipient)
    second = folder.copy(mail)
    assert told(await audited(world)) == [(Kind.DOUBLED, at, message.message_id)]
    folder.remove([second])
    others = {address(world, message.sender), at}
    other = next(account.address for account in world.accounts if account.address not in others)
    world.servers.box(other)["INBOX"].add(mail.raw, mail.at)
    report = await audited(world)
    assert {finding.message_id for finding in report.findings} == {message.message_id}
    assert Counter(finding.kind for finding in report.findings) == {Kind.DOUBLED: 1, Kind.OUTSIDE: 1}


async def test_mail_of_which_there_is_no_row_is_unknown(world: World) -> None:
    message = next(m for m in world.messages if m.opened_at and not m.answered_at and not m.parent)
    tamper(world, "DELETE FROM message WHERE id = ?", message.id)
    assert told(await audited(world)) == [(Kind.UNKNOWN, address(world, message.recipient), message.message_id)]


async def test_a_day_on_which_more_went_out_than_it_allowed_is_above(world: World) -> None:
    message = opened(world)
    tamper(
        world, "UPDATE day SET allowance = 1 WHERE mailbox = ? AND local_date = ?", message.sender, message.local_date
    )
    report = await audited(world)
    assert told(report) == [(Kind.ABOVE, address(world, message.sender), None)]
    assert f"went out on {message.local_date}, and the day allowed 1" in report.findings[0].says


async def test_a_forged_label_is_told_and_no_fault(world: World) -> None:
    box = world.servers.box(world.accounts[0].address)
    box["INBOX"].add(b"Message-ID: <x@evil.test>\r\nX-Warmup: 0123\r\n\r\nHello\r\n", world.clock.now())
    report = await audited(world)
    assert told(report) == [(Kind.FORGED, box.address, None)]
    assert report.clean


async def test_what_its_owner_deleted_is_gone_and_no_fault(world: World) -> None:
    folder, mail = lying(world, opened(world))
    folder.remove([mail])
    report = await audited(world)
    assert (told(report), report.counts["gone"]) == ([], 1)


async def test_a_mailbox_in_trouble_keeps_no_other_from_being_audited(world: World) -> None:
    ann, ben, cleo, dan = (account.address for account in world.accounts)
    message = next(m for m in world.messages if m.opened_at and address(world, m.recipient) == dan)
    folder, mail = lying(world, message)
    folder.copy(mail)
    vault = Vault(world.config.credentials)
    vault.put(ann, "wrong")
    vault.delete(ben)
    tamper(world, "UPDATE mailbox SET imap_port = 1 WHERE address = ?", cleo)
    report = await audited(world)
    trouble = {visited.address: visited.trouble for visited in report.visited}
    assert "refused 'ann@north.test': login: 0 NO" in trouble[ann]
    assert "there is no credential" in trouble[ben]
    assert trouble[cleo] == "connect: 127.0.0.1 refuses connections"
    assert trouble[dan] == ""
    assert told(report) == [(Kind.DOUBLED, dan, message.message_id)]
    assert not report.whole
    assert report.counts["unseen"] > 0


async def test_a_mailbox_that_left_is_not_looked_into(world: World) -> None:
    tamper(world, "UPDATE mailbox SET removed_at = '2026-03-05 00:00:00' WHERE address = ?", world.accounts[0].address)
    report = await audited(world)
    assert len(report.visited) == 3
    assert (told(report), report.whole) == ([], True)
    assert report.counts["unseen"] > 0


async def test_a_mailbox_full_of_strangers_mail_is_audited_like_another(world: World) -> None:
    message = opened(world)
    _, mail = lying(world, message)
    box = world.servers.box(address(world, message.recipient))
    for number in range(MANY):
        box["INBOX"].add(b"Message-ID: <%d@evil.test>\r\n\r\nHello\r\n" % number, world.clock.now())
    box["INBOX"].add(mail.raw, world.clock.now())
    report = await audited(world)
    assert told(report) == [(Kind.DOUBLED, box.address, message.message_id)]
    assert report.whole


async def test_a_server_that_cannot_search_for_a_label_is_read_to_the_end(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = opened(world)
    folder, mail = lying(world, message)
    folder.copy(mail)
    monkeypatch.setitem(sandbox_search._WITH_ARGUMENT, "HEADER", blind)
    report = await audited(world)
    assert told(report) == [(Kind.DOUBLED, address(world, message.recipient), message.message_id)]
    assert (report.counts["gone"], report.counts["waiting"]) == (0, 0)


def blind(cursor: Cursor, view: Sequence[int]) -> sandbox_search.Test:
    """A server's HEADER that knows the fields of its index and no others."""
    name = cursor.astring().decode()
    cursor.space()
    value = cursor.astring()
    return sandbox_search._headed(name, value) if name.lower() == "message-id" else lambda mail: False


HOUR = timedelta(hours=1)
NOON, AFTERNOON = MONDAY + DAY + 11 * HOUR, MONDAY + DAY + 14 * HOUR


async def lived_and_restored(world: World, backup: Path, made: datetime) -> tuple[Counter[str], set[str]]:
    """A backup, some hours of work after it, and the backup again: how often each message was accepted until then, and
    what of that the backup doesn't know.
    """
    database = world.config.database
    await world.live(made)
    back_up(database, backup)
    await world.live(AFTERNOON)
    restored = restore(database, backup, world.clock.now())
    assert restored.aside is not None
    assert restored.anew.made_at is not None
    assert restored.anew.made_at <= made
    known = {message.message_id for message in world.messages if message.sent_at}
    accepted = Counter(entry.message_id for entry in world.servers.ledger.accepted)
    lost = accepted.keys() - known
    assert len(lost) > 3
    return accepted, lost


@pytest.mark.parametrize("made", [NOON, MONDAY + 12 * HOUR], ids=["from the same day", "from the day before"])
async def test_after_a_restore_nothing_is_sent_twice_nor_above_the_allowance_and_tomorrow_it_goes_on(
    tmp_path: Path, made: datetime
) -> None:
    async with World(tmp_path) as world:
        accepted, lost = await lived_and_restored(world, tmp_path / "backup.db", made)
        await world.live(MONDAY + 2 * DAY - 2 * HOUR)
        assert Counter(entry.message_id for entry in world.servers.ledger.accepted) == accepted
        await world.live(MONDAY + 4 * DAY)
        ledger = world.servers.ledger.accepted
        assert set(Counter(entry.message_id for entry in ledger).values()) == {1}
        assert len(ledger) > len(accepted) + 20
        pool = world.pool
        used = Counter((pool[entry.sender].id, local_date(entry.at, pool[entry.sender].zone)) for entry in ledger)
        allowed = world.ask(days.lived, MONDAY.date())
        known = {key: allowed[key][1] for key in used if key in allowed}
        assert all(count is None or used[key] <= count for key, count in known.items())
        assert sum(count is not None for count in known.values()) >= 8
        report = await audited(world)
        assert {finding.message_id for finding in report.findings} == lost
        assert {finding.kind for finding in report.findings} <= {Kind.LOST, Kind.UNKNOWN}
        assert all("restored from a backup of" in f.says for f in report.findings if f.kind is Kind.LOST)


async def test_without_beginning_anew_a_restore_would_send_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the test above would find."""
    monkeypatch.setattr("warmup.store.backup.begin_anew", lambda db, now: Anew(MONDAY, 0))
    async with World(tmp_path) as world:
        await lived_and_restored(world, tmp_path / "backup.db", MONDAY + 12 * HOUR)
        await world.live(MONDAY + 2 * DAY)
        assert max(Counter(entry.message_id for entry in world.servers.ledger.accepted).values()) > 1
