"""A domain's world on loopback: its name server, its web server, and whatever stands at its mail ports."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import pytest
import trustme

from tests.nameserver import Serve, Zones
from warmup.config import directory
from warmup.discovery import Instruments, Report, Web, discover
from warmup.dns.lookup import Resolver

Pages = Mapping[str, bytes | str]  # by https URL without a query: a body, or "301 https://…", or "404"


@dataclass
class World:
    """Everybody who can be asked. `asked` are the URLs that were fetched."""

    authority: trustme.CA
    resolver: Resolver
    web: Web
    asked: list[str] = field(default_factory=list)

    @property
    def tls(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        self.authority.configure_trust(context)
        return context

    async def discover(self, address: str) -> Report:
        means = Instruments(directory=directory(), resolver=self.resolver, web=self.web, tls=self.tls)
        return await discover(address, means)


Build = Callable[..., Awaitable[World]]


@pytest.fixture
async def build(nameserver: Serve) -> AsyncIterator[Build]:
    """Builds a world of zones and pages."""
    async with AsyncExitStack() as stack:

        async def make(zones: Zones, pages: Pages | None = None, seconds: float = 5.0) -> World:
            authority = trustme.CA()
            world = World(authority, Resolver([nameserver(zones).address]), Web(ssl.create_default_context()))
            hosts = {page.partition("://")[2].partition("/")[0] for page in pages or {}}
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            authority.issue_cert("no.host.test", *hosts).configure_cert(context)
            server = await asyncio.start_server(_Site(pages or {}, world.asked).serve, "127.0.0.1", 0, ssl=context)
            stack.push_async_callback(server.wait_closed)
            stack.callback(server.close)
            port = server.sockets[0].getsockname()[1]
            world.web = Web(world.tls, seconds, lambda host, _: ("127.0.0.1", port if host in hosts else 1))
            return world

        yield make


class _Site:
    """All web servers of the world in one."""

    def __init__(self, pages: Pages, asked: list[str]) -> None:
        self._pages = pages
        self._asked = asked

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            path = head.split(" ")[1]
            host = next(line[6:] for line in head.split("\r\n") if line.startswith("Host: "))
            self._asked.append(f"https://{host}{path}")
            page = self._pages.get(f"https://{host}{path.partition('?')[0]}", "404")
            writer.write(_answer(page))
            if page == "hang":
                await reader.read()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


def _answer(page: bytes | str) -> bytes:
    if isinstance(page, bytes):
        return b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: %d\r\n\r\n%s" % (len(page), page)
    if page == "chunked":
        body = SETTINGS.encode()
        return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    if page in {"hang", "nonsense"}:
        return b"" if page == "hang" else b"220 mail.example.test ESMTP\r\n"
    status, _, where = page.partition(" ")
    location = f"Location: {where}\r\n" if where else ""
    return f"HTTP/1.1 {status} X\r\n{location}Content-Length: 0\r\n\r\n".encode()


def settings(
    *,
    smtp: str = "smtp.example.test",
    imap: str = "imap.example.test",
    port: str = "993",
    security: str = "SSL",
    login: str = "%EMAILADDRESS%",
    auth: str = "password-cleartext",
) -> str:
    """An autoconfig file; security and port are the IMAP server's."""
    return f"""<?xml version="1.0"?>
<clientConfig version="1.1"><emailProvider id="example.test">
<incomingServer type="pop3"><hostname>pop.example.test</hostname><port>110</port><socketType>plain</socketType>
</incomingServer>
<incomingServer type="imap"><hostname>{imap}</hostname><port>{port}</port><socketType>{security}</socketType>
<username>{login}</username><authentication>{auth}</authentication></incomingServer>
<outgoingServer type="smtp"><hostname>{smtp}</hostname><port>587</port><socketType>STARTTLS</socketType>
<username>{login}</username><authentication>{auth}</authentication></outgoingServer>
</emailProvider></clientConfig>"""


SETTINGS = settings()
