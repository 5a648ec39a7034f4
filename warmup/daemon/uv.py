"""uvloop's event loop, with names looked up as asyncio has it.

uvloop asks for addresses in libuv's pool of four threads, so four lookups that a silent name server leaves without an
answer would keep everybody from connecting by name. asyncio asks in the loop's default executor, whose size the daemon
knows how to choose; so does this loop.

Owns: lookups, and which of a name's addresses is connected to. Does not own: whether this loop is used
(`warmup.daemon.loop`).
"""

from __future__ import annotations

import ipaddress
import socket
import ssl as tls
from collections.abc import Callable
from functools import partial
from typing import Any

import uvloop


class Loop(uvloop.Loop):
    """uvloop, but that no name is looked up by libuv on the way to a connection."""

    async def getaddrinfo(
        self, host: Any, port: Any, *, family: int = 0, type: int = 0, proto: int = 0, flags: int = 0
    ) -> list[Any]:
        """As asyncio's."""
        return await self.run_in_executor(None, partial(socket.getaddrinfo, host, port, family, type, proto, flags))

    async def create_connection(
        self,
        protocol_factory: Callable[[], Any],
        host: str | None = None,
        port: int | None = None,
        *,
        ssl: tls.SSLContext | bool | None = None,
        family: int = 0,
        proto: int = 0,
        flags: int = 0,
        server_hostname: str | None = None,
        **more: Any,
    ) -> tuple[Any, Any]:
        """As uvloop's, and asyncio's: the first of a name's addresses that accepts a TCP connection is the one.

        Unlike asyncio it makes a protocol for each address that is tried.
        """
        connect = partial(super().create_connection, protocol_factory, port=port, ssl=ssl, family=family, proto=proto)
        if host is None or _is_address(host):  # about which nobody has to be asked
            return await connect(host=host, flags=flags, server_hostname=server_hostname, **more)
        if ssl and server_hostname is None:
            server_hostname = host
        refused: list[OSError] = []
        for *_, address in await self.getaddrinfo(
            host, port, family=family, type=socket.SOCK_STREAM, proto=proto, flags=flags
        ):
            numeric, _ = socket.getnameinfo(address, socket.NI_NUMERICHOST | socket.NI_NUMERICSERV)
            try:
                return await connect(host=numeric, server_hostname=server_hostname, **more)
            except (tls.SSLError, ConnectionResetError, ConnectionAbortedError):
                raise  # there was a connection, and no other address is asked for a better TLS
            except OSError as error:
                refused.append(error)
        if len({str(error) for error in refused}) == 1:
            raise refused[0]
        raise OSError(f"Multiple exceptions: {', '.join(map(str, refused))}")


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
