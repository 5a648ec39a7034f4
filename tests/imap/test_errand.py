"""What is asked while signing in, and what is acted on without being proven again."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime

import pytest

from warmup.errors import AccessRefused
from warmup.imap import Errand
from warmup.imap import looking as looking_for
from warmup.model import Response, Stage

from .client import (
    ANSWERED,
    ENTERED,
    FOUND,
    INBOX,
    LABEL,
    LOGOUT,
    MESSAGE,
    MOVED,
    OURS,
    authenticate,
    capability,
    empty,
    fetched,
    header,
    hello,
    looking,
    newest,
    refused,
    searched,
    selected,
    session,
    signed_in,
    signing_in,
)
from .conftest import Serve

FIRST = Errand("SELECT", looking_for(["<a@x>"]))


async def test_what_is_found_by_whoever_will_act_on_it_is_proven_once(serve: Serve, trusting: ssl.SSLContext) -> None:
    text = MESSAGE.decode().replace("\r\n", "|")
    rest = f"""
        {FOUND.replace("EXAMINE", "SELECT")}
        C: a UID FETCH 5 (UID FLAGS BODY.PEEK[])
        S: * 5 FETCH (UID 5 FLAGS () BODY[] ⟨{text}⟩)
        S: a OK done
        C: a UID STORE 5 +FLAGS.SILENT (\\Seen)
        S: a OK done
        {ANSWERED}
        {MOVED}
        {fetched("5")}
    """
    access, found = await looking(serve, trusting, rest, acting=True)
    await access.open(found["<a@x>"])
    await access.answered(found["<a@x>"])
    await access.file(found["<a@x>"], "Old mail")
    with pytest.raises(AccessRefused, match="<a@x> is no longer in INBOX"):
        await access.answered(found["<a@x>"])
    await access.close()


async def test_what_is_asked_first_is_asked_once(serve: Serve, trusting: ssl.SSLContext) -> None:
    looked = FOUND.replace("EXAMINE", "SELECT")
    access = await signed_in(
        await serve(session(looked + ANSWERED + looked + LOGOUT)), trusting, errand=Errand("SELECT", looking_for(OURS))
    )
    found = await access.look(OURS, label=LABEL, acting=True)
    await access.answered(found["<a@x>"])
    assert await access.look(OURS, label=LABEL, acting=True) == found  # a second look sees what is there by then
    await access.close()


async def test_what_was_only_looked_at_is_selected_anew_by_whoever_will_act_on_it(
    serve: Serve, trusting: ssl.SSLContext
) -> None:
    looked = selected("EXAMINE", "INBOX") + searched("<a@x>", 5)
    access = await signed_in(
        await serve(session(looked + FOUND.replace("EXAMINE", "SELECT") + ANSWERED + LOGOUT)),
        trusting,
        errand=Errand("EXAMINE", looking_for(OURS)),
    )
    found = await access.look(OURS, label=LABEL, acting=True)
    await access.answered(found["<a@x>"])
    await access.close()


async def test_what_was_asked_and_is_not_what_is_asked_then_is_of_no_account(
    serve: Serve, trusting: ssl.SSLContext
) -> None:
    other = selected("EXAMINE", "INBOX", exists=3) + searched("<b@x>", 3)
    access = await signed_in(
        await serve(session(other + FOUND + LOGOUT)), trusting, errand=Errand("EXAMINE", looking_for(["<b@x>"]))
    )
    assert await access.look(OURS, label=LABEL) == {"<a@x>": INBOX}
    await access.close()


async def test_what_was_found_is_proven_again_once_another_folder_was_looked_into(
    serve: Serve, trusting: ssl.SSLContext
) -> None:
    sought, first = OURS | {"<b@x>": "t2"}, '"<a@x>" HEADER Message-ID "<b@x>"'
    looked = FOUND.replace("EXAMINE", "SELECT").replace('HEADER Message-ID "<a@x>"', f"OR HEADER Message-ID {first}")
    rest = looked + newest() + empty("Junk", "<b@x>") + empty("Old mail", "<b@x>") + ENTERED + ANSWERED
    access = await signed_in(await serve(session(rest + LOGOUT)), trusting)
    found = await access.look(sought, label=LABEL, acting=True)
    await access.answered(found["<a@x>"])
    await access.close()


async def test_a_refusal_of_an_errand_is_none_of_the_login_and_told_when_it_is_asked_for(
    serve: Serve, trusting: ssl.SSLContext
) -> None:
    no = refused('SELECT "INBOX"', "NO [LIMIT] not now", 'UID SEARCH HEADER Message-ID "<a@x>"')
    access = await signed_in(await serve(session(no + LOGOUT)), trusting, errand=FIRST)
    with pytest.raises(AccessRefused, match=r"^select: NO \[LIMIT\] not now$"):
        await access.look({"<a@x>": "t1"}, label="X-Warmup", acting=True)
    await access.close()


async def test_a_search_that_is_refused_is_told_to_whoever_asks_for_it(serve: Serve, trusting: ssl.SSLContext) -> None:
    rest = f"""
        {selected("SELECT", "INBOX")}
        C: a UID SEARCH HEADER Message-ID "<a@x>"
        S: a NO too slow
        {empty("Sent", "<b@x>")}
        C: a APPEND "Sent" (\\Seen) "05-Jan-2026 03:04:05 +0000" {{1}}
        S: + go on
        C: x
        S: a OK done
    """
    access = await signed_in(await serve(session(rest + LOGOUT)), trusting, errand=FIRST)
    with pytest.raises(AccessRefused, match=r"^fetch: NO too slow$"):
        await access.look({"<a@x>": "t1"}, label="X-Warmup", acting=True)
    assert await access.keep(b"x", "<b@x>", datetime(2026, 1, 5, 3, 4, 5, tzinfo=UTC))
    await access.close()


async def test_what_is_said_at_once_may_be_answered_in_any_order(serve: Serve, trusting: ssl.SSLContext) -> None:
    rest = f"""
        {selected("SELECT", "INBOX")}
        {searched("<a@x>", 5)}
        {fetched("5", header(5, "<a@x>"))}
        C: a UID FETCH 5 (UID FLAGS BODY.PEEK[])
        C: a UID STORE 5 +FLAGS.SILENT (\\Seen)
        S: z OK stored
        S: * 5 FETCH (UID 5 FLAGS (\\Seen) BODY[] ⟨Message-ID: <a@x>||Hello|⟩)
        S: a OK fetched
    """
    access = await signed_in(await serve(session(rest + LOGOUT)), trusting, errand=FIRST)
    found = await access.look({"<a@x>": "t1"}, label="X-Warmup", acting=True)
    assert await access.open(found["<a@x>"]) == b"Message-ID: <a@x>\r\n\r\nHello\r\n"
    await access.close()


async def test_a_bye_to_an_errand_is_a_response(serve: Serve, trusting: ssl.SSLContext) -> None:
    bye = 'C: a SELECT "INBOX"\nS: * BYE [OVERQUOTA] enough\n-- hang up'
    said = await signing_in(await serve(session(bye)), trusting, errand=FIRST)
    assert said == Response(Stage.SELECT, 0, None, "BYE [OVERQUOTA] enough")


async def test_folders_that_are_asked_for_again_are_asked_for_after_what_is_asked_first(
    serve: Serve, trusting: ssl.SSLContext
) -> None:
    first = selected("SELECT", "INBOX") + searched("<a@x>", 5)
    again = 'C: a NAMESPACE\nS: * NAMESPACE (("" "/")) NIL NIL\nS: a OK done\nC: a LIST "" "*"\nS: a OK done\n'
    dialogue = f"""
        {hello()}
        {authenticate("a OK in")}
        {capability("IMAP4rev1 NAMESPACE")}
        C: a LIST "" "*"
        S: a OK done
        {first}
        {again}
        {fetched("5", header(5, "<a@x>"))}
        {LOGOUT}
    """
    access = await signed_in(await serve(dialogue), trusting, errand=FIRST)
    assert (await access.look({"<a@x>": "t1"}, label="X-Warmup", acting=True))["<a@x>"].uid == 5
    await access.close()
