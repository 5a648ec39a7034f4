"""The embedded servers in a process of their own, whose clock is the daemon's, and which can kill it.

Owns: their process and what can be asked of it. Does not own: when to ask (`tests.crash.siege`).
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
from collections.abc import Callable, Sequence
from datetime import datetime
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import Self
from unittest.mock import patch

from warmup.model import Endpoint
from warmup.sandbox import Accepted, Account, Fault, Sandbox


class Servers:
    """A context manager; `smtp` and `imap` are where they listen. What they accept is in the file `ledger`."""

    smtp: Endpoint
    imap: Endpoint

    def __init__(self, people: Sequence[Account], clock: Callable[[], datetime], ledger: Path, junk: float) -> None:
        fork = multiprocessing.get_context("fork")  # the clock is shared memory; and nobody has threads yet
        self._pipe, theirs = fork.Pipe()
        self._process = fork.Process(target=_serve, args=(self._pipe, theirs, people, clock, ledger, junk), daemon=True)
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

    def strike(self, faults: Sequence[Fault]) -> None:
        """These faults from now on, and no others."""
        self._ask("strike", faults)

    def kill(self, victim: tuple[int, int] | None) -> None:
        """Kill a process, given with how many messages are accepted until then; or nobody any more. It dies when the
        last of them is in the ledger, and before anybody is told.
        """
        self._ask("kill", victim)

    def _ask(self, what: str, how: object) -> None:
        self._pipe.send((what, how))
        self._pipe.recv()


def _serve(
    ours: Connection,
    pipe: Connection,
    people: Sequence[Account],
    clock: Callable[[], datetime],
    ledger: Path,
    junk: float,
) -> None:
    ours.close()  # or its end wouldn't be seen
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the other process, whose end is ours
    asyncio.run(_Desk(pipe, Sandbox(people, clock=clock, ledger=ledger, junk=junk)).stay())


class _Desk:
    """Does what is asked over the pipe until its other end is closed."""

    def __init__(self, pipe: Connection, sandbox: Sandbox) -> None:
        self._pipe = pipe
        self._sandbox = sandbox
        self._victim: tuple[int, int] | None = None
        self._stop = asyncio.Event()

    async def stay(self) -> None:
        ledger, loop = self._sandbox.ledger, asyncio.get_running_loop()
        write = ledger.accept

        def accept(entry: Accepted) -> None:
            write(entry)
            self._accepted()

        with patch.object(ledger, "accept", accept):
            await self._sandbox.start()
            self._pipe.send((self._sandbox.smtp, self._sandbox.imap))
            loop.add_reader(self._pipe.fileno(), self._hear)
            await self._stop.wait()
            loop.remove_reader(self._pipe.fileno())
            await self._sandbox.stop()

    def _hear(self) -> None:
        try:
            what, how = self._pipe.recv()
        except EOFError:
            self._stop.set()
            return
        if what == "strike":
            self._sandbox.faults.script[:] = how
            self._sandbox.faults.struck.clear()
        else:
            self._victim = how
        self._pipe.send(None)

    def _accepted(self) -> None:
        if self._victim is not None:
            pid, left = self._victim
            self._victim = (pid, left - 1) if left > 1 else None
            if self._victim is None:
                os.kill(pid, signal.SIGKILL)
