"""What is done with our mail, command by command; and that nothing is ever done with other mail."""

from __future__ import annotations

import asyncio
import ssl

import pytest

from warmup.errors import AccessRefused
from warmup.imap import Access, Sighting
from warmup.model import Placement, Stage

from .client import (
    FOLDERS,
    LABEL,
    LOGOUT,
    empty,
    fetched,
    header,
    newest,
    refused,
    searched,
    selected,
    session,
    signed_in,
)
from .conftest import Serve

OURS = {"<a@x>": "t1"}
MESSAGE = b"Message-ID: <a@x>\r\nX-Warmup: t1\r\n\r\nHello (\r\n"
INBOX = Sighting("<a@x>", "INBOX", 5, 7, Placement.INBOX)
JUNK = Sighting("<a@x>", "Junk", 5, 7, Placement.JUNK)

FOUND = selected("EXAMINE", "INBOX") + searched("<a@x>", 5) + fetched("5", header(5, "<a@x>"))
NOT_IN_INBOX = selected("EXAMINE", "INBOX") + searched("<a@x>") + newest()
FOUND_IN_JUNK = NOT_IN_INBOX + selected("EXAMINE", "Junk") + searched("<a@x>", 5) + fetched("5", header(5, "<a@x>"))
ENTERED = selected("SELECT", "INBOX") + fetched("5", header(5, "<a@x>"))
ANSWERED = "C: a UID STORE 5 +FLAGS.SILENT (\\Answered)\nS: a OK done\n"
MOVED = 'C: a UID MOVE 5 "Old mail"\nS: * OK [COPYUID 9 5 44] moved\nS: a OK done\n'
ENTERED_JUNK = selected("SELECT", "Junk") + fetched("5", header(5, "<a@x>"))


async def looking(
    serve: Serve,
    trusting: ssl.SSLContext,
    rest: str,
    *,
    offers: str = "IMAP4rev1 UIDPLUS MOVE",
    folders: str = FOLDERS,
    acting: bool = False,
) -> tuple[Access, dict[str, Sighting]]:
    """Signed in and having looked for `OURS`, in a conversation that goes on with `rest`."""
    access = await signed_in(await serve(session(rest + LOGOUT, offers=offers, folders=folders)), trusting)
    return access, await access.look(OURS, label=LABEL, acting=acting)


async def test_a_message_in_inbox_is_found_there_and_nothing_else_is_looked_into(
    serve: Serve, trusting: ssl.SSLContext
) -> None:
    access, found = await looking(serve, trusting, FOUND)
    assert found == {"<a@x>": INBOX}
    await access.close()


async def test_a_message_in_junk_is_found_there(serve: Serve, trusting: ssl.SSLContext) -> None:
    access, found = await looking(serve, trusting, FOUND_IN_JUNK)
    assert found == {"<a@x>": JUNK}
    await access.close()


async def test_what_is_nowhere_was_looked_for_everywhere_but_in_sent_and_trash(
    serve: Serve, trusting: ssl.SSLContext
) -> None:
    rest = NOT_IN_INBOX + empty("Junk") + selected("EXAMINE", "Old mail") + searched("<a@x>")
    access, found = await looking(serve, trusting, rest)
    assert found == {}
    await access.close()


async def test_a_folder_that_can_not_be_opened_is_passed_over_unless_it_is_inbox(
    serve: Serve, trusting: ssl.SSLContext
) -> None:
    search = 'UID SEARCH HEADER Message-ID "<a@x>"'
    noes = refused('EXAMINE "Old mail"', "NO [NOPERM] not yours", search)
    noes += refused('EXAMINE "INBOX"', "NO [LIMIT] Rate limit hit", search)
    access, found = await looking(serve, trusting, NOT_IN_INBOX + empty("Junk") + noes)
    assert found == {}
    with pytest.raises(AccessRefused, match=r"^select: NO \[LIMIT\] Rate limit hit$") as no:
        await access.look(OURS, label=LABEL)
    assert no.value.stage is Stage.SELECT
    assert access.usable
    await access.close()


async def test_many_messages_are_searched_for_together_and_fetched_a_hundred_at_a_time(
    serve: Serve, trusting: ssl.SSLContext
) -> None:
    sought = {f"<{number}@x>": f"t{number}" for number in range(9)}
    first = "OR OR OR OR OR OR OR " + " ".join(f'HEADER Message-ID "<{number}@x>"' for number in range(8))
    uids = [*range(150, 0, -1)]
    rest = f"""
        {selected("EXAMINE", "INBOX", exists=150)}
        C: a UID SEARCH {first}
        S: * SEARCH {" ".join(map(str, uids[:80]))}
        S: * SEARCH {" ".join(map(str, uids[80:]))}
        S: a OK done
        {searched("<8@x>", 8, 200)}
        {fetched(",".join(map(str, range(1, 101))), *(header(n, f"<{n}@x>", f"t{n}") for n in range(1, 101)))}
        {fetched(",".join(map(str, [*range(101, 151), 200])), header(200, "<8@x>", "t8"), header(140, "<0@x>", "t0"))}
    """
    access = await signed_in(await serve(session(rest + LOGOUT)), trusting)
    found = await access.look(sought, label=LABEL)
    assert {name: sighting.uid for name, sighting in found.items()} == {
        f"<{number}@x>": number or 140 for number in range(9)
    }
    await access.close()


@pytest.mark.parametrize(
    ("messages", "uid"),
    [
        ([header(5, "<a@x>", "forged"), header(9, "<a@x>")], 9),
        ([header(9, "<a@x>"), header(5, "<a@x>")], 5),
        ([header(5, "<a@x>", flags=r"\Seen \deleted"), header(9, "<a@x>")], 9),
        ([header(5, "<xa@x>", "t9"), header(9, "<a@x>")], 9),
        (["S: * 5 FETCH (UID 5 FLAGS (", header(9, "<a@x>")], 9),
        (["S: * 5 FETCH", "S: * 5 FETCH (FLAGS (\\Seen))", "S: * 5 EXPUNGE", header(9, "<a@x>")], 9),
        (["S: * 5 FETCH (BODY[HEADER.FIELDS (X (Y)] ⟨Message-ID: <a@x>|X-Warmup: t1||⟩ UID 9)"], 9),
        (["S: * 5 FETCH (UID 99999999999 BODY[] ⟨Message-ID: <a@x>|X-Warmup: t1||⟩)", header(9, "<a@x>")], 9),
    ],
    ids=["forgery", "twice", "deleted", "other", "unmatched", "unasked", "UID last", "no UID"],
)
async def test_the_first_message_that_is_ours_is_found_whatever_lies_beside_it(
    serve: Serve, trusting: ssl.SSLContext, messages: list[str], uid: int
) -> None:
    rest = selected("EXAMINE", "INBOX", exists=9) + searched("<a@x>", 5, 9) + fetched("5,9", *messages)
    access, found = await looking(serve, trusting, rest)
    assert found["<a@x>"].uid == uid
    await access.close()


async def test_a_message_whose_id_was_replaced_is_known_by_its_label_among_the_newest(
    serve: Serve, trusting: ssl.SSLContext
) -> None:
    rest = f"""
        {selected("EXAMINE", "INBOX", exists=230)}
        {searched("<a@x>")}
        {newest(header(229, "<strange@x>", "t9"), header(230, "<replaced@outlook>"), exists=230)}
    """
    access, found = await looking(serve, trusting, rest)
    assert found == {"<a@x>": Sighting("<a@x>", "INBOX", 230, 7, Placement.INBOX)}
    await access.close()


async def test_opening_reads_the_text_and_marks_it_along_with_that(serve: Serve, trusting: ssl.SSLContext) -> None:
    text = MESSAGE.decode().replace("\r\n", "|")
    rest = f"""
        {FOUND}
        {ENTERED}
        C: a UID FETCH 5 (UID FLAGS BODY.PEEK[])
        S: * 5 FETCH (UID 5 FLAGS () BODY[] ⟨{text}⟩)
        S: * 6 EXISTS
        S: a OK Success [THROTTLED]
        C: a UID STORE 5 +FLAGS.SILENT (\\Seen)
        S: a OK done
        C: a UID FETCH 5 (UID FLAGS BODY.PEEK[])
        S: * 5 FETCH (BODY[] ⟨{text}⟩ FLAGS (\\Seen) UID 5)
        S: a OK done
        C: a UID STORE 5 +FLAGS.SILENT (\\Seen \\Flagged)
        S: a OK done
    """
    access, found = await looking(serve, trusting, rest)
    assert await access.open(found["<a@x>"]) == MESSAGE
    assert await access.open(found["<a@x>"], flag=True) == MESSAGE
    await access.close()


async def test_a_header_is_read_without_a_mark(serve: Serve, trusting: ssl.SSLContext) -> None:
    head = MESSAGE.decode().partition("Hello")[0]
    rest = f"""
        {FOUND}
        {selected("SELECT", "INBOX")}
        C: a UID FETCH 5 (UID FLAGS BODY.PEEK[HEADER])
        S: * 5 FETCH (UID 5 FLAGS () BODY[HEADER] ⟨{head.replace(chr(13) + chr(10), "|")}⟩)
        S: a OK done
    """
    access, found = await looking(serve, trusting, rest)
    assert await access.header(found["<a@x>"]) == head.encode()
    await access.close()


async def test_answering_is_marked(serve: Serve, trusting: ssl.SSLContext) -> None:
    access, found = await looking(serve, trusting, FOUND + ENTERED + ANSWERED)
    await access.answered(found["<a@x>"])
    await access.close()


@pytest.mark.parametrize(
    ("permanent", "stores"),
    [
        (r"\Seen \*", ["+FLAGS.SILENT ($NotJunk)", "-FLAGS.SILENT ($Junk)"]),
        (r"\Seen $notjunk", ["+FLAGS.SILENT ($NotJunk)"]),
        (r"\Seen $Junk", ["-FLAGS.SILENT ($Junk)"]),
        (r"\Seen", []),
    ],
    ids=["any", "one", "the other", "none"],
)
@pytest.mark.parametrize("answer", ["a OK done", "a NO [LIMIT] too many keywords"])
async def test_a_rescue_moves_to_inbox_with_the_keywords_that_are_permitted(
    serve: Serve, trusting: ssl.SSLContext, permanent: str, stores: list[str], answer: str
) -> None:
    keywords = "\n".join(f"C: a UID STORE 5 {store}\nS: {answer}" for store in stores)
    rest = f"""
        {FOUND_IN_JUNK}
        {selected("SELECT", "Junk", permanent=permanent)}
        {fetched("5", header(5, "<a@x>"))}
        {keywords}
        C: a UID MOVE 5 "INBOX"
        S: * OK [COPYUID 8 5 31] moved
        S: * 1 EXPUNGE
        S: a OK done
    """
    access, found = await looking(serve, trusting, rest)
    assert await access.rescue(found["<a@x>"]) == Sighting("<a@x>", "INBOX", 31, 8, Placement.INBOX)
    await access.close()


async def test_a_moved_message_is_searched_for_where_the_server_does_not_tell(
    serve: Serve, trusting: ssl.SSLContext
) -> None:
    rest = f"""
        {FOUND}
        {ENTERED}
        C: a UID MOVE 5 "Old mail"
        S: a OK done
        {selected("EXAMINE", "Old mail", validity=9)}
        {searched("<a@x>", 2, 3)}
        {fetched("2,3", header(2, "<a@x>", "forged"), header(3, "<a@x>"))}
    """
    access, found = await looking(serve, trusting, rest)
    assert await access.file(found["<a@x>"], "Old mail") == Sighting("<a@x>", "Old mail", 3, 9, Placement.OTHER)
    await access.close()


async def test_a_moved_message_that_is_not_there_is_told(serve: Serve, trusting: ssl.SSLContext) -> None:
    rest = FOUND + ENTERED + 'C: a UID MOVE 5 "Old mail"\nS: a OK done\n' + empty("Old mail")
    access, found = await looking(serve, trusting, rest)
    with pytest.raises(AccessRefused, match=r"<a@x> isn't in Old mail"):
        await access.file(found["<a@x>"], "Old mail")
    await access.close()


@pytest.mark.parametrize("uidplus", [True, False])
async def test_without_move_a_copy_is_made_and_nothing_but_the_original_is_ever_expunged(
    serve: Serve, trusting: ssl.SSLContext, uidplus: bool
) -> None:
    expunge = "C: a UID EXPUNGE 5\nS: * 1 EXPUNGE\nS: a OK done" if uidplus else ""
    rest = f"""
        {FOUND}
        {ENTERED}
        C: a UID COPY 5 "Old mail"
        S: a OK [COPYUID 9 5 44] copied
        C: a UID STORE 5 +FLAGS.SILENT (\\Deleted)
        S: a OK done
        {expunge}
    """
    access, found = await looking(serve, trusting, rest, offers="IMAP4rev1 UIDPLUS" if uidplus else "IMAP4rev1")
    assert await access.file(found["<a@x>"], "Old mail") == Sighting("<a@x>", "Old mail", 44, 9, Placement.OTHER)
    await access.close()


@pytest.mark.parametrize("answer", ["OK done", "NO [ALREADYEXISTS] there is one"])
@pytest.mark.parametrize("subscribed", ["OK done", "BAD what is SUBSCRIBE"])
async def test_a_missing_folder_is_made_once_with_the_servers_delimiter_under_the_prefix(
    serve: Serve, trusting: ssl.SSLContext, answer: str, subscribed: str
) -> None:
    folders = 'S: * LIST () "." INBOX'
    rest = f"""
        {FOUND}
        {ENTERED}
        C: a CREATE "INBOX.W&AOQ-rmup.Old"
        S: a {answer}
        C: a SUBSCRIBE "INBOX.W&AOQ-rmup.Old"
        S: a {subscribed}
        C: a UID MOVE 5 "INBOX.W&AOQ-rmup.Old"
        S: * OK [COPYUID 9 5 1] moved
        S: a OK done
    """
    dialogue = session(rest + LOGOUT, offers="IMAP4rev1 MOVE NAMESPACE", folders=folders)
    access = await signed_in(await serve(dialogue.replace('(("" "/"))', '(("INBOX." "."))')), trusting)
    found = await access.look(OURS, label=LABEL)
    filed = await access.file(found["<a@x>"], "Wärmup/Old")
    assert filed == Sighting("<a@x>", "INBOX.Wärmup.Old", 1, 9, Placement.OTHER)
    assert "INBOX.Wärmup.Old" in access.folders.names
    assert await access.file(filed, "Wärmup/Old") == filed
    await access.close()


async def test_a_folder_that_can_not_be_made_leaves_the_message_where_it_is(
    serve: Serve, trusting: ssl.SSLContext
) -> None:
    access, found = await looking(serve, trusting, FOUND + ENTERED + 'C: a CREATE "Warmup"\nS: a NO [NOPERM] never')
    with pytest.raises(AccessRefused, match=r"^select: NO \[NOPERM\] never$"):
        await access.file(found["<a@x>"], "Warmup")
    await access.close()


async def act(access: Access, verb: str, sighting: Sighting) -> None:
    match verb:
        case "open":
            await access.open(sighting)
        case "rescue":
            await access.rescue(sighting)
        case "answered":
            await access.answered(sighting)
        case _:
            await access.file(sighting, "Old mail")


VERBS = ["open", "rescue", "answered", "file"]


@pytest.mark.parametrize("verb", VERBS)
async def test_a_folder_made_anew_is_not_touched(serve: Serve, trusting: ssl.SSLContext, verb: str) -> None:
    shown = fetched("5", header(5, "<a@x>"))
    access, found = await looking(serve, trusting, FOUND + selected("SELECT", "INBOX", validity=8) + shown)
    with pytest.raises(AccessRefused, match=r"INBOX isn't the folder it was \(UIDVALIDITY 8, was 7\): look again"):
        await act(access, verb, found["<a@x>"])
    await access.close()


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize(
    ("message", "why"),
    [
        ("", "<a@x> is no longer in INBOX"),
        (header(5, "<a@x>", flags="\\Deleted"), "<a@x> is no longer in INBOX"),
        (header(6, "<a@x>"), "<a@x> is no longer in INBOX"),
        (header(5, "<a@x>", "forged"), "UID 5 in INBOX isn't <a@x>"),
        (header(5, "<b@x>", "other"), "UID 5 in INBOX isn't <a@x>"),
    ],
    ids=["gone", "deleted", "another", "forged", "taken"],
)
async def test_a_message_that_is_gone_or_is_not_ours_is_never_touched(
    serve: Serve, trusting: ssl.SSLContext, verb: str, message: str, why: str
) -> None:
    access, found = await looking(serve, trusting, FOUND + selected("SELECT", "INBOX") + fetched("5", message))
    with pytest.raises(AccessRefused, match=why) as no:
        await act(access, verb, found["<a@x>"])
    assert no.value.stage is Stage.FETCH
    await access.close()


@pytest.mark.parametrize("verb", VERBS)
async def test_what_was_not_looked_for_is_never_touched(serve: Serve, trusting: ssl.SSLContext, verb: str) -> None:
    access = await signed_in(await serve(session(LOGOUT)), trusting)
    with pytest.raises(ValueError, match="isn't ours to touch"):
        await act(access, verb, INBOX)
    await access.close()


@pytest.mark.parametrize("moves", [True, False], ids=["by MOVE", "by COPY"])
async def test_what_was_answered_is_marked_so_before_it_is_filed(
    serve: Serve, trusting: ssl.SSLContext, moves: bool
) -> None:
    by_copy = MOVED.replace("MOVE", "COPY") + "C: a UID STORE 5 +FLAGS.SILENT (\\Deleted)\nS: a OK done\n"
    rest = FOUND + ENTERED + ANSWERED + (MOVED if moves else by_copy)
    access, found = await looking(serve, trusting, rest, offers="IMAP4rev1 MOVE" if moves else "IMAP4rev1")
    filed = await access.file(found["<a@x>"], "Old mail", answered=True)
    assert filed == Sighting("<a@x>", "Old mail", 44, 9, Placement.OTHER)
    await access.close()


async def test_where_it_was_moved_may_be_told_before_it_is_said_to_be_marked(
    serve: Serve, trusting: ssl.SSLContext
) -> None:
    told_first = """
        C: a UID STORE 5 +FLAGS.SILENT (\\Answered)
        C: a UID MOVE 5 "Old mail"
        S: * OK [COPYUID 9 5 44] moved
        S: * 1 EXPUNGE
        S: a OK marked
        S: a OK moved
    """
    access, found = await looking(serve, trusting, FOUND + ENTERED + told_first)
    filed = await access.file(found["<a@x>"], "Old mail", answered=True)
    assert filed == Sighting("<a@x>", "Old mail", 44, 9, Placement.OTHER)
    await access.close()


async def test_what_lies_where_it_is_to_be_filed_is_marked_there(serve: Serve, trusting: ssl.SSLContext) -> None:
    access, found = await looking(serve, trusting, FOUND + ENTERED + ANSWERED)
    assert await access.file(found["<a@x>"], "INBOX", answered=True) == found["<a@x>"]
    await access.close()


async def test_verbs_at_the_same_time_take_turns(serve: Serve, trusting: ssl.SSLContext) -> None:
    access, found = await looking(serve, trusting, FOUND + ENTERED + ANSWERED * 4)
    await asyncio.gather(*(access.answered(found["<a@x>"]) for _ in range(4)))
    await access.close()
