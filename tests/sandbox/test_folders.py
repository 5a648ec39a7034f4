"""Folders are what an IMAP client expects them to be."""

from __future__ import annotations

import asyncio
import imaplib
from datetime import datetime, timedelta, timezone

from warmup.sandbox import Sandbox

from .access import delivered, raw, talk
from .conftest import BOB, NOW, message


async def test_folders_are_listed_with_their_special_use(sandbox: Sandbox) -> None:
    every, level, root, sub, extended = await talk(
        sandbox,
        lambda access: access.list(),
        lambda access: access.create("Work/2026") and access.list('""', "%"),
        lambda access: access.list('""', '""'),
        lambda access: access.subscribe("Work/2026") and access.unsubscribe("Trash") and access.lsub(),
        lambda access: access.list('""', '"Sen*" RETURN (SPECIAL-USE)'),
        select=None,
    )
    assert every[1] == [
        b'(\\HasNoChildren) "/" "INBOX"',
        b'(\\HasNoChildren \\Junk) "/" "Junk"',
        b'(\\HasNoChildren \\Sent) "/" "Sent"',
        b'(\\HasNoChildren \\Drafts) "/" "Drafts"',
        b'(\\HasNoChildren \\Trash) "/" "Trash"',
    ]
    assert level[1][-1] == b'(\\HasChildren) "/" "Work"'
    assert root[1] == [b'(\\Noselect) "/" ""']
    assert [line.split()[-1] for line in sub[1]] == [b'"INBOX"', b'"Junk"', b'"Sent"', b'"Drafts"', b'"Work/2026"']
    assert extended[1] == [b'(\\HasNoChildren \\Sent) "/" "Sent"']


async def test_a_row_of_wildcards_is_no_burden(sandbox: Sandbox) -> None:
    (answer,) = await asyncio.wait_for(raw(sandbox, b'a LIST "" ' + b"*%" * 5000 + b"x"), 5)
    assert answer == b"a OK LIST completed\r\n"


async def test_a_folder_is_created_once_and_only_under_a_name(sandbox: Sandbox) -> None:
    created, again, inbox, empty, wild = await raw(
        sandbox, b"a CREATE New/", b"b CREATE New", b"c CREATE inbox", b'd CREATE "a//b"', b'e CREATE "a*"'
    )
    assert created == b"a OK CREATE completed\r\n"
    assert again.startswith(b"b NO [ALREADYEXISTS]")
    assert inbox.startswith(b"c NO [ALREADYEXISTS]")
    assert empty.startswith(b"d NO [CANNOT]")
    assert wild.startswith(b"e NO [CANNOT]")


async def test_selecting_tells_all_a_client_needs(sandbox: Sandbox) -> None:
    await delivered(sandbox, 1, 2)
    selected, examined, unknown, then = await raw(
        sandbox, b"a SELECT inbox", b"b EXAMINE INBOX", b"c SELECT Nowhere", b"d FETCH 1 FLAGS"
    )
    system = b"\\Seen \\Answered \\Flagged \\Deleted \\Draft"
    assert selected.splitlines() == [
        b"* FLAGS (%s)" % system,
        b"* OK [PERMANENTFLAGS (%s \\*)] kept" % system,
        b"* 2 EXISTS",
        b"* 0 RECENT",
        b"* OK [UNSEEN 1] first unseen",
        b"* OK [UIDVALIDITY %d] valid" % NOW.timestamp(),
        b"* OK [UIDNEXT 3] predicted",
        b"a OK [READ-WRITE] SELECT completed",
    ]
    assert b"[PERMANENTFLAGS ()]" in examined
    assert examined.endswith(b"b OK [READ-ONLY] EXAMINE completed\r\n")
    assert unknown.startswith(b"c NO [NONEXISTENT]")
    assert then == b"d BAD select a folder first\r\n"


async def test_the_status_of_a_folder_is_told_without_selecting_it(sandbox: Sandbox) -> None:
    await delivered(sandbox, 1, 2)
    (status,) = await talk(sandbox, lambda access: access.status("INBOX", "(MESSAGES UIDNEXT UNSEEN)"), select=None)
    assert status == ("OK", [b'"INBOX" (MESSAGES 2 UIDNEXT 3 UNSEEN 2)'])


async def test_a_message_is_appended_with_flags_and_date(sandbox: Sandbox) -> None:
    at = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    kept, again, nowhere = await talk(
        sandbox,
        lambda access: access.append("Sent", r"(\Seen $Mine)", imaplib.Time2Internaldate(at), message(7)),
        lambda access: access.append("Sent", "", "", message(8)),
        lambda access: access.append("Nowhere", "", "", message(9)),
        select=None,
    )
    validity = int(NOW.timestamp())
    assert kept == ("OK", [f"[APPENDUID {validity} 1] APPEND completed".encode()])
    assert again == ("OK", [f"[APPENDUID {validity} 2] APPEND completed".encode()])
    assert nowhere[0] == "NO"
    first, second = sandbox.box(BOB)["Sent"].mails.values()
    assert (first.raw, first.flags, first.at) == (message(7), {"\\Seen", "$Mine"}, at)
    assert (second.raw, second.flags, second.at) == (message(8), set(), NOW)
    assert [(change.event, change.folder) for change in sandbox.ledger.changes] == [("appended", "Sent")] * 2


async def test_a_client_that_does_not_wait_need_not_be_asked_for_its_literal(sandbox: Sandbox) -> None:
    text = b"Subject: x\r\n\r\n{3}\r\n"
    (answer,) = await raw(sandbox, b"a APPEND Drafts (\\Draft) {%d+}\r\n%s" % (len(text), text))
    assert answer.startswith(b"a OK [APPENDUID")
    assert sandbox.box(BOB)["Drafts"].mails[1].raw == text


async def test_closing_expunges_and_unselecting_does_not(sandbox: Sandbox) -> None:
    await delivered(sandbox, 1, 2)
    inbox = sandbox.box(BOB)["INBOX"]
    inbox.mails[1].flags.add("\\Deleted")
    (unselected,) = await talk(sandbox, lambda access: access.unselect())
    assert unselected[0] == "OK"
    assert list(inbox.mails) == [1, 2]
    (closed,) = await talk(sandbox, lambda access: access.close())
    assert closed == ("OK", [b"CLOSE completed"])
    assert list(inbox.mails) == [2]
