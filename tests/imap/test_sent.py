"""The copy in Sent: one, and only where the server keeps none."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime

import pytest

from warmup.errors import AccessRefused

from .client import LABEL, LOGOUT, empty, searched, selected, session, signed_in
from .conftest import Serve

AT = datetime(2026, 1, 5, 3, 4, 5, tzinfo=UTC)
MESSAGE = b"Message-ID: <a@x>\r\nX-Warmup: t1\r\n\r\nHello (\r\n"

APPEND = f"""
    C: a APPEND "Sent" (\\Seen) "05-Jan-2026 03:04:05 +0000" {{{len(MESSAGE)}}}
    S: + go on
    C: Message-ID: <a@x>
    C: X-Warmup: t1
    C:
    C: Hello (
    C:
    S: a OK [APPENDUID 1 2] done
"""


def kept(message_id: str) -> str:
    return f"""
        C: a UID FETCH 5 (UID FLAGS BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)])
        S: * 5 FETCH (UID 5 FLAGS () BODY[HEADER.FIELDS (MESSAGE-ID)] ⟨Message-ID: {message_id}||⟩)
        S: a OK done
    """


@pytest.mark.parametrize(
    ("there", "appended"),
    [
        (empty("Sent"), True),
        (selected("EXAMINE", "Sent") + searched("<a@x>"), True),
        (selected("EXAMINE", "Sent") + searched("<a@x>", 5) + kept("<a@x>.old"), True),
        (selected("EXAMINE", "Sent") + searched("<a@x>", 5) + kept("<a@x>"), False),
    ],
    ids=["empty", "others", "a similar one", "this one"],
)
async def test_a_sent_copy_is_kept_unless_the_server_kept_one(
    serve: Serve, trusting: ssl.SSLContext, there: str, appended: bool
) -> None:
    access = await signed_in(await serve(session(there + (APPEND if appended else "") + LOGOUT)), trusting)
    assert await access.keep(MESSAGE, "<a@x>", AT) is appended
    await access.close()


@pytest.mark.parametrize(
    ("offer", "length", "waits"),
    [
        ("LITERAL+", 5000, False),
        ("LITERAL-", 4096, False),
        ("LITERAL-", 4097, True),
        ("UIDPLUS", 10, True),
    ],
)
async def test_a_copy_is_sent_without_waiting_where_the_server_takes_that(
    serve: Serve, trusting: ssl.SSLContext, offer: str, length: int, waits: bool
) -> None:
    appended = f"""
        C: a APPEND "Sent" (\\Seen) "05-Jan-2026 03:04:05 +0000" {{{length}{"" if waits else "+"}}}
        {"S: + go on" if waits else ""}
        C: {"x" * length}
        S: a OK done
    """
    server = await serve(session(empty("Sent") + appended + LOGOUT, offers=f"IMAP4rev1 {offer}"))
    access = await signed_in(server, trusting)
    assert await access.keep(b"x" * length, "<a@x>", AT)
    await access.close()


async def test_a_copy_that_was_sent_without_waiting_can_be_refused(serve: Serve, trusting: ssl.SSLContext) -> None:
    sent = APPEND.replace("}", "+}").replace("    S: + go on\n", "")
    refused = sent.replace("a OK [APPENDUID 1 2] done", "a NO full")
    server = await serve(session(empty("Sent") + refused + LOGOUT, offers="IMAP4rev1 LITERAL+"))
    access = await signed_in(server, trusting)
    with pytest.raises(AccessRefused, match=r"^fetch: NO full$"):
        await access.keep(MESSAGE, "<a@x>", AT)
    await access.close()


@pytest.mark.parametrize(("offers", "use"), [("IMAP4rev1 CREATE-SPECIAL-USE", " (USE (\\Sent))"), ("IMAP4rev1", "")])
async def test_a_missing_sent_folder_is_made(serve: Serve, trusting: ssl.SSLContext, offers: str, use: str) -> None:
    made = f'C: a CREATE "Sent"{use}\nS: a OK done\nC: a SUBSCRIBE "Sent"\nS: a OK done'
    rest = made + (empty("Sent") + APPEND) * 2 + empty("INBOX")
    server = await serve(session(rest + LOGOUT, offers=offers, folders='S: * LIST () "/" INBOX'))
    access = await signed_in(server, trusting)
    assert await access.keep(MESSAGE, "<a@x>", AT)
    assert await access.keep(MESSAGE, "<a@x>", AT)
    assert access.folders.sent == "Sent"
    assert await access.look({"<a@x>": "t1"}, label=LABEL) == {}
    await access.close()


async def test_a_full_mailbox_refuses_the_copy(serve: Serve, trusting: ssl.SSLContext) -> None:
    refused = APPEND.split("S: +")[0] + "S: a NO [OVERQUOTA] full"
    server = await serve(session(empty("Sent") + refused + LOGOUT))
    access = await signed_in(server, trusting)
    with pytest.raises(AccessRefused, match=r"^fetch: NO \[OVERQUOTA\] full$"):
        await access.keep(MESSAGE, "<a@x>", AT)
    await access.close()
