"""At every stage, in every manner, the server misbehaves exactly as it is told to, and counts it."""

from __future__ import annotations

import asyncio
import imaplib
import socket
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta

import pytest

from warmup.errors import NotSent, Uncertain
from warmup.model import Response, Stage
from warmup.sandbox import Fault, Manner, Sandbox, load
from warmup.smtp import Session, Timeouts, dial
from warmup.tls import context

from .conftest import ANN, BOB, NOW, SECRET, Open, dialled, message, submit

STAGES = [Stage.CONNECT, Stage.EHLO, Stage.AUTH, Stage.MAIL, Stage.RCPT, Stage.DATA, Stage.DOT]
SILENT = [Manner.DROP, Manner.HANG, Manner.GARBAGE, Manner.FLOOD]
HASTY = Timeouts(connect=5, command=0.3, data=0.3, dot=0.3, quit=0.3)
PATIENT = Timeouts(connect=5, command=5, data=5, dot=5, quit=5)


async def said(sandbox: Sandbox, timeouts: Timeouts = PATIENT) -> Response:
    """Dial, send one message, close, with the project's own client: the last thing the server said."""
    session = await dial(sandbox.smtp, ANN, SECRET, hello="client.example", tls=context(), timeouts=timeouts)
    if not isinstance(session, Session):
        return session
    answer = await session.envelope(ANN, BOB, message())
    if answer.positive:
        answer = await session.data(message())
    await session.close()
    return answer


async def test_without_a_fault_a_message_gets_through(sandbox: Sandbox) -> None:
    answer = await said(sandbox)
    assert (answer.stage, answer.code) == (Stage.DOT, 250)
    assert {stage: sandbox.traffic[stage, ANN] for stage in STAGES[2:]} == dict.fromkeys(STAGES[2:], 1)


@pytest.mark.parametrize("line", ["421 4.7.0 busy", "451 4.3.0 later", "454 4.7.0 wait", "550 5.7.1 never"])
@pytest.mark.parametrize("stage", STAGES)
async def test_a_line_is_said_at_its_stage_and_once_only(opened: Open, stage: Stage, line: str) -> None:
    fault = Fault(stage, line, times=1)
    sandbox = await opened(faults=[fault])
    code, enhanced, text = line.split()
    assert await said(sandbox) == Response(stage, int(code), enhanced, text)
    assert sandbox.ledger.accepted == []
    assert sandbox.faults.struck[fault] == 1
    assert (await said(sandbox)).code == 250
    assert sandbox.faults.struck[fault] == 1


@pytest.mark.parametrize("manner", SILENT)
@pytest.mark.parametrize("stage", STAGES)
async def test_a_connection_is_broken_at_its_stage_and_only_the_dot_is_uncertain(
    opened: Open, stage: Stage, manner: Manner
) -> None:
    sandbox = await opened(faults=[Fault(stage, manner=manner)])
    with pytest.raises(Uncertain if stage is Stage.DOT else NotSent) as lost:
        await said(sandbox, HASTY if manner is Manner.HANG else PATIENT)
    assert lost.value.stage is stage
    assert sandbox.ledger.accepted == []


def replies(sandbox: Sandbox) -> Iterator[bytes]:
    """What comes after EHLO, whatever it is, until the connection ends."""
    with socket.create_connection((sandbox.smtp.host, sandbox.smtp.port), 5) as line:
        line.recv(1000)
        line.sendall(b"EHLO x\r\n")
        while data := line.recv(2**20):
            yield data


async def test_a_fault_that_closes_says_its_line_first_and_one_that_answers_goes_on(opened: Open) -> None:
    closing = await opened(faults=[Fault(Stage.EHLO, "550 5.7.1 no\n550 5.7.1 never", Manner.CLOSE)])
    whole = b"".join(await asyncio.to_thread(lambda: list(replies(closing))))
    assert whole == b"550 5.7.1 no\r\n550 5.7.1 never\r\n"

    going_on = await opened(faults=[Fault(Stage.EHLO, "421 4.7.0 busy", Manner.ANSWER, times=1)])

    def again() -> bytes:
        with socket.create_connection((going_on.smtp.host, going_on.smtp.port), 5) as line:
            line.recv(1000)
            line.sendall(b"EHLO x\r\n")
            first = line.recv(1000)
            line.sendall(b"NOOP\r\n")
            return first + line.recv(1000)

    assert await asyncio.to_thread(again) == b"421 4.7.0 busy\r\n250 OK\r\n"


async def test_a_flood_is_ten_megabytes_without_a_line_break(opened: Open) -> None:
    sandbox = await opened(faults=[Fault(Stage.EHLO, manner=Manner.FLOOD)])

    def count() -> tuple[int, int]:
        size = breaks = 0
        for data in replies(sandbox):
            size, breaks = size + len(data), breaks + data.count(b"\n")
            if breaks:
                break
        return size, breaks

    assert await asyncio.to_thread(count) == (10 * 2**20 + 2, 1)


async def test_a_message_lost_is_in_the_box_and_in_the_ledger_though_nobody_was_told(opened: Open) -> None:
    sandbox = await opened(faults=[Fault(Stage.DOT, manner=Manner.LOST)])
    with pytest.raises(Uncertain):
        await said(sandbox)
    assert [entry.message_id for entry in sandbox.ledger.accepted] == ["<1@a.example>"]
    assert len(sandbox.box(BOB)["INBOX"].mails) == 1


async def test_a_hanging_server_waits_until_the_client_leaves_or_it_is_stopped(opened: Open) -> None:
    sandbox = await opened(faults=[Fault(Stage.CONNECT, manner=Manner.HANG)])
    reader, writer = await asyncio.open_connection(sandbox.smtp.host, sandbox.smtp.port)
    _, leaving = await asyncio.open_connection(sandbox.smtp.host, sandbox.smtp.port)
    leaving.close()
    await leaving.wait_closed()
    await asyncio.wait_for(sandbox.stop(), 5)
    with suppress(ConnectionResetError):
        assert await reader.read() == b""
    writer.close()
    await writer.wait_closed()


@pytest.mark.parametrize(
    ("fault", "strikes"),
    [
        (Fault(Stage.MAIL, "451 no", sender="*@A.example"), True),
        (Fault(Stage.MAIL, "451 no", sender="*@b.example"), False),
        (Fault(Stage.AUTH, "451 no", sender=ANN), True),
        (Fault(Stage.AUTH, "451 no", sender=BOB), False),
        (Fault(Stage.RCPT, "451 no", recipient="bob@*"), True),
        (Fault(Stage.DATA, "451 no", recipient="bob@*"), True),
        (Fault(Stage.DOT, "451 no", sender="ann@*", recipient="zoe@*"), False),
        (Fault(Stage.MAIL, "451 no", on=date(2026, 3, 4)), True),
        (Fault(Stage.MAIL, "451 no", on=date(2026, 3, 5)), False),
        (Fault(Stage.MAIL, "451 no", since=NOW), True),
        (Fault(Stage.MAIL, "451 no", since=NOW + timedelta(seconds=1)), False),
        (Fault(Stage.MAIL, "451 no", until=NOW), False),
        (Fault(Stage.MAIL, "451 no", until=NOW + timedelta(seconds=1)), True),
    ],
)
async def test_a_fault_strikes_whom_and_when_it_is_meant_to(opened: Open, fault: Fault, strikes: bool) -> None:
    sandbox = await opened(faults=[fault])
    assert (await said(sandbox)).code == (451 if strikes else 250)
    assert sandbox.faults.struck[fault] == strikes


async def test_what_was_asked_before_a_fault_is_counted_with_the_sender(opened: Open) -> None:
    sandbox = await opened(faults=[Fault(Stage.RCPT, "421 4.7.0 busy")])
    await said(sandbox)
    assert sandbox.traffic == {
        (Stage.CONNECT, ""): 1,
        (Stage.EHLO, ""): 1,
        (Stage.AUTH, ANN): 1,
        (Stage.MAIL, ANN): 1,
        (Stage.RCPT, ANN): 1,
    }


@pytest.mark.parametrize("line", ["NO [AUTHENTICATIONFAILED] no", "BAD what", "NO [UNAVAILABLE] later"])
async def test_a_login_is_refused_with_the_line_given(opened: Open, line: str) -> None:
    sandbox = await opened(faults=[Fault(Stage.LOGIN, line, sender=ANN, times=1)])

    def attempt() -> str:
        client = imaplib.IMAP4(sandbox.imap.host, sandbox.imap.port, timeout=5)
        with pytest.raises(imaplib.IMAP4.error) as refused:
            client.login(ANN, SECRET)
        assert client.login(ANN, SECRET)[0] == "OK"
        client.logout()
        return str(refused.value)

    assert line.partition(" ")[2] in await asyncio.to_thread(attempt)
    assert sandbox.traffic[Stage.LOGIN, ANN] == 2


LOGIN = f'a LOGIN {ANN} "{SECRET}"\r\n'.encode()


@pytest.mark.parametrize(
    ("fault", "heard"),
    [
        (Fault(Stage.LOGIN, "BYE Too many connections"), b"* BYE Too many connections\r\n"),
        (Fault(Stage.LOGIN, "NO no", Manner.CLOSE), b"a NO no\r\n"),
        (Fault(Stage.LOGIN, manner=Manner.DROP), b""),
    ],
)
async def test_a_login_ends_the_connection(opened: Open, fault: Fault, heard: bytes) -> None:
    sandbox = await opened(faults=[fault])
    async with dialled(sandbox.imap) as (reader, writer):
        writer.write(LOGIN)
        assert await reader.read() == heard


@pytest.mark.parametrize(("manner", "size"), [(Manner.GARBAGE, 10), (Manner.FLOOD, 10 * 2**20), (Manner.HANG, 0)])
async def test_a_login_gets_nonsense_or_nothing_and_the_server_stops_all_the_same(
    opened: Open, manner: Manner, size: int
) -> None:
    sandbox = await opened(faults=[Fault(Stage.LOGIN, manner=manner)])
    async with dialled(sandbox.imap) as (reader, writer):
        writer.write(LOGIN)
        assert len(await reader.readexactly(size)) == size
        await sandbox.stop()


SCRIPT = """
[[fault]]
stage = "mail"
sender = "*@a.example"
on = 2026-03-04
times = 3
say = "421 4.7.0 Try again later"

[[fault]]
stage = "dot"
recipient = "*@b.example"
from = 2026-03-04T09:00:00Z
until = 2026-03-04T10:00:00+00:00
manner = "lost"
"""


def test_a_script_is_read_as_it_is_meant() -> None:
    assert load(SCRIPT) == (
        Fault(Stage.MAIL, "421 4.7.0 Try again later", sender="*@a.example", on=date(2026, 3, 4), times=3),
        Fault(
            Stage.DOT,
            manner=Manner.LOST,
            recipient="*@b.example",
            since=datetime(2026, 3, 4, 9, tzinfo=UTC),
            until=datetime(2026, 3, 4, 10, tzinfo=UTC),
        ),
    )
    assert load(SCRIPT)[0].acts is Manner.CLOSE
    assert load("") == ()


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ('say = "451 x"', "stage: is missing"),
        ('stage = "quit"', "stage: must be one of connect"),
        ('stage = "tls"\nsay = "451 x"', "stage: must be one of connect"),
        ('stage = "fetch"\nsay = "451 x"', "say: .* NO, BAD or BYE"),
        ('stage = "mail"', "say: goes with"),
        ('stage = "mail"\nsay = "451 x"\nmanner = "hang"', "say: goes with"),
        ('stage = "login"\nsay = "451 x"', "say: .* NO, BAD or BYE"),
        ('stage = "mail"\nsay = 451', "say: must be of type str, not int"),
        ('stage = "mail"\nmanner = "shout"', "manner: must be one of answer"),
        ('stage = "mail"\nmanner = "lost"', "manner: lost is for the stage dot"),
        ('stage = "ehlo"\nsay = "451 x"\nsender = "a*"', "sender: isn't known"),
        ('stage = "mail"\nsay = "451 x"\nrecipient = "a*"', "recipient: is known at rcpt"),
        ('stage = "mail"\nsay = "451 x"\non = "monday"', "on: must be of type date"),
        ('stage = "mail"\nsay = "451 x"\non = 2026-03-04T00:00:00Z', "on: must be of type date, not datetime"),
        ('stage = "mail"\nsay = "451 x"\nfrom = 2026-03-04', "from: must be of type datetime"),
        ('stage = "mail"\nsay = "451 x"\nfrom = 2026-03-04T00:00:00', "from: needs an offset"),
        ('stage = "mail"\nsay = "451 x"\nuntil = 2026-03-04T00:00:00', "until: needs an offset"),
        ('stage = "mail"\nsay = "451 x"\ntimes = 0', "times: must be 1 or more"),
        ('stage = "mail"\nsay = "451 x"\ntimes = true', "times: must be of type int, not bool"),
        ('stage = "mail"\nsay = "451 x"\nchance = 0.5', "chance: there is no such key"),
        ('stage = "mail"\nsay = "451 x"\nsince = 2026-03-04T00:00:00Z', "since: there is no such key"),
    ],
)
def test_a_script_that_makes_no_sense_is_refused_with_fault_and_key(table: str, words: str) -> None:
    with pytest.raises(ValueError, match=f"^fault 2: {words}"):
        load(f'[[fault]]\nstage = "mail"\nsay = "451 x"\n[[fault]]\n{table}')


@pytest.mark.parametrize("script", ["fault = 1", "[faults]", "fault = [1]", "[[fault"])
def test_what_is_no_script_is_refused(script: str) -> None:
    with pytest.raises(ValueError, match=r"fault|array"):
        load(script)


async def test_a_fault_may_be_added_while_the_servers_run(sandbox: Sandbox) -> None:
    await asyncio.to_thread(submit, sandbox, message())
    sandbox.faults.script.append(Fault(Stage.DOT, "452 4.3.1 full"))
    assert (await said(sandbox)).code == 452
