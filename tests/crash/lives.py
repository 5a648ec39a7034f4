"""A life: one run of the real daemon in a process of its own, from where the clock stands to its end or its kill.

A Python that starts and imports takes a second, and a daemon that is killed by the hundred a hundred of them. So each
life is a fork of one process that has imported everything and has neither thread nor loop.

Owns: that process, its clock and its log. Does not own: where it is killed (`tests.crash.points`).
"""

from __future__ import annotations

import asyncio
import json
import mmap
import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, NoReturn, Self

from warmup.config import Config
from warmup.daemon.clock import JumpClock
from warmup.daemon.log import Fact, as_json
from warmup.daemon.run import jump

_RING = timedelta(seconds=15)
_EPOCH = datetime(2020, 1, 1, tzinfo=UTC)
_TICK = timedelta(microseconds=1)


class Time:
    """An instant in memory that processes share: what a daemon's clock showed when it was killed is still there."""

    def __init__(self, start: datetime) -> None:
        self._cell = mmap.mmap(-1, 8)
        self.set(start)

    def now(self) -> datetime:
        return _EPOCH + int.from_bytes(self._cell[:], "little") * _TICK

    def set(self, at: datetime) -> None:
        self._cell[:] = ((at - _EPOCH) // _TICK).to_bytes(8, "little")


class SharedClock(JumpClock):
    """Stops at whole rings only, as the daemon looks when its bell rings and not when something falls due; so several
    mailboxes are at work at once.
    """

    def __init__(self, time: Time) -> None:
        super().__init__(time.now())
        self._time = time

    def jump(self, to: datetime) -> None:
        super().jump(to + (_EPOCH - to) % _RING)
        self._time.set(self.now())


class Life:
    """A daemon that lives from now until then, `armed` in its own process with what changes it. A context manager,
    which it doesn't outlive. Its log is to be read to the end, which comes with its own.
    """

    def __init__(
        self,
        config: Config,
        time: Time,
        until: datetime,
        armed: Callable[[], AbstractContextManager[Any]] = nullcontext,
    ) -> None:
        self._log, says = os.pipe()
        self._status: int | None = None
        sys.stderr.flush()
        self.pid = os.fork()
        if not self.pid:
            os.close(self._log)
            _live(config, time, until, armed, says)
        os.close(says)

    def facts(self) -> Iterator[Mapping[str, Any]]:
        """What it says, until it ends. Raises AssertionError if it met a bug of its own."""
        with open(self._log, encoding="utf-8", closefd=False) as lines:
            for line in lines:
                if line.endswith("\n"):  # else it was killed in the middle of a word
                    fact: Mapping[str, Any] = json.loads(line)
                    assert fact["event"] != "bug", fact["traceback"]
                    yield fact

    def kill(self) -> None:
        if self._status is None:
            os.kill(self.pid, signal.SIGKILL)

    def killed(self) -> bool:
        """How it ended, when it has. Raises RuntimeError if that was neither by SIGKILL nor when its time had come."""
        if self._status is None:
            _, self._status = os.waitpid(self.pid, 0)
        code = os.waitstatus_to_exitcode(self._status)
        if code not in {0, -signal.SIGKILL}:
            raise RuntimeError(f"the daemon ended with status {code}")
        return code != 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
        if self._status is None:
            os.waitpid(self.pid, 0)
        os.close(self._log)


def _live(
    config: Config, time: Time, until: datetime, armed: Callable[[], AbstractContextManager[Any]], says: int
) -> NoReturn:
    def tell(fact: Fact) -> None:
        os.write(says, as_json(fact).encode() + b"\n")

    status = 1
    try:
        with armed():
            asyncio.run(jump(config, SharedClock(time), until, tell))
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)  # nothing of what the process was before is to be run here
