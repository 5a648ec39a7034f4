"""The floor of the client libraries: what a life said to its servers, said again by bare aiosmtplib and aioimaplib.

A script says it, through nothing but their public methods: the same sessions, as many of them at once, with the same
commands in them and the same octets, to new servers that start as the others did. So this is what the wire work costs
whoever does it with these libraries, without the daemon's deadlines, checks, proofs, plans and memory. To it belong,
as for the raw floor, a text written from a kept template for each one sent, and the stamps of a message, a hundred in
a transaction.

What makes it no dearer than it has to be: nothing is measured that happens once in a process, sessions are held as
long as the daemon held them, and nothing is waited for that needn't be.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import aiosmtplib
from aioimaplib import IMAP4

from warmup.sandbox import Account

from . import floor
from .meter import metered
from .servers import Servers
from .tape import Command, Submission, Tape, Visit

_SMTP_AT_ONCE = 10  # as the daemon has to one host
_WHEN = datetime(2026, 3, 2, 9, tzinfo=UTC)
_STAMPS = 9  # a message is planned, claimed, begun, sent, found, opened, answered, filed and copied


@dataclass(frozen=True, slots=True, kw_only=True)
class Bare:
    """Microseconds of client CPU for all that a life said, wrote and recorded."""

    smtp: float
    imap: float
    render: float
    record: float
    servers: float  # seconds of the servers' CPU: the same as in the life, if this is the same work

    @property
    def all(self) -> float:
        return self.smtp + self.imap + self.render + self.record


def measure(folder: Path, tape: Tape, people: Sequence[Account], servers: Servers) -> Bare:
    """On these servers, which nobody else has used."""
    accounts = {account.address: account for account in people}
    texts = sum(len(session.messages) for _, session in tape.submissions)
    with metered() as rendering:
        for number in range(texts):
            floor.render(people[0], f"<{number}@north.test>")
    before = servers.cpu
    smtp, imap = asyncio.run(_say(tape, accounts, servers))
    used = servers.cpu - before
    return Bare(
        smtp=smtp,
        imap=imap,
        render=rendering.each(1),
        record=floor.record(folder / "bare.db") * texts * _STAMPS,
        servers=used,
    )


async def _say(tape: Tape, accounts: Mapping[str, Account], servers: Servers) -> tuple[float, float]:
    """CPU of all submissions, and of all visits, in microseconds."""
    at_once = asyncio.Semaphore(_SMTP_AT_ONCE)

    async def submit(session: Submission) -> None:
        async with at_once:
            await _submit(servers, accounts[session.login], session)

    smtp = imap = 0.0
    for visits, submissions in tape.rounds():
        imap += await _together(partial(_visit, servers, accounts[visit.login], visit) for visit in visits)
        smtp += await _together(partial(submit, session) for session in submissions)
    return smtp, imap


async def _together(works: Iterable[Callable[[], Coroutine[None, None, None]]]) -> float:
    before = time.process_time()
    async with asyncio.TaskGroup() as group:
        for work in works:
            group.create_task(work())
    return (time.process_time() - before) * 1e6


async def _submit(servers: Servers, account: Account, session: Submission) -> None:
    endpoint = servers.smtp
    client = aiosmtplib.SMTP(
        hostname=endpoint.host, port=endpoint.port, local_hostname="[127.0.0.1]", use_tls=False, start_tls=False
    )
    await client.connect()
    await client.ehlo()
    await client.auth_plain(account.address, account.password)
    for sender, recipient, message in session.messages:
        await client.sendmail(sender, [recipient], message)
    await client.quit()


async def _visit(servers: Servers, account: Account, visit: Visit) -> None:
    client = IMAP4(servers.imap.host, servers.imap.port, timeout=60)
    await client.wait_hello_from_server()  # which asks for CAPABILITY
    await _ok(client.login(account.address, account.password))
    for command in visit.commands[1:]:
        await _ask(client, command)


async def _ask(client: IMAP4, command: Command) -> None:
    match command.name.removeprefix("UID "), command.arguments:
        case "CAPABILITY", _:
            await client.protocol.capability()
        case "SELECT" | "EXAMINE", (folder,):  # aioimaplib refuses UID commands after EXAMINE
            await _ok(client.select(folder))
        case "SEARCH", criteria:
            await _ok(client.uid_search(*criteria, charset=None))
        case "FETCH" as name, arguments if command.name == name:
            await _ok(client.fetch(*arguments))
        case "FETCH" | "STORE" | "MOVE" as name, arguments:
            await _ok(client.uid(name, *arguments))
        case "APPEND", (folder, flags, _, _) if command.owed is not None:
            await _ok(client.append(command.owed.removesuffix(b"\r\n"), folder, flags, _WHEN))
        case name, arguments:
            await _ok(getattr(client, name.lower())(*arguments))


async def _ok(said: Awaitable[Any]) -> None:
    response = await said
    if response.result != "OK":
        raise RuntimeError(f"the sandbox refused: {response}")
