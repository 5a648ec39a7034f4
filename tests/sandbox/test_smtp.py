"""The submission server takes what it should, from whom it should, and writes it down before it says so."""

from __future__ import annotations

import asyncio
import base64
import json
import smtplib
import socket
import ssl
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from warmup.model import Security, Stage
from warmup.sandbox import Account, Sandbox

from .conftest import ANN, BOB, NOW, SECRET, ZOE, Open, message, submit


def connected(sandbox: Sandbox) -> smtplib.SMTP:
    client = smtplib.SMTP(sandbox.smtp.host, sandbox.smtp.port, "client.example", timeout=5)
    client.ehlo()
    return client


def signed_in(sandbox: Sandbox, user: str = ANN) -> smtplib.SMTP:
    client = connected(sandbox)
    client.login(user, SECRET)
    return client


def mail(sandbox: Sandbox, address: str, folder: str = "INBOX") -> list[bytes]:
    return [mail.raw for mail in sandbox.box(address)[folder].mails.values()]


async def test_a_message_lands_in_the_recipients_inbox_under_a_trace(sandbox: Sandbox) -> None:
    await asyncio.to_thread(submit, sandbox, message())
    (raw,) = mail(sandbox, BOB)
    trace, _, rest = raw.partition(b"From: ")
    assert b"From: " + rest == message()
    assert trace.startswith(b"Return-Path: <ann@a.example>\r\nReceived: from client.example by sandbox.invalid")
    assert b"Wed, 04 Mar 2026 09:30:00 +0000" in trace
    assert b"Authentication-Results: sandbox.invalid; auth=pass smtp.auth=ann@a.example\r\n" in trace


async def test_it_offers_what_a_submission_server_offers(sandbox: Sandbox) -> None:
    client = await asyncio.to_thread(connected, sandbox)
    offered = client.esmtp_features
    assert set(offered) == {"size", "8bitmime", "smtputf8", "auth", "enhancedstatuscodes"}
    assert offered["auth"].split() == ["LOGIN", "PLAIN"]
    client.close()


@pytest.mark.parametrize("mechanism", ["PLAIN", "plain", "LOGIN"])
async def test_both_mechanisms_take_the_right_password_and_no_other(sandbox: Sandbox, mechanism: str) -> None:
    def attempt(password: str) -> tuple[int, bytes]:
        with connected(sandbox) as client:
            if mechanism == "LOGIN":
                client.docmd("AUTH LOGIN")
                client.docmd(base64.b64encode(ANN.encode()).decode())
                return client.docmd(base64.b64encode(password.encode()).decode())
            answer = base64.b64encode(f"\0{ANN}\0{password}".encode()).decode()
            return client.docmd(f"AUTH {mechanism} {answer}")

    assert (await asyncio.to_thread(attempt, SECRET))[0] == 235
    assert await asyncio.to_thread(attempt, "guess") == (535, b"5.7.8 Authentication credentials invalid")


async def test_an_exchange_given_up_is_answered_once(sandbox: Sandbox) -> None:
    def attempt() -> list[int]:
        with connected(sandbox) as client:
            return [client.docmd("AUTH PLAIN")[0], client.docmd("*")[0], client.docmd("NOOP")[0]]

    assert await asyncio.to_thread(attempt) == [334, 501, 250]


async def test_nobody_sends_without_signing_in_as_another_or_to_a_stranger(sandbox: Sandbox) -> None:
    def attempt() -> list[tuple[int, bytes]]:
        with connected(sandbox) as client:
            said = [client.mail(ANN)]
            client.login(ANN, SECRET)
            said += [client.mail(BOB), client.mail("carl@a.example"), client.mail(ANN)]
            return [*said, client.rcpt("carl@a.example"), client.docmd("DATA"), client.rcpt(BOB)]

    unsigned, as_bob, as_stranger, as_ann, to_stranger, early, to_bob = await asyncio.to_thread(attempt)
    assert unsigned == (530, b"5.7.0 Authentication required")
    assert as_bob == (553, b"5.7.1 <bob@b.example>: not owned by ann@a.example")
    assert as_stranger[0] == 553
    assert as_ann == (250, b"2.1.0 Ok")
    assert to_stranger == (550, b"5.1.1 <carl@a.example>: no such account in the sandbox")
    assert early[0] == 503
    assert to_bob == (250, b"2.1.5 Ok")
    assert sandbox.ledger.accepted == []


async def test_an_account_is_known_by_both_forms_of_its_address(sandbox: Sandbox) -> None:
    def attempt() -> list[bytes]:
        # smtplib sends ASCII only.
        with socket.create_connection((sandbox.smtp.host, sandbox.smtp.port), 5) as line, line.makefile("rwb") as file:
            said = []
            answer = base64.b64encode(f"\0{ZOE}\0{SECRET}".encode()).decode()
            commands = [f"AUTH PLAIN {answer}", "MAIL FROM:<zoë@xn--bcher-kva.example> SMTPUTF8", f"RCPT TO:<{ZOE}>"]
            file.readline()
            for command in ["EHLO x", *commands]:
                file.write(command.encode() + b"\r\n")
                file.flush()
                while (last := file.readline())[3:4] == b"-":
                    pass
                said.append(last[:3])
            return said[1:]

    assert await asyncio.to_thread(attempt) == [b"235", b"250", b"250"]
    assert sandbox.traffic[Stage.MAIL, ZOE] == 1


async def test_the_ledger_has_a_line_before_the_client_has_its_250(opened: Open, tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    sandbox = await opened(ledger=path)

    def send() -> list[dict[str, object]]:
        with signed_in(sandbox) as client:
            client.mail(ANN)
            client.rcpt(BOB)
            assert client.data(message())[0] == 250
            return [json.loads(line) for line in path.read_text().splitlines()]

    assert await asyncio.to_thread(send) == [
        {
            "event": "accepted",
            "at": NOW.isoformat(),
            "sender": ANN,
            "recipient": BOB,
            "message_id": "<1@a.example>",
            "folder": "INBOX",
            "size": len(message()),
        }
    ]
    assert [entry.message_id for entry in sandbox.ledger.accepted] == ["<1@a.example>"]


async def test_a_message_that_cannot_be_written_down_is_not_accepted(
    opened: Open, caplog: pytest.LogCaptureFixture
) -> None:
    sandbox = await opened(ledger=Path("/dev/full"))

    def send() -> tuple[int, bytes]:
        with signed_in(sandbox) as client:
            client.mail(ANN)
            client.rcpt(BOB)
            return client.data(message())

    assert await asyncio.to_thread(send) == (451, b"4.3.0 Local error in processing")
    assert "No space left" in caplog.text
    assert mail(sandbox, BOB) == []


async def test_a_message_is_put_where_its_header_says_or_where_chance_does(opened: Open) -> None:
    sandbox = await opened(junk=0.3)
    told = [message(1, "X-Sandbox-Folder: Junk"), message(2, "X-Sandbox-Folder: Trash")]
    await asyncio.to_thread(submit, sandbox, *told)
    assert [len(mail(sandbox, BOB, name)) for name in ("INBOX", "Junk", "Trash")] == [0, 1, 1]

    await asyncio.to_thread(submit, sandbox, *(message(number, "X-Sandbox-Folder: No") for number in range(200)))
    junk = [entry.message_id for entry in sandbox.ledger.accepted if entry.folder == "Junk"][1:]
    assert 30 <= len(junk) <= 90
    again = await opened(junk=0.3)
    await asyncio.to_thread(submit, again, *(message(number) for number in range(200)))
    assert [entry.message_id for entry in again.ledger.accepted if entry.folder == "Junk"] == junk


async def test_a_message_comes_as_it_was_dots_and_8_bit_octets_included(sandbox: Sandbox) -> None:
    sent = message(text="..\r\n.\r\n.dot\r\nnaïve")
    await asyncio.to_thread(submit, sandbox, sent)
    (raw,) = mail(sandbox, BOB)
    assert raw.endswith(sent)


async def test_a_message_too_large_is_refused(sandbox: Sandbox) -> None:
    def attempt() -> tuple[int, bytes]:
        with signed_in(sandbox) as client:
            return client.docmd("MAIL", f"FROM:<{ANN}> SIZE={2**30}")

    assert (await asyncio.to_thread(attempt))[0] == 552


async def test_both_servers_speak_tls_from_the_first_byte(
    opened: Open, serving: ssl.SSLContext, trusting: ssl.SSLContext
) -> None:
    sandbox = await opened(tls=serving)

    def send() -> None:
        with smtplib.SMTP_SSL(sandbox.smtp.host, sandbox.smtp.port, "x", context=trusting, timeout=5) as client:
            client.login(ANN, SECRET)
            client.sendmail(ANN, [BOB], message())

    await asyncio.to_thread(send)
    assert sandbox.smtp.security is Security.TLS
    assert b"with ESMTPSA\r\n" in mail(sandbox, BOB)[0]


async def test_with_starttls_nobody_signs_in_before_it(
    opened: Open, serving: ssl.SSLContext, trusting: ssl.SSLContext
) -> None:
    sandbox = await opened(tls=serving, starttls=True)

    def send() -> tuple[bool, bool]:
        with connected(sandbox) as client:
            before = client.has_extn("auth")
            client.starttls(context=trusting)
            client.ehlo()
            after = client.has_extn("auth")
            client.login(ANN, SECRET)
            client.sendmail(ANN, [BOB], message())
        return before, after

    assert await asyncio.to_thread(send) == (False, True)
    assert sandbox.smtp.security is Security.STARTTLS
    assert b"with ESMTPSA\r\n" in mail(sandbox, BOB)[0]


async def test_a_client_that_does_not_trust_the_certificate_leaves_and_the_server_goes_on(
    opened: Open, serving: ssl.SSLContext, caplog: pytest.LogCaptureFixture
) -> None:
    sandbox = await opened(tls=serving, starttls=True)

    def attempt() -> None:
        client = connected(sandbox)
        with pytest.raises(ssl.SSLCertVerificationError):
            client.starttls(context=ssl.create_default_context())
        client.close()

    await asyncio.to_thread(attempt)
    (await asyncio.to_thread(connected, sandbox)).close()
    assert caplog.records == []


async def test_two_hundred_clients_at_once_all_get_through(sandbox: Sandbox) -> None:
    async def send(number: int) -> None:
        reader, writer = await asyncio.open_connection(sandbox.smtp.host, sandbox.smtp.port)
        answer = base64.b64encode(f"\0{ANN}\0{SECRET}".encode()).decode()
        await reader.readline()
        commands = ["HELO x", "EHLO x", f"AUTH PLAIN {answer}", f"MAIL FROM:<{ANN}>", f"RCPT TO:<{BOB}>", "DATA"]
        for turn in [*(command.encode() + b"\r\n" for command in commands), message(number) + b".\r\n"]:
            everybody.release() if turn.startswith(b"MAIL") else None
            await here.wait() if turn.startswith(b"MAIL") else None
            writer.write(turn)
            while (await reader.readline())[3:4] == b"-":
                pass
        writer.close()
        await writer.wait_closed()

    here = asyncio.Event()
    everybody = asyncio.Semaphore(0)
    async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
        for number in range(200):
            tasks.create_task(send(number))
        for _ in range(200):
            await everybody.acquire()
        here.set()
    assert {entry.message_id for entry in sandbox.ledger.accepted} == {f"<{n}@a.example>" for n in range(200)}
    assert sandbox.traffic[Stage.CONNECT, ""] == 200
    assert sandbox.traffic[Stage.DOT, ANN] == 200


async def test_no_bytes_at_all_take_the_server_down(sandbox: Sandbox) -> None:
    verbs = st.sampled_from(
        [b"EHLO x", b"AUTH PLAIN", b"AUTH LOGIN", b"*", b"MAIL FROM:<", b"RCPT TO:", b"DATA", b".", b"\xff\xfe", b"="]
    )
    lines = st.lists(st.one_of(verbs, st.binary(max_size=1200))).map(b"\r\n".join)

    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    @given(lines)
    def hammer(data: bytes) -> None:
        with socket.create_connection((sandbox.smtp.host, sandbox.smtp.port), 5) as line:
            line.sendall(data + b"\r\n")
            line.shutdown(socket.SHUT_WR)
            try:
                while line.recv(65536):
                    pass
            except ConnectionResetError:
                pass

    await asyncio.to_thread(hammer)
    await asyncio.to_thread(submit, sandbox, message())
    assert len(sandbox.ledger.accepted) == 1


async def test_stopping_hangs_up_on_everybody(opened: Open) -> None:
    sandbox = await opened()
    client = await asyncio.to_thread(signed_in, sandbox)
    await asyncio.wait_for(sandbox.stop(), 5)
    with pytest.raises(smtplib.SMTPServerDisconnected):
        await asyncio.to_thread(client.docmd, "NOOP")
    with pytest.raises(ConnectionRefusedError):
        await asyncio.to_thread(connected, sandbox)


async def test_a_port_that_is_taken_leaves_nothing_running(opened: Open, sandbox: Sandbox, tmp_path: Path) -> None:
    with pytest.raises(OSError, match="in use"):
        await opened(imap_port=sandbox.imap.port, ledger=tmp_path / "ledger.jsonl")


def test_a_password_is_not_shown() -> None:
    assert SECRET not in repr(Account(ANN, SECRET))


def test_an_account_that_does_not_exist_has_no_box() -> None:
    with pytest.raises(KeyError):
        Sandbox([], clock=lambda: NOW).box(ANN)
