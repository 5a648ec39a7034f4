"""The embedded servers in a process of their own, which ends with this one however that ends.

By TLS, as the daemon speaks to every server but those of its own machine, or in the clear.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import signal
import ssl
import time
from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import Self

import trustme

from warmup.daemon.clock import SystemClock
from warmup.model import Endpoint
from warmup.sandbox import Account, Sandbox
from warmup.tls import context, resuming

PROVIDERS = ("north.test", "east.test", "south.test")


def accounts(count: int) -> list[Account]:
    """`count` accounts at three providers."""
    return [Account(f"person{number}@{PROVIDERS[number % 3]}", f"word-of-{number}") for number in range(count)]


class Servers:
    """A context manager; `smtp` and `imap` are where they listen. They keep all mail in memory and lose none.

    With `authority`, a file that is made, they speak TLS, with certificates by what stands there.
    """

    smtp: Endpoint
    imap: Endpoint

    def __init__(self, people: Sequence[Account], authority: Path | None = None) -> None:
        self.authority = authority
        leaf = None
        if authority is not None:
            issuer = trustme.CA()
            issuer.cert_pem.write_to_path(authority)
            leaf = issuer.issue_cert("127.0.0.1")
        spawn = multiprocessing.get_context("spawn")  # a fork would have our threads' locks
        self._pipe, theirs = spawn.Pipe()
        self._process = spawn.Process(target=_serve, args=(theirs, people, leaf), daemon=True)
        self._theirs = theirs

    def __enter__(self) -> Self:
        self._process.start()
        self._theirs.close()
        self.smtp, self.imap = self._pipe.recv()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pipe.close()
        self._process.join()

    @property
    def tls(self) -> ssl.SSLContext | None:
        """The context that all of this process's connections share; None in the clear."""
        return context(str(self.authority)) if self.authority else None

    def resuming(self, service: str) -> ssl.SSLContext | None:
        """One for a service, that shows a server sessions of before, as the daemon's do."""
        return resuming(service, str(self.authority)) if self.authority else None

    @property
    def cpu(self) -> float:
        """Seconds of CPU they have used up to now."""
        self._pipe.send(None)
        used: float = self._pipe.recv()
        return used


def _serve(pipe: Connection, people: Sequence[Account], leaf: trustme.LeafCert | None) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the other process, whose end is ours
    asyncio.run(_stay(pipe, people, leaf))


async def _stay(pipe: Connection, people: Sequence[Account], leaf: trustme.LeafCert | None) -> None:
    tls = None
    if leaf is not None:
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        leaf.configure_cert(tls)
    servers = Sandbox(people, clock=SystemClock().now, tls=tls)
    await servers.start()
    pipe.send((servers.smtp, servers.imap))
    stop = asyncio.Event()

    def heard() -> None:
        try:
            pipe.recv()
        except EOFError:
            stop.set()
        else:
            pipe.send(time.process_time())

    loop = asyncio.get_running_loop()
    loop.add_reader(pipe.fileno(), heard)
    await stop.wait()
    loop.remove_reader(pipe.fileno())
    await servers.stop()
