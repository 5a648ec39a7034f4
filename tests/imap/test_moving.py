"""Where our mail is put: out of Junk, and into the folder it is filed in."""

from __future__ import annotations

import ssl

import pytest

from warmup.errors import AccessRefused
from warmup.imap import Sighting
from warmup.model import Placement

from .client import (
    ANSWERED,
    ENTERED,
    FOUND,
    FOUND_IN_JUNK,
    LABEL,
    LOGOUT,
    MOVED,
    OURS,
    empty,
    fetched,
    header,
    looking,
    searched,
    selected,
    session,
    signed_in,
)
from .conftest import Serve


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
