"""By when the other side of a connection is to have answered, turn after turn.

There is one clock for all turns. It is looked at when it rings, and set anew only for an end that comes before that:
asyncio's `wait_for`, which sets one each time, doubles what waiting for an answer costs.

Owns: telling that the time has passed. Does not own: how much of it there is, and what comes of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Deadline:
    """Calls `passed` when what was to come `within` some seconds hasn't by then. Without any it is `met`."""

    def __init__(self, loop: asyncio.AbstractEventLoop, passed: Callable[[], None]) -> None:
        self._loop = loop
        self._passed = passed
        self._end: float | None = None  # by the loop's clock; None: nothing is waited for
        self._clock: asyncio.TimerHandle | None = None

    def within(self, seconds: float) -> None:
        """From now on, in place of what was waited for before."""
        self._end = self._loop.time() + seconds
        if self._clock is None or self._clock.when() > self._end:
            self._set()

    def met(self) -> None:
        """It has come."""
        self._end = None

    def stop(self) -> None:
        """Nothing comes any more."""
        self._end = None
        if self._clock is not None:
            self._clock.cancel()
            self._clock = None

    def _set(self) -> None:
        assert self._end is not None
        if self._clock is not None:
            self._clock.cancel()
        self._clock = self._loop.call_at(self._end, self._rung)

    def _rung(self) -> None:
        """The clock was set for some turn, which may have ended long since."""
        self._clock = None
        if self._end is None:
            return
        if self._loop.time() < self._end:
            self._set()
        else:
            self._passed()
