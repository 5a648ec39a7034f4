"""What a server shows at its door, on a real socket."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
import trustme

from tests.servers import free_ports
from warmup.dns import Door
from warmup.dns.doors import Trade, check
from warmup.model import Endpoint, Security

NOW = datetime.fromtimestamp(time.time(), UTC)  # certificates go by the real clock
HELLO = ["220 mx.test ESMTP", "250-mx.test", "250-SIZE 35000000", "250 STARTTLS"]
IMAP = ["* OK ready", "* CAPABILITY IMAP4rev1 STARTTLS\r\nd1 OK done"]
Serve = Callable[..., Awaitable[int]]


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def tls(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


@pytest.fixture
async def serve(authority: trustme.CA) -> AsyncIterator[Serve]:
    """A server that says its lines by turns: the first unasked, then one for each line it hears; an EHLO is answered by
    all that are left. STARTTLS upgrades, and begins the lines after the first again.
    """
    servers: list[asyncio.Server] = []

    async def begin(lines: list[str], *, name: str = "localhost", implicit: bool = False, days: int = 90) -> int:
        certificate = authority.issue_cert(name, not_after=NOW + timedelta(days=days))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate.configure_cert(context)

        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with suppress(OSError, ssl.SSLError):
                writer.write(f"{lines[0]}\r\n".encode())
                while heard := await reader.readline():
                    if b"STARTTLS" in heard:
                        writer.write(b"d1 OK go\r\n" if heard.startswith(b"d1") else b"220 go\r\n")
                        await writer.start_tls(context)
                    else:
                        writer.write("".join(f"{line}\r\n" for line in lines[1:]).encode())
            writer.close()

        server = await asyncio.start_server(talk, "127.0.0.1", 0, ssl=context if implicit else None)
        servers.append(server)
        return int(server.sockets[0].getsockname()[1])

    yield begin
    for server in servers:
        server.close()
        await server.wait_closed()


async def codes(port: int, tls: ssl.SSLContext, security: Security, trade: Trade = "submission") -> set[str]:
    door = Door(endpoint=Endpoint("localhost", port, security), trade=trade)
    return {finding.code for finding in await check(door, tls, hello="[127.0.0.1]", now=NOW, seconds=5)}


async def test_a_good_server_is_all_right(serve: Serve, tls: ssl.SSLContext) -> None:
    assert await codes(await serve(HELLO), tls, Security.STARTTLS) == {"server-ok"}
    assert await codes(await serve(HELLO, implicit=True), tls, Security.TLS) == {"server-ok"}
    assert await codes(await serve(IMAP), tls, Security.STARTTLS, "imap") == {"server-ok"}
    assert await codes(await serve(IMAP, implicit=True), tls, Security.TLS, "imap") == {"server-ok"}
    assert await codes(await serve(HELLO), tls, Security.STARTTLS, "mx") == {"server-ok"}


@pytest.mark.parametrize("security", [Security.TLS, Security.STARTTLS])
async def test_a_certificate_for_another_name_is_an_error(
    serve: Serve, tls: ssl.SSLContext, security: Security
) -> None:
    implicit = security is Security.TLS
    port = await serve(HELLO, name="other.test", implicit=implicit)
    assert await codes(port, tls, security) == {"server-certificate"}
    assert await codes(await serve(IMAP, name="other.test", implicit=implicit), tls, security, "imap") == {
        "server-certificate"
    }


async def test_a_certificate_that_ends_soon_is_a_warning(serve: Serve, tls: ssl.SSLContext) -> None:
    assert await codes(await serve(HELLO, days=5), tls, Security.STARTTLS) == {"server-expiring"}
    assert await codes(await serve(IMAP, days=5), tls, Security.STARTTLS, "imap") == {"server-expiring"}


async def test_an_authority_that_nobody_trusts_is_an_error(serve: Serve) -> None:
    port = await serve(HELLO, implicit=True)
    assert await codes(port, ssl.create_default_context(), Security.TLS) == {"server-certificate"}


async def test_a_server_without_starttls_is_told_of(serve: Serve, tls: ssl.SSLContext) -> None:
    bare = [*HELLO[:-1], "250 HELP"]
    assert await codes(await serve(bare), tls, Security.STARTTLS) == {"server-starttls"}
    assert await codes(await serve(bare), tls, Security.STARTTLS, "mx") == {"server-mx-starttls"}
    capability = [IMAP[0], "* CAPABILITY IMAP4rev1\r\nd1 OK done"]
    assert await codes(await serve(capability), tls, Security.STARTTLS, "imap") == {"server-starttls"}


async def test_a_server_that_takes_little_is_told_of(serve: Serve, tls: ssl.SSLContext) -> None:
    small = ["220 mx.test", "250-mx.test", "250-STARTTLS", "250 SIZE 10000"]
    assert await codes(await serve(small), tls, Security.STARTTLS) == {"server-small"}


@pytest.mark.parametrize("lines", [["554 no"], ["220 hi", "500 what"], ["nonsense"], ["* BYE"]])
async def test_a_server_that_speaks_otherwise_cannot_be_used(
    serve: Serve, tls: ssl.SSLContext, lines: list[str]
) -> None:
    assert await codes(await serve(lines), tls, Security.STARTTLS) == {"server-unreached"}


async def test_an_mx_that_cannot_be_reached_is_not_spoken_of(tls: ssl.SSLContext) -> None:
    (shut,) = free_ports(1)
    assert await codes(shut, tls, Security.STARTTLS) == {"server-unreached"}
    assert await codes(shut, tls, Security.STARTTLS, "mx") == set()
