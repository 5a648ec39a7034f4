"""Servers that mean ill, or might as well, over a real loopback socket: a manner is all there is to each; and what they
cost us.
"""

from __future__ import annotations

import asyncio
import re
import ssl
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import UTC, datetime

import trustme

from warmup.model import Endpoint, Security

Manner = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

_TAG = re.compile(rb"^a ", re.MULTILINE)

HOST = "localhost"  # another than that of the servers that behave


async def silent(_: asyncio.StreamReader, __: asyncio.StreamWriter) -> None:
    """Until the client leaves."""


def says(*turns: bytes, answer: Manner = silent, then: Manner = silent) -> Manner:
    """Each turn after a line of the client's, the first at once, and `then` something; the next line gets that
    `answer`. "a" is the client's tag.
    """

    async def manner(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for number, turn in enumerate(turns):
            heard = await reader.readline() if number else b""
            writer.write(_TAG.sub(heard.partition(b" ")[0] + b" ", turn))
            await writer.drain()
        await then(reader, writer)
        await reader.readline()
        await answer(reader, writer)

    return manner


def upgrading(tls: ssl.SSLContext) -> Manner:
    async def manner(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await writer.start_tls(tls)

    return manner


def endless(piece: bytes) -> Manner:
    """Until the client has had enough."""

    async def manner(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while not writer.is_closing():
            writer.write(piece)
            await writer.drain()

    return manner


async def dripping(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Octet by octet, always one more in time."""
    while not writer.is_closing():
        writer.write(b"-")
        await writer.drain()
        await asyncio.sleep(0.02)


@asynccontextmanager
async def hostile(
    manner: Manner, security: Security = Security.PLAIN, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Endpoint]:
    """A server of that manner; `tls` from the first byte, if that is its security."""

    served: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        served[task] = writer
        with suppress(OSError):
            await manner(reader, writer)
            await reader.read()
        writer.transport.abort()

    implicit = tls if security is Security.TLS else None
    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=implicit)
    try:
        yield Endpoint(HOST, server.sockets[0].getsockname()[1], security)
    finally:
        server.close()
        for writer in served.values():
            writer.transport.abort()
        await asyncio.gather(*served)
        await server.wait_closed()


@contextmanager
def memory() -> Iterator[list[int]]:
    """The octets that were in use at most, once it is over."""
    peak: list[int] = []
    tracemalloc.start()
    try:
        yield peak
        peak.append(tracemalloc.get_traced_memory()[1])
    finally:
        tracemalloc.stop()


def certified(authority: trustme.CA, kind: str) -> ssl.SSLContext:
    """A server's context with a certificate that is good, or in which something is wrong."""
    if kind == "good":
        leaf = authority.issue_cert(HOST)
    elif kind == "another host's":
        leaf = authority.issue_cert("elsewhere.test")
    elif kind == "expired":
        leaf = authority.issue_cert(
            HOST, not_before=datetime(2020, 1, 1, tzinfo=UTC), not_after=datetime(2020, 2, 1, tzinfo=UTC)
        )
    else:  # of an authority that nobody has heard of
        leaf = trustme.CA().issue_cert(HOST)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    leaf.configure_cert(context)
    return context
