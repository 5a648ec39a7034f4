"""The raw floor: a message written, sent, recorded, found, opened and marked with nothing in between.

Header fields from an f-string around a kept template, SMTP and IMAP by asyncio's streams over connections that are
kept, rows by the sqlite3 module, a hundred in a transaction that is on the disk at its end, as the daemon's are.
"""

from __future__ import annotations

import asyncio
import hmac
import re
import sqlite3
import ssl
from base64 import b64encode
from binascii import b2a_qp
from collections.abc import Callable, Coroutine, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Template

from warmup.daemon.loop import Factory
from warmup.model import Endpoint
from warmup.sandbox import Account

from .meter import metered
from .servers import Servers

AT_ONCE = 10  # connections, as many as the daemon has to one server
_EACH = 40  # messages on each of them
_PATIENCE = 60  # seconds for what takes two: a server that waits for more is a mistake here
_BATCH = 100  # rows in one transaction
_BATCHES = 20
_LITERAL = re.compile(rb"\{(\d+)\}\r\n$")
_TEXT = Template(
    """Good morning {{ name }},

Could we borrow {{ what }} on {{ day }}? The room on the second floor has none that works, and I would rather not carry
the old one down – it weighs more than it looks. I could fetch it in the morning and bring it back before five.

If that doesn't suit you, any other day of the week would do as well; just tell me which. And if somebody else has asked
for it already, never mind: we can manage without for once.

Best regards,
{{ sender }}
"""
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Floor:
    """Microseconds of client CPU for one message."""

    render: float
    send: float
    record: float
    visit: float
    sign_in: float  # a connection and LOGIN, which a visit on a kept connection needs no more

    @property
    def message(self) -> float:
        """All that one message needs."""
        return self.render + self.send + self.record + self.visit

    @property
    def exchange(self) -> float:
        """Two messages, of which the first is found, opened and marked as answered."""
        return 2 * (self.render + self.send + self.record) + self.visit


def measure(folder: Path, people: Sequence[Account], servers: Servers, loop: Factory) -> Floor:
    """The floor on these servers; nobody else uses the accounts of these `people`."""
    names = [[f"<{again}.{account.address}>" for again in range(_EACH)] for account in people]
    with metered() as writing:
        texts = [[render(account, name) for name in mine] for account, mine in zip(people, names, strict=False)]
    count = len(names) * _EACH

    async def send(number: int) -> None:
        await _send(servers.smtp, servers.tls, people[number], texts[number])

    async def visit(number: int) -> None:
        await _visit(servers.imap, servers.tls, people[number], names[number])

    async def sign_in(number: int) -> None:
        for _ in range(_EACH):
            await _visit(servers.imap, servers.tls, people[number], [])

    sending, visiting, signing_in = (_at_once(work, len(names), loop) for work in (send, visit, sign_in))
    return Floor(
        render=writing.each(count),
        send=sending / count,
        record=record(folder / "floor.db"),
        visit=visiting / count,
        sign_in=signing_in / count,
    )


def _at_once(work: Callable[[int], Coroutine[None, None, None]], size: int, loop: Factory) -> float:
    """CPU of that many tasks at once, in microseconds."""

    async def together() -> None:
        async with asyncio.timeout(_PATIENCE), asyncio.TaskGroup() as group:
            for number in range(size):
                group.create_task(work(number))

    with metered() as cost, asyncio.Runner(loop_factory=loop) as runner:
        runner.run(together())
    return cost.each(1)


def render(account: Account, message_id: str) -> bytes:
    text = _TEXT.render(name="Ann", what="the projector", day="Thursday", sender="Ben")
    label = hmac.new(b"key", message_id.encode(), "sha256").hexdigest()[:32]
    header = (
        "Date: Mon, 02 Mar 2026 09:00:00 +0000\r\n"
        f"From: Ben <{account.address}>\r\nTo: Ann <{account.address}>\r\nSubject: The projector\r\n"
        f"Message-ID: {message_id}\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
        f"Content-Transfer-Encoding: quoted-printable\r\nX-Warmup: {label}\r\n\r\n"
    )
    return header.encode() + b2a_qp(text.replace("\n", "\r\n").encode()) + b"\r\n"


async def _send(endpoint: Endpoint, tls: ssl.SSLContext | None, account: Account, texts: Sequence[bytes]) -> None:
    """All texts from the account to itself, over one connection."""
    reader, writer = await asyncio.open_connection(endpoint.host, endpoint.port, ssl=tls)

    async def ask(command: bytes) -> None:
        writer.write(command)
        while (line := await reader.readline())[3:4] == b"-":
            pass
        if line[:1] not in b"23":
            raise RuntimeError(f"the sandbox refused: {line!r}")

    address = account.address.encode()
    await ask(b"")
    await ask(b"EHLO [127.0.0.1]\r\n")
    await ask(b"AUTH PLAIN %s\r\n" % b64encode(b"\0%s\0%s" % (address, account.password.encode())))
    for text in texts:
        await ask(b"MAIL FROM:<%s>\r\n" % address)
        await ask(b"RCPT TO:<%s>\r\n" % address)
        await ask(b"DATA\r\n")
        await ask(text.replace(b"\r\n.", b"\r\n..") + b".\r\n")
    await ask(b"QUIT\r\n")
    writer.transport.abort()


async def _visit(endpoint: Endpoint, tls: ssl.SSLContext | None, account: Account, message_ids: Sequence[str]) -> None:
    """Each message is looked for, read and marked, over one connection."""
    reader, writer = await asyncio.open_connection(endpoint.host, endpoint.port, ssl=tls)

    async def ask(command: str) -> list[bytes]:
        writer.write(b"a %s\r\n" % command.encode())
        lines = []
        while not (line := await reader.readline()).startswith(b"a "):
            lines.append(line)
            if literal := _LITERAL.search(line):
                lines.append(await reader.readexactly(int(literal[1])))
        if not line.startswith(b"a OK"):
            raise RuntimeError(f"the sandbox refused {command}: {line!r}")
        return lines

    await reader.readline()
    await ask(f'LOGIN "{account.address}" "{account.password}"')
    for message_id in message_ids:
        await ask("SELECT INBOX")
        found = (await ask(f'UID SEARCH HEADER Message-ID "{message_id}"'))[0].split()
        if len(found) != 3:
            raise RuntimeError(f"{message_id} isn't in the inbox of {account.address}")
        uid = found[2].decode()
        await ask(f"UID FETCH {uid} (BODY.PEEK[])")
        await ask(f"UID STORE {uid} +FLAGS.SILENT (\\Seen \\Answered)")
    await ask("LOGOUT")
    writer.transport.abort()


def record(file: Path) -> float:
    """CPU of writing down that one message was sent, in microseconds."""
    count = _BATCH * _BATCHES
    with closing(sqlite3.connect(file, isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        db.execute("CREATE TABLE message (id INTEGER PRIMARY KEY, message_id TEXT, sent_at TEXT, said TEXT)")
        db.execute("CREATE UNIQUE INDEX names ON message (message_id)")
        db.execute("BEGIN")
        db.executemany(
            "INSERT INTO message VALUES (?, ?, NULL, NULL)", ((n, f"<{n}@north.test>") for n in range(count))
        )
        db.execute("COMMIT")
        with metered() as cost:
            for start in range(0, count, _BATCH):
                stamps = [("2026-03-02 09:00:00.000000", "250 2.0.0 taken", n) for n in range(start, start + _BATCH)]
                db.execute("BEGIN IMMEDIATE")
                db.executemany("UPDATE message SET sent_at = ?, said = ? WHERE id = ?", stamps)
                db.execute("COMMIT")
    return cost.each(count)
