"""A sandbox with three accounts, and clients of the standard library that talk to it from threads."""

from __future__ import annotations

import asyncio
import smtplib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime

import pytest
import trustme

from warmup.model import Endpoint
from warmup.sandbox import Account, Sandbox

NOW = datetime(2026, 3, 4, 9, 30, tzinfo=UTC)
ANN, BOB, ZOE = "ann@a.example", "bob@b.example", "zoë@bücher.example"
SECRET = "correct horse battery staple"
ACCOUNTS = [Account(address, SECRET) for address in (ANN, BOB, ZOE)]

Open = Callable[..., Awaitable[Sandbox]]


def message(number: int = 1, *fields: str, text: str = "How are you?") -> bytes:
    lines = [f"From: {ANN}", f"To: {BOB}", f"Message-ID: <{number}@a.example>", *fields, "", text, ""]
    return "\r\n".join(lines).encode()


@pytest.fixture
async def opened() -> AsyncIterator[Open]:
    """Opens a sandbox: `await opened(junk=0.5)`."""
    sandboxes: list[Sandbox] = []

    async def start(**options: object) -> Sandbox:
        options = {"clock": lambda: NOW, **options}
        sandbox = Sandbox(ACCOUNTS, **options)  # type: ignore[arg-type]
        await sandbox.start()
        sandboxes.append(sandbox)
        return sandbox

    yield start
    for sandbox in sandboxes:
        await asyncio.wait_for(sandbox.stop(), 5)


@pytest.fixture
async def sandbox(opened: Open) -> Sandbox:
    return await opened()


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="session")
def serving(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


@pytest.fixture(scope="session")
def trusting(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


@asynccontextmanager
async def dialled(endpoint: Endpoint) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection on which the greeting has been heard, for five seconds."""
    reader, writer = await asyncio.open_connection(endpoint.host, endpoint.port)
    try:
        async with asyncio.timeout(5):
            await reader.readline()
            yield reader, writer
    finally:
        writer.transport.abort()
        with suppress(ConnectionError):
            await writer.wait_closed()


def submit(sandbox: Sandbox, *messages: bytes, sender: str = ANN, recipient: str = BOB) -> None:
    """Blocking: to be run in a thread."""
    with smtplib.SMTP(sandbox.smtp.host, sandbox.smtp.port, "client.example", timeout=5) as client:
        client.login(sender, SECRET)
        for one in messages:
            client.sendmail(sender, [recipient], one)
