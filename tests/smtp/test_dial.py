"""Signing in: one mechanism, TLS that is trusted, and a secret that is told to the server alone."""

from __future__ import annotations

import asyncio
import base64
import logging
import socket
import ssl
import traceback

import pytest

from warmup.errors import NotSent, SignInError, Unbound, WireError
from warmup.model import Endpoint, Response, Security, Stage
from warmup.smtp import Session, Timeouts, dial

from .client import B64_PLAIN, B64_SECRET, MESSAGE, PATIENT, SECRET, offer, one_mail, signed_in, signing_in, submitted
from .conftest import Serve
from .server import DROP, OFFER, Say


async def test_login_is_spoken_where_plain_is_not_offered_and_the_password_waits_to_be_asked_for(
    serve: Serve, trusting: ssl.SSLContext
) -> None:
    server = await serve(
        {"EHLO": "250-mx\n250 AUTH CRAM-MD5 LOGIN", "AUTH": ["334 VXNlcm5hbWU6", "334 UGFzc3dvcmQ6", "235 2.7.0 in"]}
    )
    session = await signed_in(server, trusting)
    await session.close()
    assert server.heard[1:4] == ["AUTH LOGIN", base64.b64encode(b"ann").decode(), B64_SECRET]


@pytest.mark.parametrize("turn", [0, 1, 2])
async def test_a_refusal_at_any_turn_of_login_ends_it(serve: Serve, trusting: ssl.SSLContext, turn: int) -> None:
    turns: list[str | Say] = ["334 VXNlcm5hbWU6", "334 UGFzc3dvcmQ6", "235 2.7.0 in"]
    turns[turn] = "535 5.7.8 no"
    server = await serve({"EHLO": "250-mx\n250 AUTH LOGIN", "AUTH": turns})
    assert await signing_in(server, trusting) == Response(Stage.AUTH, 535, "5.7.8", "no")
    assert len(server.heard) == 1 + turn + 1 + 1  # EHLO, the turns, QUIT


async def test_a_wrong_password_is_tried_by_one_mechanism_once(serve: Serve, trusting: ssl.SSLContext) -> None:
    server = await serve({"AUTH": "535 5.7.8 wrong"})
    assert await signing_in(server, trusting) == Response(Stage.AUTH, 535, "5.7.8", "wrong")
    assert server.verbs == ["EHLO", "AUTH", "QUIT"]


@pytest.mark.parametrize(("mechanisms", "named"), [("\n250 AUTH CRAM-MD5 XOAUTH2", "CRAM-MD5, XOAUTH2"), ("", "none")])
async def test_a_server_that_takes_no_password_is_answered_for(
    serve: Serve, trusting: ssl.SSLContext, mechanisms: str, named: str
) -> None:
    server = await serve({"EHLO": f"250-mx{mechanisms}" if mechanisms else "250 mx"})
    assert await signing_in(server, trusting) == Response(
        Stage.AUTH, 504, "5.5.4", f"the server takes neither AUTH PLAIN nor LOGIN; it offers {named} (not sent)"
    )


@pytest.mark.parametrize("security", [Security.STARTTLS, Security.TLS])
async def test_a_mail_goes_over_tls(serve: Serve, trusting: ssl.SSLContext, security: Security) -> None:
    server = await serve(implicit=security is Security.TLS)
    assert (await one_mail(server, trusting, security)).positive
    assert server.messages == [MESSAGE]
    hellos = {Security.STARTTLS: ["EHLO", "STARTTLS", "EHLO"], Security.TLS: ["EHLO"]}[security]
    assert server.verbs == [*hellos, "AUTH", "MAIL", "RCPT", "DATA", "QUIT"]


async def test_what_was_offered_in_the_clear_is_forgotten(serve: Serve, trusting: ssl.SSLContext) -> None:
    server = await serve({"EHLO": [OFFER, "250 mx.example"]})
    said = await signing_in(server, trusting, Security.STARTTLS)
    assert isinstance(said, Response)
    assert (said.stage, said.code) == (Stage.AUTH, 504)


async def test_what_was_slipped_in_before_tls_ends_the_conversation(serve: Serve, trusting: ssl.SSLContext) -> None:
    server = await serve({"STARTTLS": "220 2.0.0 go on\n250 mx.attacker"})
    with pytest.raises(NotSent):
        await signing_in(server, trusting, Security.STARTTLS)
    assert "AUTH" not in server.verbs


async def test_a_server_without_starttls_hears_nothing_in_the_clear(serve: Serve, trusting: ssl.SSLContext) -> None:
    server = await serve({"EHLO": offer()})
    with pytest.raises(NotSent, match=r"127\.0\.0\.1 offers no STARTTLS") as lost:
        await signing_in(server, trusting, Security.STARTTLS)
    assert lost.value.stage is Stage.TLS
    await asyncio.wait_for(server.hung_up.wait(), 5)
    assert server.verbs == ["EHLO"]


@pytest.mark.parametrize("security", [Security.STARTTLS, Security.TLS])
@pytest.mark.parametrize(
    ("name", "trusted", "why"),
    [("127.0.0.1", False, "unable to get local issuer"), ("elsewhere.example", True, "mismatch")],
    ids=["a stranger's", "another host's"],
)
async def test_a_certificate_that_is_not_trusted_names_the_host(
    serve: Serve, trusting: ssl.SSLContext, security: Security, name: str, trusted: bool, why: str
) -> None:
    server = await serve(implicit=security is Security.TLS, name=name)
    tls = trusting if trusted else ssl.create_default_context()
    with pytest.raises(NotSent, match=rf"the certificate of 127\.0\.0\.1 isn't trusted: .*{why}") as lost:
        await signing_in(server, tls, security)
    assert lost.value.stage is Stage.TLS
    assert "AUTH" not in server.verbs


async def test_a_server_that_speaks_in_the_clear_where_tls_is_due_is_no_tls(
    serve: Serve, trusting: ssl.SSLContext
) -> None:
    server = await serve()
    with pytest.raises(NotSent, match=r"no TLS with 127\.0\.0\.1: ") as lost:
        await signing_in(server, trusting, Security.TLS)
    assert lost.value.stage is Stage.TLS


async def test_a_tls_handshake_has_a_deadline(trusting: ssl.SSLContext) -> None:
    with socket.socket() as silent:  # the kernel makes the connection, and nobody takes it up
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        endpoint = Endpoint("127.0.0.1", silent.getsockname()[1], Security.TLS)
        with pytest.raises(NotSent, match=r"no TLS with 127\.0\.0\.1 within 0\.05 s") as lost:
            await dial(endpoint, "ann", SECRET, hello="x", tls=trusting, timeouts=Timeouts(connect=0.05))
    assert lost.value.stage is Stage.TLS


async def test_a_server_that_hangs_up_instead_of_tls_is_told(serve: Serve, trusting: ssl.SSLContext) -> None:
    server = await serve({"CONNECT": DROP})
    with pytest.raises(NotSent, match="closed the connection") as lost:
        await signing_in(server, trusting, Security.TLS)
    assert lost.value.stage is Stage.TLS


@pytest.mark.parametrize("host", ["mx.example.org", "192.0.2.1", "2001:db8::1", "localhost.example.org"])
async def test_a_password_never_goes_in_the_clear_to_another_machine(trusting: ssl.SSLContext, host: str) -> None:
    with pytest.raises(SignInError, match="without TLS") as refused:
        await dial(Endpoint(host, 25, Security.PLAIN), "ann", SECRET, hello="x", tls=trusting, timeouts=PATIENT)
    assert SECRET not in str(refused.value)


async def test_localhost_by_name_is_this_machine(serve: Serve, trusting: ssl.SSLContext) -> None:
    session = await signing_in(await serve(), trusting, host="localhost")
    assert isinstance(session, Session)
    await session.close()


async def test_a_closed_port_is_a_refused_connection(trusting: ssl.SSLContext) -> None:
    with socket.socket() as taken:  # bound and not listening
        taken.bind(("127.0.0.1", 0))
        endpoint = Endpoint("127.0.0.1", taken.getsockname()[1], Security.TLS)
        with pytest.raises(NotSent, match=r"127\.0\.0\.1 refuses connections") as lost:
            await dial(endpoint, "ann", SECRET, hello="x", tls=trusting, timeouts=PATIENT)
    assert lost.value.stage is Stage.CONNECT


async def test_a_name_without_an_address_is_told(trusting: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    endpoint = Endpoint("mx.example.org", 465, Security.TLS)
    with pytest.raises(NotSent, match=r"mx\.example\.org has no address: Name or service not known") as lost:
        await dial(endpoint, "ann", SECRET, hello="x", tls=trusting, timeouts=PATIENT)
    assert lost.value.stage is Stage.CONNECT


@pytest.mark.parametrize(("security", "host"), [(Security.TLS, "mx.example.org"), (Security.PLAIN, "localhost")])
async def test_a_name_server_that_is_silent_ends_at_the_deadline(
    trusting: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch, security: Security, host: str
) -> None:
    async def for_ever(*_: object, **__: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", for_ever)
    with pytest.raises(NotSent, match=f"no answer from {host} within") as lost:
        await dial(
            Endpoint(host, 465, security), "ann", SECRET, hello="x", tls=trusting, timeouts=Timeouts(connect=0.05)
        )
    assert lost.value.stage is Stage.CONNECT


async def test_a_host_that_is_no_name_is_told(trusting: ssl.SSLContext) -> None:
    with pytest.raises(NotSent, match=r"a\.\.b can't be reached") as lost:
        await dial(Endpoint("a..b", 465, Security.TLS), "ann", SECRET, hello="x", tls=trusting, timeouts=PATIENT)
    assert lost.value.stage is Stage.CONNECT


@pytest.mark.parametrize(
    "answer",
    [
        f"535 5.7.8 no: {SECRET}",
        f"535 5.7.8 AUTH PLAIN {B64_PLAIN}",
        f"535 {B64_SECRET}",
        f"wrong {SECRET}",
        f"199 {SECRET}",
    ],
)
async def test_the_secret_is_in_no_answer_no_exception_and_no_log(
    serve: Serve, trusting: ssl.SSLContext, caplog: pytest.LogCaptureFixture, answer: str
) -> None:
    caplog.set_level(logging.DEBUG)
    asyncio.get_running_loop().set_debug(True)
    server = await serve({"AUTH": answer})
    try:
        told = repr(await signing_in(server, trusting))
    except WireError as error:
        told = "".join(traceback.format_exception(error)) + repr(error)
    assert told
    for form in (SECRET, B64_SECRET, B64_PLAIN):
        assert form not in told + caplog.text


async def test_the_secret_is_not_shown_by_a_session_that_goes_well(
    serve: Serve, trusting: ssl.SSLContext, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    asyncio.get_running_loop().set_debug(True)
    session = await signed_in(await serve(), trusting, Security.STARTTLS)
    told = repr(session) + repr(await submitted(session)) + repr(vars(session))
    await session.close()
    for form in (SECRET, B64_SECRET, B64_PLAIN):
        assert form not in told + caplog.text


@pytest.mark.parametrize("security", [Security.STARTTLS, Security.TLS])
async def test_a_server_sees_the_source_address(serve: Serve, trusting: ssl.SSLContext, security: Security) -> None:
    server = await serve(implicit=security is Security.TLS)
    session = await dial(
        server.endpoint(security), "ann", SECRET, hello="x", tls=trusting, timeouts=PATIENT, source="127.0.0.2"
    )
    assert isinstance(session, Session)
    await session.close()
    assert server.peers == ["127.0.0.2"]


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("192.0.2.77", "Cannot assign requested address"),
        ("2001:db8::77", "Cannot assign requested address|Address family not supported"),
    ],
)
async def test_a_source_address_of_another_machine_is_told_and_nobody_is_dialled(
    serve: Serve, trusting: ssl.SSLContext, source: str, why: str
) -> None:
    server = await serve()
    with pytest.raises(Unbound, match=rf"the source address {source} can't be used on this machine: (?:{why}); "):
        await dial(server.endpoint(), "ann", SECRET, hello="x", tls=trusting, timeouts=PATIENT, source=source)
    assert server.peers == []


async def test_a_source_of_another_family_than_the_hosts_is_no_fault_of_the_host(trusting: ssl.SSLContext) -> None:
    endpoint = Endpoint("::1", 465, Security.TLS)
    with pytest.raises(Unbound, match=r"::1 has no address that 127\.0\.0\.2 could dial"):
        await dial(endpoint, "ann", SECRET, hello="x", tls=trusting, timeouts=PATIENT, source="127.0.0.2")
