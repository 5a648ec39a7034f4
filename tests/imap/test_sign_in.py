"""Signing in: one mechanism, TLS that is trusted, and a secret that is told to the server alone."""

from __future__ import annotations

import asyncio
import base64
import logging
import socket
import ssl
import traceback

import pytest

from warmup.errors import AccessLost, SignInError, WireError
from warmup.imap import Access, sign_in
from warmup.imap.line import Question
from warmup.model import Endpoint, Response, Security, Stage

from .client import (
    B64_PLAIN,
    B64_SECRET,
    FOLDERS,
    HASTY,
    LOGOUT,
    PATIENT,
    SECRET,
    authenticate,
    capability,
    empty,
    hello,
    session,
    signed_in,
    signing_in,
)
from .conftest import Serve

THROTTLED = "BAD Request is throttled. Suggested Backoff Time: 299961 milliseconds"
ODD = 'q"uo\\te (x) {5} ünï'
BASE = 'C: a LIST "" "*"\n' + FOLDERS + "S: a OK done"


async def test_a_sign_in_tells_the_folders(serve: Serve, trusting: ssl.SSLContext) -> None:
    access = await signed_in(await serve(session(LOGOUT)), trusting)
    assert access.usable
    assert (access.folders.inbox, access.folders.junk, access.folders.sent) == ("INBOX", "Junk", "Sent")
    assert access.folders.names == ("INBOX", "Junk", "Sent", "Trash", "Old mail")
    await access.close()
    assert not access.usable


MORE = "IMAP4rev1 NAMESPACE LIST-EXTENDED SPECIAL-USE"


@pytest.mark.parametrize(
    ("before", "welcome", "first"),
    [
        ("IMAP4rev1 AUTH=PLAIN", f"a OK [CAPABILITY {MORE}] in", ""),
        ("IMAP4rev1 AUTH=PLAIN", f"* CAPABILITY {MORE}\nS: a OK in", ""),
        ("IMAP4rev1 AUTH=PLAIN", "a OK in", f"{BASE}\n"),
        (f"{MORE} AUTH=PLAIN", "a OK in", f"{BASE}\n"),
    ],
    ids=["in the welcome", "beside the welcome", "when asked", "by a proxy, and when asked"],
)
async def test_namespace_and_special_use_are_asked_for_where_they_are_offered(
    serve: Serve, trusting: ssl.SSLContext, before: str, welcome: str, first: str
) -> None:
    server = await serve(
        f"""
        {hello(before)}
        {authenticate(welcome)}
        {capability(MORE)}
        {first}
        C: a NAMESPACE
        S: * NAMESPACE (("INBOX." ".")) NIL NIL
        S: a OK done
        C: a LIST "" "*" RETURN (SPECIAL-USE)
        S: * LIST () "." INBOX
        S: * LIST (\\Junk) "." ⟨INBOX.Entw&APw-rfe⟩
        S: a OK done
        {LOGOUT}
        """
    )
    access = await signed_in(server, trusting)
    assert (access.folders.prefix, access.folders.delimiter, access.folders.junk) == ("INBOX.", ".", "INBOX.Entwürfe")
    await access.close()


@pytest.mark.parametrize("secret", [SECRET, ODD, "x" * 5000, " "])
async def test_plain_takes_any_password(serve: Serve, trusting: ssl.SSLContext, secret: str) -> None:
    plain = base64.b64encode(f"\0ünï\0{secret}".encode()).decode()
    server = await serve(f"{hello()}{authenticate(plain=plain)}{capability('IMAP4rev1')}{BASE}{LOGOUT}")
    access = await signing_in(server, trusting, secret=secret, login="ünï")
    assert isinstance(access, Access)
    await access.close()


@pytest.mark.parametrize(
    ("login", "secret", "dialogue"),
    [
        ("ann", SECRET, f'C: a LOGIN "ann" "{SECRET}"'),
        ("ann", 'q"uo\\te', r'C: a LOGIN "ann" "q\"uo\\te"'),
        ("ann", "ünï", 'C: a LOGIN "ann" {5}\nS: + go on\nC: ünï'),
        ("ünï", SECRET, f'C: a LOGIN {{5}}\nS: + go on\nC: ünï "{SECRET}"'),
        ("ünï", "a\tb", "C: a LOGIN {5}\nS: +\nC: ünï {3}\nS: + go on\nC: a\tb"),
    ],
    ids=["plain", "quotes", "a literal", "a literal first", "two literals"],
)
async def test_login_is_spoken_where_plain_is_not_offered(
    serve: Serve, trusting: ssl.SSLContext, login: str, secret: str, dialogue: str
) -> None:
    server = await serve(
        f"{hello('IMAP4rev1 AUTH=XOAUTH2')}\n{dialogue}\nS: a OK in\n{capability('IMAP4rev1')}{BASE}{LOGOUT}"
    )
    access = await signing_in(server, trusting, secret=secret, login=login)
    assert isinstance(access, Access)
    await access.close()


async def test_a_server_that_takes_no_password_is_answered_for(serve: Serve, trusting: ssl.SSLContext) -> None:
    server = await serve(hello("IMAP4rev1 LOGINDISABLED AUTH=XOAUTH2") + LOGOUT)
    said = await signing_in(server, trusting)
    assert said == Response(Stage.LOGIN, 0, None, "NO the server takes neither LOGIN nor AUTHENTICATE PLAIN (not sent)")


@pytest.mark.parametrize(
    "words",
    [
        "NO [AUTHENTICATIONFAILED] Invalid credentials (Failure)",
        "NO [ALERT] Too many simultaneous connections. (Failure)",
        "NO [ALERT] Application-specific password required",
        "NO [UNAVAILABLE] Temporary authentication failure {5}",
        THROTTLED,
    ],
)
@pytest.mark.parametrize("plain", [True, False], ids=["AUTHENTICATE", "LOGIN"])
async def test_a_refusal_is_a_response_word_for_word_after_one_attempt(
    serve: Serve, trusting: ssl.SSLContext, words: str, plain: bool
) -> None:
    attempt = authenticate(f"a {words}") if plain else f'C: a LOGIN "ann" "{SECRET}"\nS: a {words}\n'
    server = await serve(hello("IMAP4rev1 AUTH=PLAIN" if plain else "IMAP4rev1") + attempt + LOGOUT)
    assert await signing_in(server, trusting) == Response(Stage.LOGIN, 0, None, words)


async def test_a_refusal_before_the_password_is_asked_for_keeps_it_untold(
    serve: Serve, trusting: ssl.SSLContext
) -> None:
    server = await serve(hello() + "C: a AUTHENTICATE PLAIN\nS: a NO [UNAVAILABLE] later\n" + LOGOUT)
    assert await signing_in(server, trusting) == Response(Stage.LOGIN, 0, None, "NO [UNAVAILABLE] later")


async def test_microsofts_throttle_is_heard_though_it_hangs_up(serve: Serve, trusting: ssl.SSLContext) -> None:
    server = await serve(f"{hello()}{authenticate(f'a {THROTTLED}')}S: * BYE Connection closed. 14\n-- hang up")
    assert await signing_in(server, trusting) == Response(Stage.LOGIN, 0, None, THROTTLED)


@pytest.mark.parametrize(
    ("dialogue", "stage"),
    [
        ("", Stage.CONNECT),
        ("S: * OK ready\nC: a CAPABILITY", Stage.CONNECT),
        (hello() + "C: a AUTHENTICATE PLAIN\nS: +\nC: " + B64_PLAIN, Stage.LOGIN),
        (hello() + authenticate() + "C: a CAPABILITY", Stage.LOGIN),
        (hello() + authenticate() + capability("IMAP4rev1") + 'C: a LIST "" "*"', Stage.SELECT),
    ],
    ids=["greeting", "capability", "password", "capability again", "list"],
)
async def test_a_bye_is_a_response_wherever_it_comes(
    serve: Serve, trusting: ssl.SSLContext, dialogue: str, stage: Stage
) -> None:
    server = await serve(dialogue + "\nS: * BYE [OVERQUOTA] Too many simultaneous connections\n-- hang up")
    said = await signing_in(server, trusting)
    assert said == Response(stage, 0, None, "BYE [OVERQUOTA] Too many simultaneous connections")


async def test_a_bye_after_which_nothing_happens_is_told_at_the_deadline(
    serve: Serve, trusting: ssl.SSLContext
) -> None:
    server = await serve(hello() + "C: a AUTHENTICATE PLAIN\nS: * BYE shutting down\n-- silence")
    said = await signing_in(server, trusting, timeouts=HASTY)
    assert said == Response(Stage.LOGIN, 0, None, "BYE shutting down")


async def test_authenticated_but_not_connected_is_a_response(serve: Serve, trusting: ssl.SSLContext) -> None:
    words = "BAD User is authenticated but not connected."
    server = await serve(f'{hello()}{authenticate()}{capability("IMAP4rev1")}C: a LIST "" "*"\nS: a {words}\n{LOGOUT}')
    assert await signing_in(server, trusting) == Response(Stage.SELECT, 0, None, words)


async def test_a_greeting_that_proves_no_login_is_not_taken(serve: Serve, trusting: ssl.SSLContext) -> None:
    with pytest.raises(AccessLost, match="doesn't speak IMAP") as lost:
        await signing_in(await serve("S: * PREAUTH welcome back"), trusting)
    assert lost.value.stage is Stage.CONNECT


def test_a_command_shows_its_name_alone() -> None:
    shown = repr(Question(Stage.LOGIN, ("AUTHENTICATE", "PLAIN", B64_PLAIN), 5))
    assert "AUTHENTICATE" in shown
    assert B64_PLAIN not in shown


async def test_what_the_greeting_tells_is_not_asked_for(serve: Serve, trusting: ssl.SSLContext) -> None:
    greeting = "S: * OK [CAPABILITY IMAP4rev1 auth=plain] ready\n"
    server = await serve(greeting + authenticate() + capability("IMAP4rev1") + BASE + LOGOUT)
    await (await signed_in(server, trusting)).close()


async def test_starttls_that_the_greeting_tells_is_not_asked_for(serve: Serve, trusting: ssl.SSLContext) -> None:
    greeting = "S: * OK [CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED] ready\n"
    inside = capability("IMAP4rev1 AUTH=PLAIN") + authenticate() + capability("IMAP4rev1") + BASE + LOGOUT
    server = await serve(f"{greeting}C: a STARTTLS\nS: a OK go on\n-- tls\n{inside}")
    await (await signed_in(server, trusting, Security.STARTTLS)).close()


@pytest.mark.parametrize("answer", ["OK in", "NO [AUTHENTICATIONFAILED] who are you", f"BAD what is {B64_PLAIN}?"])
async def test_the_password_goes_along_with_its_command_where_the_server_permits_it(
    serve: Serve, trusting: ssl.SSLContext, answer: str
) -> None:
    said = f"{hello('IMAP4rev1 SASL-IR AUTH=PLAIN')}C: a AUTHENTICATE PLAIN {B64_PLAIN}\nS: a {answer}\n"
    rest = capability("IMAP4rev1") + BASE + LOGOUT if answer == "OK in" else LOGOUT
    access = await signing_in(await serve(said + rest), trusting)
    if isinstance(access, Access):
        await access.close()
    else:
        assert access == Response(Stage.LOGIN, 0, None, answer.replace(B64_PLAIN, "…"))
    assert isinstance(access, Access) is (answer == "OK in")


@pytest.mark.parametrize("security", [Security.STARTTLS, Security.TLS])
async def test_a_session_goes_over_tls(serve: Serve, trusting: ssl.SSLContext, security: Security) -> None:
    upgrade = f"{hello('IMAP4rev1 STARTTLS LOGINDISABLED')}C: a STARTTLS\nS: a OK go on\n-- tls\n"
    again = f"{capability('IMAP4rev1 AUTH=PLAIN')}{authenticate()}{capability('IMAP4rev1')}{BASE}"
    rest = empty("INBOX") + empty("Junk")
    rest += empty("Old mail") + LOGOUT
    dialogue = session(rest) if security is Security.TLS else upgrade + again + rest
    access = await signed_in(await serve(dialogue, implicit=security is Security.TLS), trusting, security)
    assert await access.look({"<a@x>": "t1"}, label="X-Warmup") == {}
    await access.close()


async def test_what_was_offered_in_the_clear_is_forgotten(serve: Serve, trusting: ssl.SSLContext) -> None:
    server = await serve(
        hello("IMAP4rev1 STARTTLS AUTH=PLAIN")
        + "C: a STARTTLS\nS: a OK go on\n-- tls\n"
        + capability("IMAP4rev1 LOGINDISABLED")
        + LOGOUT
    )
    said = await signing_in(server, trusting, Security.STARTTLS)
    assert isinstance(said, Response)
    assert "(not sent)" in said.text


async def test_what_was_slipped_in_before_tls_ends_the_conversation(serve: Serve, trusting: ssl.SSLContext) -> None:
    server = await serve(hello("IMAP4rev1 STARTTLS") + "C: a STARTTLS\nS: a OK go on\nS: * CAPABILITY IMAP4rev1")
    with pytest.raises(AccessLost) as lost:
        await signing_in(server, trusting, Security.STARTTLS)
    assert lost.value.stage is Stage.TLS


async def test_a_server_without_starttls_hears_nothing_in_the_clear(serve: Serve, trusting: ssl.SSLContext) -> None:
    with pytest.raises(AccessLost, match=r"127\.0\.0\.1 offers no STARTTLS") as lost:
        await signing_in(await serve(hello()), trusting, Security.STARTTLS)
    assert lost.value.stage is Stage.TLS


async def test_a_refused_starttls_is_a_response(serve: Serve, trusting: ssl.SSLContext) -> None:
    server = await serve(hello("IMAP4rev1 STARTTLS") + "C: a STARTTLS\nS: a NO not today\n" + LOGOUT)
    assert await signing_in(server, trusting, Security.STARTTLS) == Response(Stage.TLS, 0, None, "NO not today")


async def test_a_server_that_hangs_up_instead_of_starting_tls_is_told(serve: Serve, trusting: ssl.SSLContext) -> None:
    server = await serve(hello("IMAP4rev1 STARTTLS") + "C: a STARTTLS\nS: a OK go on\n-- hang up")
    with pytest.raises(AccessLost) as lost:
        await signing_in(server, trusting, Security.STARTTLS)
    assert lost.value.stage is Stage.TLS


@pytest.mark.parametrize("security", [Security.STARTTLS, Security.TLS])
@pytest.mark.parametrize(
    ("name", "trusted", "why"),
    [("127.0.0.1", False, "unable to get local issuer"), ("elsewhere.example", True, "mismatch")],
    ids=["a stranger's", "another host's"],
)
async def test_a_certificate_that_is_not_trusted_names_the_host(
    serve: Serve, trusting: ssl.SSLContext, security: Security, name: str, trusted: bool, why: str
) -> None:
    implicit = security is Security.TLS
    dialogue = "" if implicit else hello("IMAP4rev1 STARTTLS") + "C: a STARTTLS\nS: a OK go on\n-- tls"
    server = await serve(dialogue, implicit=implicit, name=name)
    server.forgives = not implicit
    if implicit:
        server.ended.set()  # asyncio's server never learns of a handshake that failed
    with pytest.raises(AccessLost, match=rf"the certificate of 127\.0\.0\.1 isn't trusted: .*{why}") as lost:
        await signing_in(server, trusting if trusted else ssl.create_default_context(), security)
    assert lost.value.stage is Stage.TLS


async def test_a_server_in_the_clear_where_tls_is_due_is_no_tls(serve: Serve, trusting: ssl.SSLContext) -> None:
    with pytest.raises(AccessLost, match=r"no TLS with 127\.0\.0\.1: ") as lost:
        await signing_in(await serve("S: * OK ready"), trusting, Security.TLS)
    assert lost.value.stage is Stage.TLS


@pytest.mark.parametrize("host", ["imap.example.org", "192.0.2.1", "2001:db8::1", "localhost.example.org"])
async def test_a_password_never_goes_in_the_clear_to_another_machine(trusting: ssl.SSLContext, host: str) -> None:
    with pytest.raises(SignInError, match="without TLS") as refused:
        await sign_in(Endpoint(host, 143, Security.PLAIN), "ann", SECRET, tls=trusting, timeouts=PATIENT)
    assert SECRET not in str(refused.value)


async def test_localhost_by_name_is_this_machine(serve: Serve, trusting: ssl.SSLContext) -> None:
    server = await serve(session(LOGOUT))
    endpoint = server.endpoint(host="localhost")
    access = await sign_in(endpoint, "ann", SECRET, tls=trusting, timeouts=PATIENT)
    assert isinstance(access, Access)
    await access.close()


async def test_a_closed_port_is_a_refused_connection(trusting: ssl.SSLContext) -> None:
    with socket.socket() as taken:  # bound and not listening
        taken.bind(("127.0.0.1", 0))
        endpoint = Endpoint("127.0.0.1", taken.getsockname()[1], Security.TLS)
        with pytest.raises(AccessLost, match=r"127\.0\.0\.1 refuses connections") as lost:
            await sign_in(endpoint, "ann", SECRET, tls=trusting, timeouts=PATIENT)
    assert lost.value.stage is Stage.CONNECT


async def test_a_tls_handshake_has_a_deadline(trusting: ssl.SSLContext) -> None:
    with socket.socket() as silent:  # the kernel makes the connection, and nobody takes it up
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        endpoint = Endpoint("127.0.0.1", silent.getsockname()[1], Security.TLS)
        with pytest.raises(AccessLost, match=r"no TLS with 127\.0\.0\.1 within 0\.4 s") as lost:
            await sign_in(endpoint, "ann", SECRET, tls=trusting, timeouts=HASTY)
    assert lost.value.stage is Stage.TLS


@pytest.mark.parametrize(
    "answer",
    [
        f"S: a NO wrong: {SECRET}",
        f"S: a BAD AUTHENTICATE PLAIN {B64_PLAIN}",
        f"S: a NO {B64_SECRET}",
        f"S: * BYE {SECRET}\n-- hang up",
        f"S: {SECRET}",
        f"S: a MAYBE {SECRET}",
        f'S: a OK in\nC: a CAPABILITY\nS: a NO {SECRET}\nC: a LIST "" "*"\nS: a NO {SECRET}',
        f"S: a OK in\nC: a CAPABILITY\nS: + {B64_PLAIN}",
    ],
)
async def test_the_secret_is_in_no_answer_no_exception_and_no_log(
    serve: Serve, trusting: ssl.SSLContext, caplog: pytest.LogCaptureFixture, answer: str
) -> None:
    caplog.set_level(logging.DEBUG)
    asyncio.get_running_loop().set_debug(True)
    goodbye = LOGOUT if answer.rpartition("S: ")[2].startswith(("a NO", "a BAD")) else ""
    server = await serve(f"{hello()}C: a AUTHENTICATE PLAIN\nS: +\nC: {B64_PLAIN}\n{answer}\n{goodbye}")
    try:
        told = repr(await signing_in(server, trusting))
    except WireError as error:
        told = "".join(traceback.format_exception(error)) + repr(error)
    assert told
    for form in (SECRET, B64_SECRET, B64_PLAIN):
        assert form not in told + caplog.text


async def test_a_quoted_secret_is_hidden_too(serve: Serve, trusting: ssl.SSLContext) -> None:
    spoken = r'LOGIN "ann" "a\"b\\c"'
    server = await serve(f"{hello('IMAP4rev1')}C: a {spoken}\nS: a BAD what is {spoken}\n{LOGOUT}")
    said = await signing_in(server, trusting, secret='a"b\\c')
    assert said == Response(Stage.LOGIN, 0, None, 'BAD what is LOGIN "ann" …')


async def test_the_secret_is_not_shown_by_a_session_that_goes_well(
    serve: Serve, trusting: ssl.SSLContext, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    asyncio.get_running_loop().set_debug(True)
    access = await signed_in(await serve(session(LOGOUT)), trusting)
    told = repr(access) + repr(vars(access))
    await access.close()
    for form in (SECRET, B64_SECRET, B64_PLAIN):
        assert form not in told + caplog.text


async def test_what_a_server_says_is_fit_for_a_terminal(serve: Serve, trusting: ssl.SSLContext) -> None:
    server = await serve("S: * BYE \x1b[31mred\x07  \udcff" + "x" * 2000)
    said = await signing_in(server, trusting)
    assert isinstance(said, Response)
    assert said.text.startswith("BYE [31mred �xxx")
    assert len(said.text) == 1000
