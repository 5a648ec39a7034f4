"""The IMAP server serves a client that follows the standard, and outlives one that doesn't."""

from __future__ import annotations

import asyncio
import imaplib
import socket
import ssl

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from warmup.model import Security
from warmup.sandbox import Sandbox

from .access import delivered, raw, talk
from .conftest import ANN, BOB, SECRET, Open, dialled


async def test_it_says_what_it_can_do(sandbox: Sandbox) -> None:
    (capabilities,) = await talk(sandbox, lambda access: access.capabilities, select=None)
    offered = "IMAP4REV1 LITERAL+ SASL-IR UIDPLUS MOVE SPECIAL-USE NAMESPACE IDLE ID UNSELECT AUTH=PLAIN"
    assert set(capabilities) == set(offered.split())


@pytest.mark.parametrize("line", [b"a AUTHENTICATE PLAIN AGJvYkBiLmV4YW1wbGUAd3Jvbmc=", b"a LOGIN bob@b.example wrong"])
async def test_a_wrong_password_is_refused_with_its_code(sandbox: Sandbox, line: bytes) -> None:
    async with dialled(sandbox.imap) as (reader, writer):
        writer.write(line + b"\r\n")
        assert await reader.readline() == b"a NO [AUTHENTICATIONFAILED] wrong user name or password\r\n"


async def test_a_client_may_authenticate_with_and_without_an_initial_response(sandbox: Sandbox) -> None:
    def attempt() -> str:
        with imaplib.IMAP4(sandbox.imap.host, sandbox.imap.port, timeout=5) as access:
            access.authenticate("PLAIN", lambda _: f"\0{BOB}\0{SECRET}".encode())
            return access.state

    assert await asyncio.to_thread(attempt) == "AUTH"
    with_it, again = await raw(sandbox, b"a LOGOUT", b"b NOOP")
    assert with_it == b"* BYE see you\r\na OK LOGOUT completed\r\n"
    assert again == b""


async def test_a_password_may_be_a_literal(sandbox: Sandbox) -> None:
    async with dialled(sandbox.imap) as (reader, writer):
        writer.write(b"a LOGIN {%d}\r\n" % len(BOB))
        assert (await reader.readline()).startswith(b"+ ")
        writer.write(f"{BOB} {{{len(SECRET)}+}}\r\n{SECRET}\r\n".encode())
        assert (await reader.readline()).startswith(b"a OK")


async def test_the_small_verbs_answer(sandbox: Sandbox) -> None:
    answers = await raw(sandbox, b"a NOOP", b"b NAMESPACE", b'c ID ("name" "x")', b"d SELECT INBOX", b"e CHECK")
    assert [answer.splitlines()[-1].split()[1] for answer in answers] == [b"OK"] * 5
    assert b'* NAMESPACE (("" "/")) NIL NIL\r\n' in answers[1]
    assert b'* ID ("name" "warmup sandbox")\r\n' in answers[2]


@pytest.mark.parametrize(
    "line",
    [
        b"a",
        b"",
        b"a ",
        b"a FROBNICATE",
        b"a NOOP x",
        b"a LOGIN ann",
        b"a LOGIN bob@b.example again",
        b"a AUTHENTICATE PLAIN !!!",
        b"a AUTHENTICATE PLAIN AAAA",
        b"a STARTTLS",
        b"a SEARCH SENTSINCE 1-Jan-2026",
        b"a SEARCH CHARSET KOI8-R ALL",
        b"a SEARCH ALL (",
        b"a FETCH 0 FLAGS",
        b"a FETCH 1 ENVELOPE",
        b"a FETCH 1 BODYSTRUCTURE",
        b"a FETCH 1 BODY[1]",
        b'a FETCH 1 BODY[HEADER.FIELDS ("a b")]',
        b"a FETCH 1 (FLAGS",
        b"a STORE 1 FLAGS",
        b"a STORE 1 X (\\Seen)",
        b"a UID NOOP",
        b"a UID",
        b"a STATUS INBOX (HIGHESTMODSEQ)",
        b"a APPEND INBOX x",
        b"a LIST \xff *",
        b'a SELECT "a\xc3\xa4"',
    ],
)
async def test_what_is_malformed_is_bad_and_the_next_command_is_served(sandbox: Sandbox, line: bytes) -> None:
    _, answer, then = await raw(sandbox, b"s SELECT INBOX", line, b"z NOOP")
    assert answer.split()[1] == b"BAD"
    assert then == b"z OK NOOP completed\r\n"


async def test_nothing_is_served_before_signing_in(sandbox: Sandbox) -> None:
    async with dialled(sandbox.imap) as (reader, writer):
        writer.write(b"a SELECT INBOX\r\nb IDLE\r\nc FETCH 1 FLAGS\r\nd AUTHENTICATE CRAM-MD5\r\ne LOGOUT\r\n")
        answers = (await reader.read()).splitlines()
        assert answers[:3] == [b"a BAD sign in first", b"b BAD sign in first", b"c BAD sign in first"]
        assert answers[3].startswith(b"d NO [CANNOT]")


async def test_a_line_without_an_end_ends_the_connection(sandbox: Sandbox) -> None:
    async with dialled(sandbox.imap) as (reader, writer):
        writer.write(b"a APPEND INBOX {99999999}\r\n")
        assert await reader.read() == b"* BYE a line or a literal is too long\r\n"


async def test_an_idle_client_hears_of_new_mail_and_of_mail_that_goes(sandbox: Sandbox) -> None:
    async with dialled(sandbox.imap) as (reader, writer):
        writer.write(f'a LOGIN {BOB} "{SECRET}"\r\nb SELECT INBOX\r\nc IDLE\r\n'.encode())
        await reader.readuntil(b"+ idling\r\n")
        await delivered(sandbox, 1, 2)
        assert await reader.readline() == b"* 1 EXISTS\r\n"
        assert await reader.readline() == b"* 2 EXISTS\r\n"
        await raw(sandbox, b"a SELECT INBOX", b"b MOVE 1 Trash")
        assert await reader.readline() == b"* 1 EXPUNGE\r\n"
        writer.write(b"done\r\nd IDLE\r\nnonsense\r\n")
        answers = [await reader.readline() for _ in range(3)]
        assert answers == [b"c OK IDLE completed\r\n", b"+ idling\r\n", b"d BAD DONE expected\r\n"]


async def test_it_speaks_tls_from_the_first_byte(
    opened: Open, serving: ssl.SSLContext, trusting: ssl.SSLContext
) -> None:
    sandbox = await opened(tls=serving)

    def run() -> str:
        with imaplib.IMAP4_SSL(sandbox.imap.host, sandbox.imap.port, ssl_context=trusting, timeout=5) as access:
            return access.login(BOB, SECRET)[0]

    assert await asyncio.to_thread(run) == "OK"
    assert sandbox.imap.security is Security.TLS


async def test_with_starttls_nobody_signs_in_before_it(
    opened: Open, serving: ssl.SSLContext, trusting: ssl.SSLContext
) -> None:
    sandbox = await opened(tls=serving, starttls=True)

    def run() -> tuple[set[str], set[str]]:
        with imaplib.IMAP4(sandbox.imap.host, sandbox.imap.port, timeout=5) as access:
            before = set(access.capabilities)
            with pytest.raises(imaplib.IMAP4.error, match="PRIVACYREQUIRED"):
                access.login(BOB, SECRET)
            access.starttls(trusting)
            access.login(BOB, SECRET)
            return before, set(access.capabilities)

    before, after = await asyncio.to_thread(run)
    assert before - after == {"STARTTLS", "LOGINDISABLED"}
    assert after - before == {"AUTH=PLAIN"}


async def test_what_follows_starttls_in_the_clear_is_not_obeyed(
    opened: Open, serving: ssl.SSLContext, trusting: ssl.SSLContext
) -> None:
    sandbox = await opened(tls=serving, starttls=True)
    async with dialled(sandbox.imap) as (reader, writer):
        writer.write(b"a STARTTLS\r\nb NOOP\r\n")
        assert await reader.readline() == b"a OK begin TLS\r\n"
        await writer.start_tls(trusting, server_hostname="127.0.0.1")
        writer.write(b"c NOOP\r\n")
        assert await reader.readline() == b"c OK NOOP completed\r\n"


async def test_no_bytes_at_all_take_the_server_down(sandbox: Sandbox, caplog: pytest.LogCaptureFixture) -> None:
    await delivered(sandbox, 1)
    login = f'x LOGIN {BOB} "{SECRET}"\r\nx SELECT INBOX\r\n'.encode()
    words = st.sampled_from(
        [
            *(b"UID ", b"SEARCH ", b"FETCH ", b"STORE ", b"COPY ", b"MOVE ", b"APPEND ", b"LIST ", b"IDLE", b"DONE"),
            *(
                b"1:* ",
                b"BODY[",
                b"]",
                b"(",
                b")",
                b'"',
                b"FLAGS ",
                b"\\Seen",
                b"NOT ",
                b"{3}\r\n",
                b"{2+}\r\n",
                b"\r\n",
            ),
            *(b"Junk", b"<0.1>", b"AUTHENTICATE PLAIN ", b"CREATE ", b"EXPUNGE", b"a ", b"\xff", b"\x00"),
        ]
    )

    @settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.booleans(), st.lists(st.one_of(words, st.binary(max_size=30))).map(b"".join))
    @example(True, b"a SEARCH " + b"NOT " * 10000 + b"ALL")
    @example(True, b"a " + b"x" * 70000)
    def hammer(signed_in: bool, data: bytes) -> None:
        with socket.create_connection((sandbox.imap.host, sandbox.imap.port), 5) as line:
            line.sendall((login if signed_in else b"") + data + b"\r\n")
            line.shutdown(socket.SHUT_WR)
            try:
                while line.recv(65536):
                    pass
            except ConnectionResetError:
                pass  # it hung up before it had read all

    await asyncio.to_thread(hammer)
    assert (await raw(sandbox, b"a NOOP")) == [b"a OK NOOP completed\r\n"]
    assert caplog.records == []


async def test_a_bug_costs_its_client_the_connection_and_is_logged(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    sandbox.box(ANN).folders["Broken"] = None  # type: ignore[assignment]
    (answer,) = await raw(sandbox, b'a LIST "" *', user=ANN)
    assert answer.endswith(b"* BYE internal error\r\n")
    assert "a command could not be served" in caplog.text
