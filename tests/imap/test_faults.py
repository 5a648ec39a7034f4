"""At every command a server can refuse, close, hang, babble or vanish: the mailbox is never waited for in vain, and a
connection that went wrong once is never used again.
"""

from __future__ import annotations

import asyncio
import ssl
from datetime import UTC, datetime

import pytest

from warmup.errors import AccessLost, AccessRefused
from warmup.imap import Access
from warmup.model import Security, Stage

from .client import HASTY, LABEL, LOGOUT, empty, fetched, header, refused, searched, selected, session, signed_in
from .conftest import Serve

SEARCH = 'UID SEARCH HEADER Message-ID "<a@x>"'
FETCH = "UID FETCH 5 (UID FLAGS BODY.PEEK[HEADER.FIELDS (MESSAGE-ID X-WARMUP)])"
MESSAGE = b"Message-ID: <k@x>\r\n\r\nHello\r\n"

# A visit that uses every command: in Junk, rescued by COPY, opened, answered, filed by MOVE, and a copy kept.
VISIT = f"""
    {empty("INBOX")}
    {selected("EXAMINE", "Junk")}
    {searched("<a@x>", 5)}
    {fetched("5", header(5, "<a@x>"))}
    {selected("SELECT", "Junk")}
    {fetched("5", header(5, "<a@x>"))}
    C: a CREATE "Warmup"
    S: a OK done
    C: a SUBSCRIBE "Warmup"
    S: a OK done
    C: a UID COPY 5 "Warmup"
    S: a OK [COPYUID 9 5 6] copied
    C: a UID STORE 5 +FLAGS.SILENT (\\Deleted)
    S: a OK done
    C: a UID EXPUNGE 5
    S: a OK done
    {empty("Sent", "<k@x>")}
    C: a APPEND "Sent" (\\Seen) "05-Jan-2026 00:00:00 +0000" {{{len(MESSAGE)}}}
    S: + go on
    C: Message-ID: <k@x>
    C:
    C: Hello
    C:
    S: a OK done
"""
STAGES = {
    "EXAMINE": Stage.SELECT,
    "UID SEARCH": Stage.FETCH,
    "UID FETCH": Stage.FETCH,
    "SELECT": Stage.SELECT,
    "CREATE": Stage.SELECT,
    "UID COPY": Stage.FETCH,
    "UID MOVE": Stage.FETCH,
    "UID STORE": Stage.FETCH,
    "UID EXPUNGE": Stage.FETCH,
    "APPEND": Stage.FETCH,
}
GONE = r"127\.0\.0\.1 closed the connection"
BABBLE = r"127\.0\.0\.1 doesn't speak IMAP"
FAULTS = {
    "drop": ("-- hang up", GONE),
    "bye": ("S: * BYE [OVERQUOTA] enough\n-- hang up", r"BYE \[OVERQUOTA\] enough$"),
    "another tag": ("S: zz9 OK done\n-- silence", BABBLE),
    "neither yes nor no": ("S: a MAYBE done\n-- silence", BABBLE),
    "garbage": ("S: \udcff\udcfe\x00 what\n-- silence", BABBLE),
    "empty lines": ("S: \nS: \n-- silence", BABBLE),
    "unasked": ("S: + go on\nS: + and on\nS: + and on\n-- silence", BABBLE),
    "endless literal": ("S: * 1 FETCH (BODY[] {99999999999}\n-- silence", BABBLE),
    "literal of many digits": (f"S: * 1 FETCH (BODY[] {{{'9' * 5000}}}\n-- silence", BABBLE),
    "endless line": (f"S: * 1 FETCH {'x' * 2_000_000}\n-- silence", BABBLE),
}


def cut(command: str, then: str, visit: str = VISIT) -> str:
    """The visit until `command` is heard for the first time, and what happens then."""
    before, found, after = visit.partition(f"C: a {command} ")
    assert found, f"the visit has no {command}"
    return f"{before}{found}{after.partition(chr(10))[0]}\n{then}"


def visited(command: str) -> tuple[str, str]:
    """The visit in which a command is used, and what the server offers for that."""
    if command == "UID MOVE":
        move = 'C: a UID MOVE 5 "Warmup"\n'
        return VISIT.partition("C: a UID COPY")[0] + move, "IMAP4rev1 MOVE"
    return VISIT, "IMAP4rev1 UIDPLUS"


async def visit(access: Access) -> None:
    found = await access.look({"<a@x>": "t1"}, label=LABEL)
    await access.file(found["<a@x>"], "Warmup")
    await access.keep(MESSAGE, "<k@x>", datetime(2026, 1, 5, tzinfo=UTC))


async def test_a_visit_without_faults(serve: Serve, trusting: ssl.SSLContext) -> None:
    access = await signed_in(await serve(session(VISIT + LOGOUT, offers="IMAP4rev1 UIDPLUS")), trusting)
    await visit(access)
    await access.close()


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("command", STAGES)
async def test_a_fault_at_any_command_loses_the_access_at_once(
    serve: Serve, trusting: ssl.SSLContext, command: str, fault: str
) -> None:
    then, why = FAULTS[fault]
    dialogue, offers = visited(command)
    server = await serve(session(cut(command, then, dialogue), offers=offers))
    access = await signed_in(server, trusting)
    with pytest.raises(AccessLost, match=why) as lost:
        await visit(access)
    assert lost.value.stage is STAGES[command]
    assert not access.usable
    with pytest.raises(AccessLost):
        await access.look({"<a@x>": "t1"}, label=LABEL)
    await access.close()


@pytest.mark.parametrize(
    ("command", "half"),
    [
        *((command, "") for command in STAGES),
        ("UID FETCH", "S: * 1 FETCH (UID 1 BODY[] {5}"),
        ("SELECT", "S: * 1 EXISTS"),
    ],
)
async def test_silence_at_any_command_ends_at_the_deadline(
    serve: Serve, trusting: ssl.SSLContext, command: str, half: str
) -> None:
    dialogue, offers = visited(command)
    server = await serve(session(cut(command, f"{half}\n-- silence", dialogue), offers=offers))
    access = await signed_in(server, trusting, timeouts=HASTY)
    with pytest.raises(AccessLost, match=r"no answer from 127\.0\.0\.1 within 0\.4 s") as lost:
        await visit(access)
    assert lost.value.stage is STAGES[command]
    assert not access.usable


async def test_a_bye_after_which_nothing_happens_is_told_at_the_deadline(
    serve: Serve, trusting: ssl.SSLContext
) -> None:
    server = await serve(session(cut("UID COPY", "S: * bye enough\n-- silence"), offers="IMAP4rev1 UIDPLUS"))
    access = await signed_in(server, trusting, timeouts=HASTY)
    with pytest.raises(AccessLost, match=r"bye enough$"):
        await visit(access)
    assert not access.usable


@pytest.mark.parametrize("command", ["UID STORE", "UID COPY"])
async def test_a_connection_dropped_in_tls_is_noticed_at_once(
    serve: Serve, trusting: ssl.SSLContext, command: str
) -> None:
    server = await serve(session(cut(command, "-- hang up"), offers="IMAP4rev1 UIDPLUS"), implicit=True)
    access = await signed_in(server, trusting, Security.TLS)
    with pytest.raises(AccessLost, match=GONE):
        await visit(access)
    assert not access.usable


@pytest.mark.parametrize("words", ["NO [UNAVAILABLE] Server Unavailable. 15", "BAD Request is throttled."])
@pytest.mark.parametrize("command", STAGES)
async def test_a_refusal_of_any_command_is_told_word_for_word_and_leaves_the_access_good(
    serve: Serve, trusting: ssl.SSLContext, command: str, words: str
) -> None:
    dialogue, offers = visited(command)
    along = {"EXAMINE": SEARCH, "SELECT": FETCH}.get(command)
    then = f"S: a {words}\n{refused(along, 'BAD no folder is selected') if along else ''}{LOGOUT}"
    server = await serve(session(cut(command, then, dialogue), offers=offers))
    access = await signed_in(server, trusting)
    with pytest.raises(AccessRefused) as no:
        await visit(access)
    assert (no.value.stage, no.value.why) == (STAGES[command], words)
    assert access.usable
    await access.close()


@pytest.mark.parametrize("command", STAGES)
async def test_a_visit_cancelled_at_any_command_hangs_up(serve: Serve, trusting: ssl.SSLContext, command: str) -> None:
    dialogue, offers = visited(command)
    server = await serve(session(cut(command, "-- silence", dialogue), offers=offers))
    access = await signed_in(server, trusting)
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(visit(access))
        await asyncio.wait_for(server.reached["-- silence"].wait(), 5)
        task.cancel()
    assert task.cancelled()
    assert not access.usable
    await access.close()


@pytest.mark.parametrize("lines", [2_000, 20_000])
async def test_thousands_of_lines_at_once_are_no_trouble(serve: Serve, trusting: ssl.SSLContext, lines: int) -> None:
    chatter = "\n".join(f"S: * {number} EXPUNGE" for number in range(lines))
    flood = f'C: a EXAMINE "INBOX"\n{chatter}\n' + empty("INBOX").partition("\n        S:")[2]
    rest = flood.replace(" * FLAGS", "S: * FLAGS", 1) + empty("Junk")
    rest += empty("Old mail")
    access = await signed_in(await serve(session(rest + LOGOUT)), trusting)
    assert await access.look({"<a@x>": "t1"}, label=LABEL) == {}
    await access.close()


async def test_an_answer_without_end_is_cut_off(
    serve: Serve, trusting: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("warmup.imap.wire._ANSWER", 100_000)
    endless = "\n".join(["S: * 1 EXPUNGE"] * 500)  # fewer octets than that, but a line is more than its octets
    access = await signed_in(await serve(session(f'C: a EXAMINE "INBOX"\n{endless}')), trusting)
    with pytest.raises(AccessLost, match="an answer without end"):
        await access.look({"<a@x>": "t1"}, label=LABEL)


async def test_a_mail_of_many_megabytes_arrives_whole(serve: Serve, trusting: ssl.SSLContext) -> None:
    text = "Message-ID: <a@x>|X-Warmup: t1||" + "0123456789" * 500_000
    rest = f"""
        {selected("SELECT", "INBOX")}
        {searched("<a@x>", 5)}
        {fetched("5", header(5, "<a@x>"))}
        C: a UID FETCH 5 (UID FLAGS BODY.PEEK[])
        S: * 5 FETCH (UID 5 FLAGS () BODY[] ⟨{text}⟩)
        S: a OK done
        C: a UID STORE 5 +FLAGS.SILENT (\\Seen)
        S: a OK done
    """
    access = await signed_in(await serve(session(rest + LOGOUT)), trusting)
    found = await access.look({"<a@x>": "t1"}, label=LABEL, acting=True)
    assert len(await access.open(found["<a@x>"])) == len(text) + 3
    await access.close()


async def test_a_parenthesis_in_a_text_swallows_nothing(serve: Serve, trusting: ssl.SSLContext) -> None:
    rest = f"""
        {selected("EXAMINE", "INBOX", exists=2)}
        {searched("<a@x>", 1, 2)}
        {fetched("1,2", header(1, "(((", "t9"), header(2, "<a@x>"))}
    """
    access = await signed_in(await serve(session(rest + LOGOUT)), trusting)
    assert (await access.look({"<a@x>": "t1"}, label=LABEL))["<a@x>"].uid == 2
    await access.close()


async def test_braces_in_words_for_people_are_no_literal(serve: Serve, trusting: ssl.SSLContext) -> None:
    rest = 'C: a EXAMINE "INBOX"\nS: * OK look {99999999999}\nS: * NO disk nearly full {7}\nS: a NO never {3}\n'
    rest += refused(SEARCH, "BAD no folder {1}")
    access = await signed_in(await serve(session(rest + LOGOUT)), trusting)
    with pytest.raises(AccessRefused, match=r"NO never \{3\}$"):
        await access.look({"<a@x>": "t1"}, label=LABEL)
    await access.close()


async def test_what_is_said_at_once_is_answered_one_by_one(serve: Serve, trusting: ssl.SSLContext) -> None:
    both = f'C: a EXAMINE "INBOX"\nC: a {SEARCH}\nS: * 1 EXISTS\nS: * OK [UIDVALIDITY 7] UIDs valid\nS: a OK done\n'
    rest = both + "S: * SEARCH 5\nS: a OK done\n" + fetched("5", header(5, "<a@x>"))
    access = await signed_in(await serve(session(rest + LOGOUT)), trusting)
    assert (await access.look({"<a@x>": "t1"}, label=LABEL))["<a@x>"].uid == 5
    await access.close()


@pytest.mark.parametrize("end", ["-- hang up", f"C: a {SEARCH}\nS: * BYE no\n-- hang up", "S: * BYE no\n-- hang up"])
async def test_a_refusal_after_which_the_server_hangs_up_is_told(
    serve: Serve, trusting: ssl.SSLContext, end: str
) -> None:
    access = await signed_in(await serve(session(f'C: a EXAMINE "INBOX"\nS: a NO [LIMIT] not now\n{end}')), trusting)
    with pytest.raises(AccessRefused, match=r"NO \[LIMIT\] not now$"):
        await access.look({"<a@x>": "t1"}, label=LABEL)
    assert not access.usable
    await access.close()


@pytest.mark.parametrize("first", ["OK done", "NO never"])
async def test_silence_after_the_first_of_two_is_told_of_the_second_unless_the_first_was_refused(
    serve: Serve, trusting: ssl.SSLContext, first: str
) -> None:
    half = f'C: a EXAMINE "INBOX"\nS: * 1 EXISTS\nS: a {first}\nC: a {SEARCH}\n-- silence'
    access = await signed_in(await serve(session(half)), trusting, timeouts=HASTY)
    with pytest.raises(AccessRefused if first == "NO never" else AccessLost) as lost:
        await access.look({"<a@x>": "t1"}, label=LABEL)
    assert lost.value.stage is (Stage.SELECT if first == "NO never" else Stage.FETCH)
    assert not access.usable
    await access.close()


async def test_an_idle_connection_that_was_ended_says_why(serve: Serve, trusting: ssl.SSLContext) -> None:
    server = await serve(session("S: * 3 EXISTS\nS: * BYE Autologout; idle for too long\n-- hang up"))
    access = await signed_in(server, trusting)
    await asyncio.wait_for(server.ended.wait(), 5)
    with pytest.raises(AccessLost, match=r"BYE Autologout; idle for too long$"):
        await access.look({"<a@x>": "t1"}, label=LABEL)
    assert not access.usable
    await access.close()


@pytest.mark.parametrize("goodbye", ["-- hang up", "-- silence", "S: a BAD what", "S: gibberish", "S: a NO stay"])
async def test_a_goodbye_that_fails_is_nobodys_trouble(serve: Serve, trusting: ssl.SSLContext, goodbye: str) -> None:
    access = await signed_in(await serve(session(f"C: a LOGOUT\n{goodbye}")), trusting, timeouts=HASTY)
    await access.close()
    assert not access.usable
    await access.close()


async def test_an_answer_in_single_octets_is_put_together(serve: Serve, trusting: ssl.SSLContext) -> None:
    rest = selected("EXAMINE", "INBOX") + searched("<a@x>", 5) + fetched("5", header(5, "<a@x>"))
    server = await serve(session(rest + LOGOUT))
    server.stammers = True
    access = await signed_in(server, trusting)
    assert (await access.look({"<a@x>": "t1"}, label=LABEL))["<a@x>"].uid == 5
    await access.close()
