"""The embedded servers of `warmup demo`, `warmup sandbox` and the tests: submission and access for made-up accounts.

A `Sandbox` takes messages from its accounts to its accounts and from nobody to nobody else, keeps them in memory, and
lets them be read over IMAP. It writes down what it accepted before it says so, and misbehaves where a `Fault` asks for
it. It runs on the loop it is started from.

Owns: starting and stopping the two servers. Does not own: keeping anything; a real mail server does that.
Sources: RFC 6409 (submission), RFC 3501 (IMAP4rev1), RFC 8314 (TLS).
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path

from warmup.model import Endpoint, Security

from .faults import Fault, Faults, Manner, load
from .imap import Access
from .ledger import Accepted, Change, Ledger
from .mail import Box
from .post import Account, Post
from .smtp import Submission

__all__ = ["Accepted", "Account", "Change", "Fault", "Ledger", "Manner", "Sandbox", "load"]

_BACKLOG = 1024  # connections that wait to be accepted


class Sandbox:
    """Both servers. `clock` dates what comes in; `junk` is the share of messages that land in Junk (by Message-ID, so
    always the same ones); a message with a header field `X-Sandbox-Folder` lands where that says.

    With `tls` both want it from the first byte, or after STARTTLS if `starttls` is set. Ports of 0 are chosen freely.
    """

    def __init__(
        self,
        accounts: Iterable[Account],
        *,
        clock: Callable[[], datetime],
        faults: Sequence[Fault] = (),
        junk: float = 0.0,
        ledger: Path | None = None,
        host: str = "127.0.0.1",
        tls: ssl.SSLContext | None = None,
        starttls: bool = False,
        smtp_port: int = 0,
        imap_port: int = 0,
    ) -> None:
        self.faults = Faults(faults, clock)
        self.ledger = Ledger(ledger)
        self.smtp = Endpoint(host, smtp_port, _security(tls, starttls))
        self.imap = Endpoint(host, imap_port, _security(tls, starttls))
        self._post = Post(accounts, clock, self.ledger, self.faults, junk)
        self.traffic = self._post.traffic
        self._implicit = None if starttls else tls
        self._upgrade = tls if starttls else None
        self._servers: list[asyncio.Server] = []
        self._submissions: set[Submission] = set()
        self._accesses: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    async def start(self) -> None:
        """Listen; `smtp` and `imap` have their ports from now on. OSError if a port is taken or the ledger can't be
        written.
        """
        self.ledger.open()
        loop = asyncio.get_running_loop()
        try:
            smtp = await loop.create_server(
                lambda: Submission(self._post, self._upgrade, self._submissions),
                self.smtp.host,
                self.smtp.port,
                ssl=self._implicit,
                backlog=_BACKLOG,
            )
            self._servers.append(smtp)
            imap = await asyncio.start_server(
                self._access, self.imap.host, self.imap.port, ssl=self._implicit, backlog=_BACKLOG
            )
            self._servers.append(imap)
        except OSError:
            await self.stop()
            raise
        self.smtp = _listening(self.smtp, smtp)
        self.imap = _listening(self.imap, imap)

    async def stop(self) -> None:
        """Stop listening and hang up on everybody."""
        for server in self._servers:
            server.close()
        for submission in tuple(self._submissions):
            await submission.end()
        for writer in self._accesses.values():
            writer.transport.abort()
        if self._accesses:
            await asyncio.wait(self._accesses)
        for server in self._servers:
            await server.wait_closed()
        self._servers.clear()
        self.ledger.close()

    def box(self, address: str) -> Box:
        """An account's folders, as they are now. KeyError if there is no such account."""
        box = self._post.box(address)
        if box is None:
            raise KeyError(address)
        return box

    async def _access(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._accesses[task] = writer
        try:
            await Access(self._post, self._upgrade, reader, writer).serve()
        finally:
            del self._accesses[task]


def _security(tls: ssl.SSLContext | None, starttls: bool) -> Security:
    if tls is None:
        return Security.PLAIN
    return Security.STARTTLS if starttls else Security.TLS


def _listening(endpoint: Endpoint, server: asyncio.Server) -> Endpoint:
    return Endpoint(endpoint.host, server.sockets[0].getsockname()[1], endpoint.security)
