"""What is done with our mail, command by command; and that nothing is ever done with other mail."""

from __future__ import annotations

import asyncio
import ssl

import pytest

from warmup.errors import AccessRefused
from warmup.imap import Access, Sighting
from warmup.model import Placement, Stage

from .client import (
    ANSWERED,
    ENTERED,
    FOUND,
    FOUND_IN_JUNK,
    INBOX,
    JUNK,
    LABEL,
    LOGOUT,
    MESSAGE,
    NOT_IN_INBOX,
    OURS,
    empty,
    fetched,
    header,
    looking,
    newest,
    refused,
    searched,
    selected,
    session,
    signed_in,
)
from .conftest import Serve


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


async def test_verbs_at_the_same_time_take_turns(serve: Serve, trusting: ssl.SSLContext) -> None:
    access, found = await looking(serve, trusting, FOUND + ENTERED + ANSWERED * 4)
    await asyncio.gather(*(access.answered(found["<a@x>"]) for _ in range(4)))
    await access.close()
