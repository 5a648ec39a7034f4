"""The floor of the client libraries: what a life said to its servers, said again by bare aiosmtplib and aioimaplib.

A script says it, through nothing but what these libraries show: the same sessions, as many of them at once, with the
same commands in them and the same octets, to new servers that start as the others did. So this is what the wire work
costs whoever does it with these libraries, without the daemon's deadlines, checks, proofs, plans and memory. To it
belong, as to the raw floor, a text written from a kept template for each one that is sent, and the stamps of a message,
a hundred in a transaction.

It isn't dearer than it has to be: nothing is measured that happens once in a process, a connection is kept as long as
the daemon kept it, a host that is dialled again is shown a session of before, as the daemon does, and LOGIN takes the
place of AUTHENTICATE. What these libraries can't do is left as it is: one command waits for the one before it, and
CAPABILITY is asked for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import aiosmtplib
from aioimaplib import IMAP4, IMAP4_SSL

from warmup.daemon.loop import Factory
from warmup.daemon.trust import ACCESS, SERVICES, SUBMISSION
from warmup.sandbox import Account

from . import floor
from .meter import metered
from .replay import Spoken, replay
from .servers import Servers
from .tape import Command, Submission, Tape, Visit

_WHEN = datetime(2026, 3, 2, 9, tzinfo=UTC)
_STAMPS = 9  # a message is planned, claimed, begun, sent, found, opened, answered, filed and copied
_PATIENCE = 60.0  # seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Bare:
    """Microseconds of client CPU for all that a life said, wrote and recorded."""

    spoken: Spoken
    render: float
    record: float

    @property
    def all(self) -> float:
        return self.spoken.smtp + self.spoken.imap + self.render + self.record


def measure(folder: Path, tape: Tape, people: Sequence[Account], servers: Servers, loop: Factory) -> Bare:
    """On these servers, which nobody else has used."""
    for service in SERVICES:
        servers.resuming(service)  # made once in a process
    with metered() as rendering:
        for number in range(tape.texts):
            floor.render(people[0], f"<{number}@north.test>")
    return Bare(
        spoken=replay(tape, people, servers, Libraries(), loop),
        render=rendering.each(1),
        record=floor.record(folder / "bare.db") * tape.texts * _STAMPS,
    )


class Libraries:
    """Says a session by the libraries alone."""

    async def submit(self, servers: Servers, account: Account, session: Submission) -> None:
        tls = servers.resuming(SUBMISSION)
        client = aiosmtplib.SMTP(
            hostname=servers.smtp.host,
            port=servers.smtp.port,
            local_hostname="[127.0.0.1]",
            use_tls=tls is not None,
            start_tls=False,
            tls_context=tls,
        )
        await client.connect()
        await client.ehlo()
        await client.auth_plain(account.address, account.password)
        for sender, recipient, message in session.messages:
            await client.sendmail(sender, [recipient], message)
        transport = cast(asyncio.WriteTransport, client.transport)
        await client.quit()
        transport.abort()  # what waits for the server's goodbye may be open still when the loop ends

    async def visit(self, servers: Servers, account: Account, visit: Visit) -> None:
        host, port, tls = servers.imap.host, servers.imap.port, servers.resuming(ACCESS)
        client = (
            IMAP4(host, port, timeout=_PATIENCE)
            if tls is None
            else IMAP4_SSL(host, port, timeout=_PATIENCE, ssl_context=tls)
        )
        await client.wait_hello_from_server()  # which asks for CAPABILITY, whatever the greeting has told
        await _ok(client.login(account.address, account.password))
        for command in visit.commands:
            await _ask(client, command)
        client.protocol.transport.abort()  # which LOGOUT leaves to the server


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
