"""Messages are found, read, marked and moved over IMAP, and every change is written down."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from warmup.sandbox import Sandbox

from .access import client, delivered, raw, talk
from .conftest import BOB, NOW, message


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("ALL", "1 2 3"),
        ("SEEN", "2"),
        ("UNSEEN", "1 3"),
        ("NOT SEEN", "1 3"),
        ("FLAGGED", ""),
        ("KEYWORD $warm", "3"),
        ("UNKEYWORD $Warm", "1 2"),
        ("HEADER Message-ID <2@a.example>", "2"),
        ('HEADER message-id "<2@A.example>"', "2"),
        ('HEADER Subject ""', ""),
        ("OR HEADER Message-ID <1@a.example> HEADER Message-ID <3@a.example>", "1 3"),
        ("UID 2:*", "2 3"),
        ("UID 9:*", "3"),
        ("2:3 UNSEEN", "3"),
        ("*", "3"),
        ("(SEEN) (UID 1,2)", "2"),
        ("SINCE 4-Mar-2026", "1 2 3"),
        ("BEFORE 4-Mar-2026", ""),
        ("ON 4-Mar-2026", "1 2 3"),
        ("CHARSET UTF-8 FROM ann@", "1 2 3"),
        ("SUBJECT x", ""),
        ("LARGER 100 SMALLER 100000", "1 2 3"),
        ("BODY you", "1 2 3"),
        ("TEXT sandbox.invalid", "1 2 3"),
        ("NEW", ""),
        ("OLD", "1 2 3"),
    ],
)
async def test_a_search_finds_what_fits(sandbox: Sandbox, said: str, found: str) -> None:
    await delivered(sandbox, 1, 2, 3)
    mails = sandbox.box(BOB)["INBOX"].mails
    mails[2].flags.add("\\Seen")
    mails[3].flags.add("$Warm")
    criteria = said.encode()
    _, by_uid, by_number = await raw(sandbox, b"a SELECT INBOX", b"b UID SEARCH " + criteria, b"c SEARCH " + criteria)
    assert by_uid.splitlines()[0].decode() == f"* SEARCH {found}".strip()
    assert by_number.splitlines()[0].decode() == f"* SEARCH {found}".strip()


async def test_uids_and_numbers_part_ways_after_an_expunge(sandbox: Sandbox) -> None:
    await delivered(sandbox, 1, 2, 3)
    answers = await raw(
        sandbox,
        b"a SELECT INBOX",
        b"b UID STORE 1:2 +FLAGS.SILENT (\\Deleted)",
        b"c UID EXPUNGE 1",
        b"d UID SEARCH ALL",
        b"e SEARCH ALL",
        b"f EXPUNGE",
        b"g FETCH 1 UID",
    )
    assert answers[1:] == [
        b"b OK STORE completed\r\n",
        b"* 1 EXPUNGE\r\nc OK EXPUNGE completed\r\n",
        b"* SEARCH 2 3\r\nd OK SEARCH completed\r\n",
        b"* SEARCH 1 2\r\ne OK SEARCH completed\r\n",
        b"* 1 EXPUNGE\r\nf OK EXPUNGE completed\r\n",
        b"* 1 FETCH (UID 3)\r\ng OK FETCH completed\r\n",
    ]
    assert [change.event for change in sandbox.ledger.changes] == ["flagged", "flagged", "expunged", "expunged"]


async def test_a_fetch_brings_what_is_asked_for(sandbox: Sandbox) -> None:
    await delivered(sandbox, 1)
    (mail,) = sandbox.box(BOB)["INBOX"].mails.values()
    fields, rest, whole, part, simple, head, text = await talk(
        sandbox,
        lambda access: access.uid("FETCH", "1", "(BODY.PEEK[HEADER.FIELDS (message-id X-None)])"),
        lambda access: access.fetch("1", "BODY.PEEK[HEADER.FIELDS.NOT (Return-Path Received Authentication-Results)]"),
        lambda access: access.fetch("1", "(BODY.PEEK[])"),
        lambda access: access.fetch("1", "BODY.PEEK[]<2.5>"),
        lambda access: access.fetch("1", "FAST"),
        lambda access: access.fetch("1", "(BODY.PEEK[HEADER] RFC822.HEADER)"),
        lambda access: access.fetch("1", "BODY.PEEK[TEXT]"),
    )
    assert fields[1][0] == (
        b"1 (UID 1 BODY[HEADER.FIELDS (message-id X-None)] {29}",
        b"Message-ID: <1@a.example>\r\n\r\n",
    )
    assert rest[1][0][1] == message().partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
    assert whole[1][0][1] == mail.raw
    assert part[1][0] == (b"1 (BODY[]<2> {5}", mail.raw[2:7])
    size = len(mail.raw)
    assert simple[1] == [b'1 (FLAGS () INTERNALDATE "04-Mar-2026 09:30:00 +0000" RFC822.SIZE %d)' % size]
    assert head[1][0][1] == head[1][1][1] == mail.head
    assert text[1][0][1] == b"How are you?\r\n"
    assert mail.flags == set()
    assert sandbox.ledger.changes == []


@pytest.mark.parametrize("item", ["BODY[]", "BODY[TEXT]", "RFC822", "RFC822.TEXT", "(FLAGS BODY[])"])
async def test_reading_a_message_makes_it_seen_and_says_so_once(sandbox: Sandbox, item: str) -> None:
    await delivered(sandbox, 1)
    _, first, again = await raw(
        sandbox, b"a SELECT INBOX", b"b UID FETCH 1 " + item.encode(), b"c UID FETCH 1 " + item.encode()
    )
    assert first.count(b"FLAGS (\\Seen)") == 1
    assert again.count(b"FLAGS (\\Seen)") == ("FLAGS" in item)
    assert [(change.event, change.message_id, change.folder) for change in sandbox.ledger.changes] == [
        ("seen", "<1@a.example>", "INBOX")
    ]


async def test_a_folder_that_is_only_examined_stays_as_it_is(sandbox: Sandbox) -> None:
    await delivered(sandbox, 1)
    answers = await raw(
        sandbox,
        b"a EXAMINE INBOX",
        b"b FETCH 1 BODY[TEXT]",
        b"c STORE 1 +FLAGS (\\Seen)",
        b"d UID MOVE 1 Trash",
        b"e EXPUNGE",
        b"f CLOSE",
    )
    assert [answer.splitlines()[-1].split()[1] for answer in answers[1:]] == [b"OK", b"NO", b"NO", b"NO", b"OK"]
    assert sandbox.box(BOB)["INBOX"].mails[1].flags == set()


async def test_flags_and_keywords_are_really_stored(sandbox: Sandbox) -> None:
    await delivered(sandbox, 1)
    answers = await raw(
        sandbox,
        b"a SELECT INBOX",
        b"b UID STORE 1 +FLAGS (\\seen $NotJunk Warm)",
        b"c STORE 1 -FLAGS (warm)",
        b"d STORE 1 FLAGS \\Flagged $Other",
        b"e STORE 1 -FLAGS.SILENT (\\Flagged)",
        b"f STORE 1 FLAGS ()",
        b"g UID STORE 1 +FLAGS ($Kept)",
        b"h STORE 1 +FLAGS (\\Recent)",
        b"i SELECT INBOX",
    )
    assert answers[1:-1] == [
        b"* 1 FETCH (UID 1 FLAGS ($NotJunk Warm \\Seen))\r\nb OK STORE completed\r\n",
        b"* 1 FETCH (FLAGS ($NotJunk \\Seen))\r\nc OK STORE completed\r\n",
        b"* 1 FETCH (FLAGS ($Other \\Flagged))\r\nd OK STORE completed\r\n",
        b"e OK STORE completed\r\n",
        b"* 1 FETCH (FLAGS ())\r\nf OK STORE completed\r\n",
        b"* 1 FETCH (UID 1 FLAGS ($Kept))\r\ng OK STORE completed\r\n",
        b"h BAD \\Recent can't be stored\r\n",
    ]
    assert b"\\Draft $Kept \\*)]" in answers[-1]
    assert [(change.event, change.detail) for change in sandbox.ledger.changes] == [
        ("seen", ""),
        ("flagged", "$NotJunk Warm"),
        ("unflagged", "Warm"),
        ("unflagged", "$NotJunk \\Seen"),
        ("flagged", "$Other \\Flagged"),
        ("unflagged", "\\Flagged"),
        ("unflagged", "$Other"),
        ("flagged", "$Kept"),
    ]


@pytest.mark.parametrize("by", ["", "UID "])
async def test_a_move_tells_the_new_uids_before_the_old_numbers_go(sandbox: Sandbox, by: str) -> None:
    await delivered(sandbox, 1, 2, 3)
    sandbox.box(BOB)["INBOX"].mails[2].flags.add("$Warm")
    _, moved, nothing, nowhere = await raw(
        sandbox,
        b"a SELECT INBOX",
        f"b {by}MOVE 2:3 Junk".encode(),
        f"c {by}MOVE 7 Junk".encode(),
        f"d {by}MOVE 1 Nowhere".encode(),
    )
    assert moved.splitlines() == [
        b"* OK [COPYUID %d 2,3 1,2] moved" % NOW.timestamp(),
        b"* 3 EXPUNGE",
        b"* 2 EXPUNGE",
        b"b OK MOVE completed",
    ]
    assert nothing == b"c OK MOVE completed\r\n"
    assert nowhere.startswith(b"d NO [TRYCREATE]")
    junk = sandbox.box(BOB)["Junk"].mails
    assert [mail.message_id for mail in junk.values()] == ["<2@a.example>", "<3@a.example>"]
    assert junk[1].flags == {"$Warm"}
    assert [(change.event, change.folder, change.detail) for change in sandbox.ledger.changes] == [
        ("moved", "INBOX", "Junk"),
        ("moved", "INBOX", "Junk"),
    ]


@pytest.mark.parametrize("by", ["", "UID "])
async def test_a_copy_stays_where_it_was_too(sandbox: Sandbox, by: str) -> None:
    await delivered(sandbox, 1)
    _, copied, nowhere = await raw(
        sandbox, b"a SELECT INBOX", f"b {by}COPY 1 Trash".encode(), f"c {by}COPY 1 Nowhere".encode()
    )
    assert copied == b"b OK [COPYUID %d 1 1] COPY completed\r\n" % NOW.timestamp()
    assert nowhere.startswith(b"c NO [TRYCREATE]")
    box = sandbox.box(BOB)
    box["Trash"].mails[1].flags.add("\\Seen")
    assert box["INBOX"].mails[1].flags == set()
    assert box["INBOX"].mails[1].raw == box["Trash"].mails[1].raw


async def test_two_clients_of_one_folder_keep_their_numbers_until_they_are_told(sandbox: Sandbox) -> None:
    await delivered(sandbox, 1, 2, 3)

    def run() -> tuple[Any, ...]:
        with client(sandbox) as one, client(sandbox) as other:
            one.select()
            other.select()
            one.uid("MOVE", "1", "Trash")
            still = other.fetch("1:3", "(UID)")
            noticed = other.noop() and other.response("EXPUNGE")
            return still, noticed, other.fetch("1", "(UID)")

    still, noticed, then = await asyncio.to_thread(run)
    assert still[1] == [b"2 (UID 2)", b"3 (UID 3)"]
    assert noticed[1] == [b"1"]
    assert then[1] == [b"1 (UID 2)"]


async def test_fifty_clients_at_once_each_find_their_message(sandbox: Sandbox) -> None:
    await delivered(sandbox, *range(50))

    async def find(number: int) -> bytes:
        sought = b"b UID SEARCH HEADER Message-ID <%d@a.example>" % number
        return (await raw(sandbox, b"a SELECT INBOX", sought, b"c UID FETCH %d BODY[]" % (number + 1)))[1]

    found = await asyncio.gather(*(find(number) for number in range(50)))
    assert [line.split()[2] for line in found] == [b"%d" % (number + 1) for number in range(50)]
    assert sum(change.event == "seen" for change in sandbox.ledger.changes) == 50
