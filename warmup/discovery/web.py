"""Fetching a small file over HTTPS, and nothing else.

One deadline covers all of it, since asyncio reads; http.client only takes the octets apart. No proxy is used, whatever
the environment says, and a redirect is followed to https alone.

Owns: HTTPS, its deadline and its bounds, the table of what can go wrong. Does not own: which files
(`warmup.discovery.autoconfig`).
Sources: RFC 9110 §15.4 (redirects), RFC 9112 §9.6 (Connection: close).
"""

from __future__ import annotations

import asyncio
import http.client
import io
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import SplitResult, urljoin, urlsplit

_SECONDS = 10.0  # for a file, redirects and all; a guess
_LONGEST = 100_000  # octets with the header; the longest file of Mozilla's has some ten thousand
_REDIRECTS = 3
_MOVED = frozenset({301, 302, 303, 307, 308})

# What can go wrong, and how it is told: the first row that fits.
_TROUBLE: tuple[tuple[type[BaseException], str], ...] = (
    (ssl.SSLCertVerificationError, "the certificate isn't trusted: {error.verify_message}"),
    (ssl.SSLError, "no TLS: {error.reason}"),
    (socket.gaierror, "there is no such host"),
    (ConnectionRefusedError, "connections are refused"),
    (ConnectionError, "the connection was closed"),
    (TimeoutError, "no answer within {seconds:g} s"),
    (http.client.HTTPException, "it doesn't speak HTTP"),
    (Exception, "it can't be reached: {error}"),
)


class NotFetched(Exception):
    """There is no such file, or it can't be had. The text says why, in a few words."""


class _Octets:
    """What http.client wants of a socket."""

    def __init__(self, octets: bytes) -> None:
        self._octets = octets

    def makefile(self, _mode: str) -> io.BytesIO:
        return io.BytesIO(self._octets)


@dataclass(frozen=True, slots=True)
class Web:
    """`tls` says whom to trust; `where` is the address and port to connect to for a host and port."""

    tls: ssl.SSLContext
    seconds: float = _SECONDS
    where: Callable[[str, int], tuple[str, int]] = lambda host, port: (host, port)

    async def get(self, url: str) -> bytes:
        """The file at an https URL. Raises `NotFetched`."""
        try:
            async with asyncio.timeout(self.seconds):
                for _ in range(_REDIRECTS + 1):
                    response = await self._ask(_secure(url))
                    if response.status not in _MOVED:
                        return _file(response)
                    url = urljoin(url, response.headers.get("Location", ""))
        except (OSError, http.client.HTTPException, UnicodeError, ValueError) as error:
            words = next(words for kind, words in _TROUBLE if isinstance(error, kind))
            raise NotFetched(words.format(error=error, seconds=self.seconds)) from error
        raise NotFetched("it redirects too often")

    async def _ask(self, url: SplitResult) -> http.client.HTTPResponse:
        host, port = url.hostname or "", url.port or 443
        address, door = self.where(host, port)
        reader, writer = await asyncio.open_connection(address, door, ssl=self.tls, server_hostname=host)
        try:
            path = url._replace(scheme="", netloc="", fragment="").geturl() or "/"
            name = host if port == 443 else f"{host}:{port}"
            request = f"GET {path} HTTP/1.1\r\nHost: {name}\r\nAccept: text/xml\r\nConnection: close\r\n\r\n"
            writer.write(request.encode("ascii"))
            octets = bytearray()
            while chunk := await reader.read(8192):
                octets += chunk
                if len(octets) > _LONGEST:
                    raise NotFetched(f"it is longer than {_LONGEST} octets")
        finally:
            writer.transport.abort()
        response = http.client.HTTPResponse(_Octets(bytes(octets)))  # type: ignore[arg-type]
        response.begin()
        return response


def _secure(url: str) -> SplitResult:
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname or parts.username is not None:
        raise NotFetched(f"it redirects to {url}, and that isn't https")
    return parts


def _file(response: http.client.HTTPResponse) -> bytes:
    if response.status != http.client.OK:
        raise NotFetched(f"HTTP {response.status}")
    return response.read()
