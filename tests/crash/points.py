"""Where a daemon is killed: at its own hand inside, at the servers', or from outside at no place in particular.

The program has no hooks for this. In a life that is to end at a point, what is called there is wrapped, so that at the
n-th passage the process sends itself SIGKILL: no handler, no `finally`, no flush.

Owns: the points and how they are armed. Does not own: lives (`tests.crash.lives`), the servers' hand
(`tests.crash.servers`).
"""

from __future__ import annotations

import os
import signal
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from pkgutil import resolve_name
from typing import Any
from unittest.mock import patch

from warmup.smtp.line import Line

Pass = Callable[[], None]
Arm = Callable[[Pass], AbstractContextManager[Any]]


class Passages:
    """Called at each passage of a point; the process doesn't outlive the last."""

    def __init__(self, number: int) -> None:
        self._left = number

    def __call__(self) -> None:
        self._left -= 1
        if not self._left:
            os.kill(os.getpid(), signal.SIGKILL)


def _before(name: str) -> Arm:
    def arm(passed: Pass) -> AbstractContextManager[Any]:
        call = resolve_name(name)

        def wrapped(*args: Any, **kwargs: Any) -> Any:
            passed()
            return call(*args, **kwargs)

        return patch(name, wrapped)

    return arm


def _after(name: str, *, of: Callable[[Any], bool] = lambda result: True) -> Arm:
    """After a call of the store's thread; only those with such a result are a passage."""

    def arm(passed: Pass) -> AbstractContextManager[Any]:
        call = resolve_name(name)

        def wrapped(*args: Any, **kwargs: Any) -> Any:
            result = call(*args, **kwargs)
            if of(result):
                passed()
            return result

        return patch(name, wrapped)

    return arm


def _done(name: str) -> Arm:
    """When what it promised is done, and nobody has been told yet."""

    def arm(passed: Pass) -> AbstractContextManager[Any]:
        call: Callable[..., Awaitable[Any]] = resolve_name(name)

        async def wrapped(*args: Any, **kwargs: Any) -> Any:
            result = await call(*args, **kwargs)
            passed()
            return result

        return patch(name, wrapped)

    return arm


def _torn(passed: Pass) -> AbstractContextManager[Any]:
    """With half of the message out."""
    call = Line.message

    async def wrapped(line: Line, stuffed: bytes, seconds: float) -> Any:
        half = len(stuffed) // 2
        line._wire.write(stuffed[:half])  # an empty buffer is written to the socket at once
        passed()
        line._wire.write(stuffed[half:-3])
        return await call(line, stuffed[-3:], seconds)

    return patch.object(Line, "message", wrapped)


INSIDE: dict[str, Arm] = {
    "in the claim, not committed": _after("warmup.store.messages.claim", of=lambda claim: claim.message is not None),
    "after the claim": _before("warmup.daemon.sender.compose"),
    "before DATA": _before("warmup.smtp.Session.data"),
    "between DATA and the dot": _torn,
    "before the stamp": _before("warmup.store.messages.accepted"),
    "rescued, not stamped": _done("warmup.imap.Access.rescue"),
    "opened, not stamped": _done("warmup.imap.Access.open"),
    "filed, not stamped": _done("warmup.imap.Access.file"),
    "copied to Sent, not stamped": _done("warmup.imap.Access.keep"),
    "in the middle of a plan": _before("warmup.store.days._insert"),
    "in the recovery": _after("warmup.store.messages.release"),
}
ACCEPTED = "accepted, 250 not read"  # the servers kill, when the message is in their ledger and before they say so
ANYWHERE = "anywhere"  # from outside, after a number of lines of the daemon's log
NAMED = (*INSIDE, ACCEPTED)

# The most passages a life gets at a point; without a word here it is three.
_MOST = {"in the recovery": 1}


def most(point: str) -> int:
    return 40 if point == ANYWHERE else _MOST.get(point, 3)
