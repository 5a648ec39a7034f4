"""A token instead of a password: one mechanism, once, and a refusal heard to its end."""

from __future__ import annotations

import base64
import ssl

import pytest

from warmup.errors import NotSent, SignInError
from warmup.model import Bearer, Endpoint, Response, Security, Stage
from warmup.smtp import Session, dial

from .client import PATIENT, submitted
from .conftest import Serve
from .server import Server

TOKEN = "ya29.a0AfB_token"
CHALLENGE = base64.b64encode(b'{"status":"401","schemes":"bearer","scope":"mail"}').decode()
REFUSED = Response(Stage.AUTH, 535, "5.7.8", "Username and Password not accepted")


async def shown(server: Server, tls: ssl.SSLContext, token: str = TOKEN, *, login: str = "ann@x.test") -> object:
    bearer = Bearer(token)
    return await dial(server.endpoint(), login, bearer, hello="client.example", tls=tls, timeouts=PATIENT)


def said(line: str) -> bytes:
    return base64.b64decode(line.rpartition(" ")[2])


async def test_xoauth2_is_said_at_once(serve: Serve, trusting: ssl.SSLContext) -> None:
    server = await serve({"EHLO": "250-mx\n250 AUTH PLAIN LOGIN XOAUTH2"})
    session = await shown(server, trusting)
    assert isinstance(session, Session)
    assert (await submitted(session)).positive
    await session.close()
    assert server.heard[1].startswith("AUTH XOAUTH2 ")
    assert said(server.heard[1]) == b"user=ann@x.test\1auth=Bearer ya29.a0AfB_token\1\1"


async def test_oauthbearer_is_preferred_and_names_the_server(serve: Serve, trusting: ssl.SSLContext) -> None:
    server = await serve({"EHLO": "250-mx\n250 AUTH XOAUTH2 PLAIN OAUTHBEARER"})
    session = await shown(server, trusting, login="a,n=n")
    assert isinstance(session, Session)
    await session.close()
    words = f"n,a=a=2Cn=3Dn,\1host=127.0.0.1\1port={server.port}\1auth=Bearer {TOKEN}\1\1"
    assert server.heard[1].startswith("AUTH OAUTHBEARER ")
    assert said(server.heard[1]) == words.encode()


@pytest.mark.parametrize(("mechanism", "answer"), [("XOAUTH2", ""), ("OAUTHBEARER", "AQ==")])
async def test_a_challenge_says_why_and_is_answered_so_that_the_server_can_refuse(
    serve: Serve, trusting: ssl.SSLContext, mechanism: str, answer: str
) -> None:
    refusal = "535 5.7.8 Username and Password not accepted"
    server = await serve({"EHLO": f"250-mx\n250 AUTH PLAIN {mechanism}", "AUTH": [f"334 {CHALLENGE}", refusal]})
    assert await shown(server, trusting) == REFUSED
    assert server.heard[2:] == [answer, "QUIT"]  # and no other mechanism


async def test_a_refusal_without_a_challenge_is_one_too(serve: Serve, trusting: ssl.SSLContext) -> None:
    server = await serve({"EHLO": "250-mx\n250 AUTH XOAUTH2 OAUTHBEARER", "AUTH": f"535 5.7.8 {REFUSED.text}"})
    assert await shown(server, trusting) == REFUSED
    assert server.verbs == ["EHLO", "AUTH", "QUIT"]


async def test_a_long_token_waits_to_be_asked_for(serve: Serve, trusting: ssl.SSLContext) -> None:
    server = await serve({"EHLO": "250-mx\n250 AUTH XOAUTH2", "AUTH": ["334 ", "235 2.7.0 in"]})
    session = await shown(server, trusting, "t" * 2000)
    assert isinstance(session, Session)
    await session.close()
    assert server.heard[1] == "AUTH XOAUTH2"
    assert said(server.heard[2]).endswith(b"t" * 2000 + b"\1\1")


async def test_a_long_token_can_be_refused_at_every_turn(serve: Serve, trusting: ssl.SSLContext) -> None:
    refusal = "535 5.7.8 Username and Password not accepted"
    turns = ["334 ", f"334 {CHALLENGE}", refusal]
    for turn in range(3):
        server = await serve({"EHLO": "250-mx\n250 AUTH XOAUTH2", "AUTH": [*turns[:turn], refusal]})
        assert await shown(server, trusting, "t" * 2000) == REFUSED


async def test_a_server_that_lets_us_in_after_its_own_challenge_makes_no_sense(
    serve: Serve, trusting: ssl.SSLContext
) -> None:
    server = await serve({"EHLO": "250-mx\n250 AUTH XOAUTH2", "AUTH": [f"334 {CHALLENGE}", "235 2.7.0 in"]})
    with pytest.raises(NotSent, match="answered 235, which makes no sense here"):
        await shown(server, trusting)


async def test_a_server_that_takes_no_token_is_answered_for(serve: Serve, trusting: ssl.SSLContext) -> None:
    server = await serve({})
    text = "the server takes neither AUTH OAUTHBEARER nor XOAUTH2; it offers CRAM-MD5, LOGIN, PLAIN (not sent)"
    assert await shown(server, trusting) == Response(Stage.AUTH, 504, "5.5.4", text)


async def test_a_token_repeated_by_the_server_isn_t_told(serve: Serve, trusting: ssl.SSLContext) -> None:
    opening = base64.b64encode(f"user=ann@x.test\1auth=Bearer {TOKEN}\1\1".encode()).decode()
    server = await serve({"EHLO": "250-mx\n250 AUTH XOAUTH2", "AUTH": f"535 5.7.8 bad {TOKEN} in {opening}"})
    assert await shown(server, trusting) == Response(Stage.AUTH, 535, "5.7.8", "bad … in …")


async def test_a_token_doesn_t_go_in_the_clear_to_another_machine(trusting: ssl.SSLContext) -> None:
    elsewhere = Endpoint("192.0.2.1", 25, Security.PLAIN)
    with pytest.raises(SignInError, match="isn't sent without TLS"):
        await dial(elsewhere, "ann", Bearer(TOKEN), hello="x.example", tls=trusting, timeouts=PATIENT)
