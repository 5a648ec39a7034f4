"""Servers at the names where they usually stand: smtp.DOMAIN, imap.DOMAIN, mail.DOMAIN.

Only names in the mailbox's own domain are tried, and only whether somebody greets there: nothing is said. Where TLS
begins with the first byte its certificate must be right for the name; where STARTTLS follows, signing in demands that.
So a password can go only to who holds a certificate for a name in the domain, and no person need confirm it.

Owns: which names, and what counts as a greeting. Does not own: signing in.
Sources: RFC 8314 §3.3 (ports 465, 993), RFC 5321 §4.2 (220), RFC 3501 §7.1 (OK).
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Sequence

from warmup.model import Endpoint, Security

_SECONDS = 5.0  # for a greeting; a guess
_GREETING = {"smtp": b"220", "imap": b"* OK"}
_PORTS = {
    "smtp": ((465, Security.TLS), (587, Security.STARTTLS)),
    "imap": ((993, Security.TLS), (143, Security.STARTTLS)),
}


def usual(kind: str, domain: str) -> list[Endpoint]:
    """Where to look, the best first."""
    hosts = (f"{kind}.{domain}", f"mail.{domain}")
    return [Endpoint(host, port, security) for port, security in _PORTS[kind] for host in hosts]


async def greeting(
    kind: str, servers: Sequence[Endpoint], tls: ssl.SSLContext, seconds: float = _SECONDS
) -> Endpoint | None:
    """The first of them that greets as a server of its kind does. All are tried at once."""
    heard = await asyncio.gather(*(_greets(kind, server, tls, seconds) for server in servers))
    return next((server for server, greets in zip(servers, heard, strict=True) if greets), None)


async def _greets(kind: str, server: Endpoint, tls: ssl.SSLContext, seconds: float) -> bool:
    context = tls if server.security is Security.TLS else None
    try:
        async with asyncio.timeout(seconds):
            reader, writer = await asyncio.open_connection(server.host, server.port, ssl=context)
            try:
                return (await reader.readline()).startswith(_GREETING[kind])
            finally:
                writer.transport.abort()
    except (OSError, UnicodeError, ValueError):  # a line that doesn't end is a ValueError
        return False
