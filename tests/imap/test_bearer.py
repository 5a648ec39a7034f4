"""A token instead of a password: one mechanism, once, and a refusal heard to its end."""

from __future__ import annotations

import base64
import ssl

import pytest

from warmup.errors import SignInError
from warmup.imap import Access, sign_in
from warmup.model import Bearer, Endpoint, Response, Security, Stage

from .client import FOLDERS, LOGOUT, PATIENT, capability, hello
from .conftest import Serve
from .server import Server

TOKEN = "ya29.a0AfB_token"
OPENING = base64.b64encode(f"user=ann\1auth=Bearer {TOKEN}\1\1".encode()).decode()
CHALLENGE = base64.b64encode(b'{"status":"invalid_token"}').decode()
IN = f'{capability("IMAP4rev1")}\nC: a LIST "" "*"\n{FOLDERS}\nS: a OK done\n{LOGOUT}'
NO = "a NO [AUTHENTICATIONFAILED] Invalid credentials (Failure)"
REFUSED = Response(Stage.LOGIN, 0, None, NO[2:])


async def shown(server: Server, tls: ssl.SSLContext, token: str = TOKEN) -> Access | Response:
    return await sign_in(server.endpoint(), "ann", Bearer(token), tls=tls, timeouts=PATIENT)


async def test_a_token_is_said_at_once_where_the_server_permits_it(serve: Serve, trusting: ssl.SSLContext) -> None:
    server = await serve(
        f"{hello('IMAP4rev1 SASL-IR AUTH=XOAUTH2')}\nC: a AUTHENTICATE XOAUTH2 {OPENING}\nS: a OK\n{IN}"
    )
    access = await shown(server, trusting)
    assert isinstance(access, Access)
    await access.close()


async def test_a_token_waits_to_be_asked_for_where_it_does_not(serve: Serve, trusting: ssl.SSLContext) -> None:
    server = await serve(
        f"{hello('IMAP4rev1 AUTH=PLAIN AUTH=XOAUTH2')}\nC: a AUTHENTICATE XOAUTH2\nS: +\nC: {OPENING}\nS: a OK in\n{IN}"
    )
    access = await shown(server, trusting)
    assert isinstance(access, Access)
    await access.close()


async def test_a_long_token_waits_to_be_asked_for_too(serve: Serve, trusting: ssl.SSLContext) -> None:
    token = "t" * 2000
    opening = base64.b64encode(f"user=ann\1auth=Bearer {token}\1\1".encode()).decode()
    server = await serve(
        f"{hello('IMAP4rev1 SASL-IR AUTH=XOAUTH2')}\nC: a AUTHENTICATE XOAUTH2\nS: +\nC: {opening}\nS: a OK in\n{IN}"
    )
    access = await shown(server, trusting, token)
    assert isinstance(access, Access)
    await access.close()


async def test_oauthbearer_is_preferred_and_names_the_server(serve: Serve, trusting: ssl.SSLContext) -> None:
    server = await serve("")
    words = f"n,a=ann,\1host=127.0.0.1\1port={server.port}\1auth=Bearer {TOKEN}\1\1"
    opening = base64.b64encode(words.encode()).decode()
    offers = "IMAP4rev1 SASL-IR AUTH=XOAUTH2 AUTH=OAUTHBEARER"
    server.goes_on(f"{hello(offers)}\nC: a AUTHENTICATE OAUTHBEARER {opening}\nS: a OK in\n{IN}")
    access = await shown(server, trusting)
    assert isinstance(access, Access)
    await access.close()


@pytest.mark.parametrize("at_once", [True, False])
async def test_a_challenge_says_why_and_is_answered_so_that_the_server_can_refuse(
    serve: Serve, trusting: ssl.SSLContext, at_once: bool
) -> None:
    begin = f"C: a AUTHENTICATE XOAUTH2 {OPENING}" if at_once else f"C: a AUTHENTICATE XOAUTH2\nS: +\nC: {OPENING}"
    offers = f"IMAP4rev1 {'SASL-IR ' if at_once else ''}AUTH=XOAUTH2 AUTH=PLAIN"
    server = await serve(f"{hello(offers)}\n{begin}\nS: + {CHALLENGE}\nC: \nS: {NO}\n{LOGOUT}")
    assert await shown(server, trusting) == REFUSED


async def test_a_refusal_without_a_challenge_is_one_too(serve: Serve, trusting: ssl.SSLContext) -> None:
    server = await serve(
        f"{hello('IMAP4rev1 SASL-IR AUTH=XOAUTH2')}\nC: a AUTHENTICATE XOAUTH2 {OPENING}\n"
        f"S: a NO AUTHENTICATE failed for {TOKEN}.\n{LOGOUT}"
    )
    assert await shown(server, trusting) == Response(Stage.LOGIN, 0, None, "NO AUTHENTICATE failed for ….")


async def test_a_server_that_takes_no_token_is_answered_for(serve: Serve, trusting: ssl.SSLContext) -> None:
    server = await serve(f"{hello()}\n{LOGOUT}")
    why = "NO the server takes neither AUTHENTICATE OAUTHBEARER nor XOAUTH2 (not sent)"
    assert await shown(server, trusting) == Response(Stage.LOGIN, 0, None, why)


async def test_a_token_doesn_t_go_in_the_clear_to_another_machine(trusting: ssl.SSLContext) -> None:
    elsewhere = Endpoint("192.0.2.1", 143, Security.PLAIN)
    with pytest.raises(SignInError, match="isn't sent without TLS"):
        await sign_in(elsewhere, "ann", Bearer(TOKEN), tls=trusting, timeouts=PATIENT)
