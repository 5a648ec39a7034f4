"""Mailboxes as they may come: enormous, full, made anew, with folders that are gone. What is ours in them is looked
after, what isn't is left alone, and the other mailboxes don't notice.
"""

from __future__ import annotations

import asyncio
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from warmup.imap import Access, Sighting
from warmup.model import Message, Scope
from warmup.sandbox import imap as serving
from warmup.sandbox.mail import Folder, Mail
from warmup.sandbox.parse import Cursor
from warmup.sandbox.session import Refused, Session

from .service import NOON, due
from .world import MONDAY, World

ANN, BEN, CLEO = "ann@north.test", "ben@east.test", "cleo@south.test"
LATER = MONDAY + timedelta(hours=20)  # all of Monday's mail has been read
MANY = 100_000
HUGE = 30_000_000  # octets
# All that becomes of a message does so within hours, so that no more than one day need be lived.
QUICK = """
[mail]
file_after = "1h"
looks = ["5m", "10m"]
"""
STRANGE = b"From: MAILER-DAEMON@evil.test\r\nMessage-ID: <strange@evil.test>\r\nSubject: Undelivered\r\n\r\n"


async def on_their_way(world: World, *later: datetime) -> Message:
    """Everybody has been sent a message, and will be sent more later; the one that Ann has got."""
    due(world, [account.address for account in world.accounts], NOON, *later)
    world.clock.jump(NOON)
    await world.live(NOON + timedelta(minutes=1))
    (message,) = (message for message in world.messages if message.recipient == world.pool[ANN].id)
    return message


def again(world: World, message: Message) -> Message:
    return next(now for now in world.messages if now.id == message.id)


def inbox(world: World) -> Folder:
    return world.servers.box(ANN)["INBOX"]


def stuff(folder: Folder, raw: bytes, count: int) -> list[Mail]:
    """So many unseen mails that share what they are made of."""
    first = folder.add(raw, NOON)
    rest = [Mail(uid, raw, NOON, set()) for uid in range(first.uid + 1, first.uid + count)]
    for mail in rest:
        mail.__dict__.update(head=first.head, fields=first.fields)
    folder.mails |= {mail.uid: mail for mail in rest}
    folder.next_uid += len(rest)
    return [first, *rest]


def untouched(world: World, mails: list[Mail]) -> bool:
    kept = inbox(world).mails
    return all(kept.get(mail.uid) is mail and not mail.flags for mail in mails)


def finished(world: World) -> None:
    world.check_laws()
    assert [message.state for message in world.messages if message.data_at and not message.opened_at] == []
    assert not world.events("bug", "missing")


async def test_a_mailbox_with_100_000_unseen_mails_is_looked_through_like_another(tmp_path: Path) -> None:
    async with World(tmp_path, size=3, settings=QUICK) as world:
        world.config = replace(world.config, reading=replace(world.config.reading, command=60))
        before = stuff(inbox(world), STRANGE.replace(b"MAILER-DAEMON", b"eve"), MANY)
        message = await on_their_way(world)
        while not again(world, message).opened_at:
            await world.live(world.clock.now() + timedelta(minutes=10))
        assert untouched(world, before)
        assert not world.pauses
        world.check_laws()


async def test_of_a_30_mb_mail_no_more_than_its_beginning_is_read_and_it_is_left_alone(tmp_path: Path) -> None:
    async with World(tmp_path, size=3, settings=QUICK) as world:
        message = await on_their_way(world)
        huge = inbox(world).add(STRANGE + b"x" * HUGE, world.clock.now())
        _ = huge.head, huge.fields
        tracemalloc.start()
        try:
            await world.live(NOON + timedelta(minutes=40))  # a visit for what Ann is told of her own mail
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert peak < HUGE / 2
        await world.live(LATER)
        assert again(world, message).opened_at
        assert untouched(world, [huge])
        finished(world)


async def test_of_two_messages_with_one_message_id_one_is_opened_and_the_other_left_alone(tmp_path: Path) -> None:
    async with World(tmp_path, size=3, settings=QUICK) as world:
        message = await on_their_way(world)
        (first,) = (mail for mail in inbox(world).mails.values() if mail.message_id == message.message_id)
        twin = inbox(world).add(first.raw, world.clock.now())
        await world.live(LATER)
        assert again(world, message).filed_at
        assert untouched(world, [twin])
        assert first.uid not in inbox(world).mails


async def test_an_inbox_made_anew_between_two_visits_is_looked_through_anew(tmp_path: Path) -> None:
    async with World(tmp_path, size=3, settings=QUICK) as world:
        message = await on_their_way(world)
        while not again(world, message).opened_at:
            await world.live(world.clock.now() + timedelta(minutes=10))
        anew(inbox(world))
        await world.live(LATER)
        assert again(world, message).filed_at
        assert not world.pauses
        assert not world.events("not-done", "bug", "missing")


def anew(folder: Folder) -> None:
    """Another UIDVALIDITY, and the UIDs are other messages'."""
    folder.validity += 1
    mails = list(folder.mails.values())[::-1]
    folder.mails = {number: replace(mail, uid=number) for number, mail in enumerate(mails, 1)}


async def test_an_inbox_made_anew_in_the_middle_of_a_visit_is_looked_through_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with World(tmp_path, size=3, settings=QUICK) as world:
        message = await on_their_way(world)
        strange = [inbox(world).add(STRANGE, world.clock.now()) for _ in range(2)]
        open_ = Access.open
        left: list[Callable[[Folder], None]] = [anew]

        async def opening(access: Access, sighting: Sighting, *, flag: bool = False) -> bytes:
            if left and sighting.message_id == message.message_id:
                left.pop()(inbox(world))
            return await open_(access, sighting, flag=flag)

        monkeypatch.setattr(Access, "open", opening)
        await world.live(LATER)
        (told,) = world.events("held")
        assert "the folder was made anew" in str(told.fields["said"])
        assert again(world, message).opened_at
        assert len(strange) == sum(not mail.flags for mail in inbox(world).mails.values())
        finished(world)


def refusing(monkeypatch: pytest.MonkeyPatch, words: str, *verbs: str, folder: str = "") -> None:
    """The servers say no to these verbs, of a folder or of all."""

    def refuse(verb: str) -> None:
        state, run = serving._VERBS[verb]

        def refused(session: Session, cursor: Cursor) -> str:
            if folder.encode() in cursor._command:
                raise Refused(words)
            return run(session, cursor)

        monkeypatch.setitem(serving._VERBS, verb, (state, refused))

    for verb in verbs:
        refuse(verb)


async def test_a_filing_folder_that_vanished_is_made_again(tmp_path: Path) -> None:
    async with World(tmp_path, size=3, settings=QUICK) as world:
        message = await on_their_way(world, NOON + timedelta(hours=4))
        box = world.servers.box(ANN)
        while not again(world, message).filed_at:
            await world.live(world.clock.now() + timedelta(minutes=10))
        del box.folders["Warmup"]
        await world.live(LATER)
        assert len(box.folders["Warmup"].mails) == 1
        assert not world.events("not-done", "bug", "missing")
        assert not world.pauses


async def test_a_junk_folder_that_can_not_be_opened_is_told_and_hides_nothing_in_inbox(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = "[NOPERM] you may not look into it"
    async with World(tmp_path, size=3, settings=QUICK) as world:
        message = await on_their_way(world)
        lost = inbox(world).mails.copy()
        inbox(world).mails.clear()
        with monkeypatch.context() as patched:
            refusing(patched, words, "EXAMINE", folder="Junk")
            while not world.pauses:
                await world.live(world.clock.now() + timedelta(minutes=10))
            assert {pause.scope for pause in world.pauses} == {Scope.ACCESS}
            assert [fact.fields["mailbox"] for fact in world.events("held")] == [ANN]
            assert words in str(world.events("held")[0].fields["said"])
        inbox(world).mails |= lost
        await world.live(LATER)
        assert again(world, message).opened_at
        finished(world)


async def test_what_might_be_in_a_junk_folder_that_can_never_be_opened_is_missing_in_the_end_with_its_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with World(tmp_path, size=3, settings=QUICK) as world:
        message = await on_their_way(world)
        inbox(world).mails.clear()
        refusing(monkeypatch, "[NOPERM] no", "EXAMINE", folder="Junk")
        await world.live(LATER)
        now = again(world, message)
        assert (now.state, now.reason) == ("missing", "Junk could not be looked into: NO [NOPERM] no")


@pytest.mark.parametrize("verbs", [("UID MOVE",), ("APPEND",), ("UID MOVE", "APPEND", "UID STORE")])
async def test_a_mailbox_over_quota_is_told_and_what_could_not_be_done_is_done_when_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verbs: tuple[str, ...]
) -> None:
    async with World(tmp_path, size=3, settings=QUICK) as world:
        message = await on_their_way(world)
        with monkeypatch.context() as patched:
            refusing(patched, "[OVERQUOTA] the mailbox is full", *verbs)
            while not world.events("not-done"):
                await world.live(world.clock.now() + timedelta(minutes=5))
        assert {pause.scope for pause in world.pauses} <= {Scope.ACCESS}
        assert all("[OVERQUOTA] the mailbox is full" in str(fact.fields["why"]) for fact in world.events("not-done"))
        await world.live(LATER)
        now = again(world, message)
        assert now.opened_at
        assert now.filed_at
        assert now.reason is None
        world.check_laws()


async def test_a_folder_that_takes_no_keywords_is_rescued_from_without_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused: list[str] = []

    def storing(session: Session, cursor: Cursor) -> str:
        if b"$" in cursor._command:
            refused.append(cursor._command.decode())
            raise Refused("[CANNOT] no keywords here")
        return run(session, cursor)

    state, run = serving._VERBS["UID STORE"]
    monkeypatch.setitem(serving._VERBS, "UID STORE", (state, storing))
    async with World(tmp_path, size=3, junk=1.0, settings=QUICK) as world:
        message = await on_their_way(world)
        await world.live(LATER)
        assert refused
        now = again(world, message)
        assert now.rescued_at
        assert now.opened_at
        assert not world.events("not-done")
        finished(world)


async def test_a_visit_without_end_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("warmup.daemon.reader._LONGEST", 0.2)
    async with World(tmp_path, size=3, settings=QUICK) as world:
        message = await on_their_way(world)
        look = Access.look
        slow = True

        async def looking(access: Access, *more: object, **options: object) -> object:
            if slow:
                await asyncio.Event().wait()
            return await look(access, *more, **options)  # type: ignore[arg-type]

        monkeypatch.setattr(Access, "look", looking)
        while not world.pauses:
            await world.live(world.clock.now() + timedelta(minutes=10))
        assert {pause.note for pause in world.pauses} == {"fetch: not done within 0.2 s"}
        slow = False
        await world.live(LATER)
        assert again(world, message).opened_at
        finished(world)
