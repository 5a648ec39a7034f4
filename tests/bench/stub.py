"""Submission servers that only wait: in a process of their own, on addresses of loopback, each a host to the daemon.

They take every password and every message, each message after the same pause, keep nothing but how often each
Message-ID came and in which second, and cost as little as Python lets them. What is measured against them is the daemon
alone.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import re
import signal
import time
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Self

from warmup.model import Endpoint, Security

_MESSAGE_ID = re.compile(rb"^Message-ID:\s*(<\S+>)", re.MULTILINE | re.IGNORECASE)
_END = b"\r\n.\r\n"
_GREETED = b"250-stub\r\n250-8BITMIME\r\n250 AUTH PLAIN\r\n"
_SAID = {b"EHLO": _GREETED, b"AUTH": b"235 2.7.0 in\r\n", b"DATA": b"354 go on\r\n", b"QUIT": b"221 2.0.0 bye\r\n"}


@dataclass(slots=True)
class Taken:
    """What the servers took: by the clock's `seconds`, how `often` each Message-ID; at `most` so many connections to
    one host at once; and the `cpu` that they used up to now.
    """

    seconds: Counter[int] = field(default_factory=Counter)
    often: Counter[str] = field(default_factory=Counter)
    most: int = 0
    cpu: float = 0.0


class Stubs:
    """A context manager; `endpoints` are the hosts. `waits` seconds pass between a message and its 250."""

    endpoints: list[Endpoint]

    def __init__(self, hosts: int, waits: float) -> None:
        spawn = multiprocessing.get_context("spawn")  # a fork would have our threads' locks
        self._pipe, theirs = spawn.Pipe()
        self._process = spawn.Process(target=_serve, args=(theirs, hosts, waits), daemon=True)
        self._theirs = theirs

    def __enter__(self) -> Self:
        self._process.start()
        self._theirs.close()
        self.endpoints = [Endpoint(host, port, Security.PLAIN) for host, port in self._pipe.recv()]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pipe.close()
        self._process.join()

    def taken(self) -> Taken:
        """All they took since they were asked last."""
        self._pipe.send(None)
        taken: Taken = self._pipe.recv()
        return taken


def _serve(pipe: Connection, hosts: int, waits: float) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the other process, whose end is ours
    asyncio.run(_stay(pipe, hosts, waits))


async def _stay(pipe: Connection, hosts: int, waits: float) -> None:
    loop, books = asyncio.get_running_loop(), [Taken()]
    places = []
    for number in range(hosts):
        here = [0]  # connections at this host
        server = await loop.create_server(partial(_Stub, books, here, waits), f"127.0.1.{number + 1}", 0, backlog=512)
        places.append(server.sockets[0].getsockname())
    pipe.send(places)
    stop = asyncio.Event()

    def heard() -> None:
        try:
            pipe.recv()
        except EOFError:
            stop.set()
        else:
            books[0].cpu = time.process_time()
            pipe.send(books[0])
            books[0] = Taken()

    loop.add_reader(pipe.fileno(), heard)
    await stop.wait()


class _Stub(asyncio.Protocol):
    """One connection. Commands come one at a time, as our client doesn't pipeline."""

    _transport: asyncio.Transport

    def __init__(self, books: list[Taken], here: list[int], waits: float) -> None:
        self._books = books
        self._here = here
        self._waits = waits
        self._text: bytearray | None = None  # of the message that is coming

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._here[0] += 1
        self._books[0].most = max(self._books[0].most, self._here[0])
        transport.write(b"220 stub\r\n")

    def connection_lost(self, _: Exception | None) -> None:
        self._here[0] -= 1

    def data_received(self, data: bytes) -> None:
        if self._text is None:
            verb = data[:4].upper()
            self._text = bytearray() if verb == b"DATA" else None
            self._transport.write(_SAID.get(verb, b"250 2.0.0 good\r\n"))
            if verb == b"QUIT":
                self._transport.close()
            return
        self._text += data
        if self._text.endswith(_END):
            found = _MESSAGE_ID.search(self._text)
            assert found is not None, "a message has a Message-ID"
            self._text = None
            asyncio.get_running_loop().call_later(self._waits, self._take, found[1].decode())

    def _take(self, message_id: str) -> None:
        self._books[0].often[message_id] += 1
        self._books[0].seconds[int(time.time())] += 1
        self._transport.write(b"250 2.0.0 taken\r\n")
