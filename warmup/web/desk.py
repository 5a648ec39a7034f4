"""Where all pages ask: the store, the configuration, the clock, who may do what.

Owns: that looking costs the daemon little: few at once, in threads of their own, and the pool not again before it has
rested nine times as long as it took. Does not own: what is asked.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Concatenate, ParamSpec, TypeVar

from warmup.config import Config
from warmup.daemon.clock import Clock
from warmup.store import Connection, Store, messages
from warmup.view import placed, pool

from .access import Access

P = ParamSpec("P")
T = TypeVar("T")

_AT_ONCE = 4  # works of the store
_FRESH = 1.0  # seconds in which the pool isn't asked for again, as the below
_RESTED = 9.0  # times as long as it took
_SLACK = timedelta(minutes=10)  # beyond the time after which a daemon drops what it missed: then nobody looks


@dataclass(frozen=True, slots=True)
class Health:
    """Whether a daemon is at work, and since when something waits that one would have sent or dropped by now."""

    served: bool
    behind_since: datetime | None

    @property
    def fine(self) -> bool:
        return self.served and self.behind_since is None


class Desk:
    """`now` is the daemon's clock, which is another than the system's in a demo."""

    def __init__(self, store: Store, config: Config, clock: Clock, access: Access) -> None:
        self.config = config
        self.access = access
        self.now = clock.now
        self._store = store
        self._threads = ThreadPoolExecutor(_AT_ONCE, "warmup-web")
        self._asking = asyncio.Lock()
        self._pool: list[dict[str, Any]] = []
        self._placement: list[dict[str, object]] = []
        self._old_at = 0.0

    async def read(self, work: Callable[Concatenate[Connection, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """What a work of the store finds."""
        return await self._in_thread(partial(self._store.read, work, *args, **kwargs))

    async def write(self, work: Callable[Concatenate[Connection, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """What comes of a work of the store that changes something."""
        result = await self._in_thread(partial(self._store.run, work, *args, **kwargs))
        self._old_at = 0.0
        return result

    async def pool(self) -> list[dict[str, Any]]:
        """Where every mailbox stands, as of a moment ago."""
        async with self._asking:  # who waits here has what another asked for
            began = time.monotonic()
            if began >= self._old_at:
                self._pool = await self.read(pool.rows, self.config, self.now())
                self._placement = await self.read(placed.by_provider, self.now())
                took = time.monotonic() - began
                self._old_at = began + took + max(_FRESH, _RESTED * took)
            return self._pool

    async def placement(self) -> list[dict[str, object]]:
        """Where the pool's mail arrives, as of then."""
        await self.pool()
        return self._placement

    async def health(self) -> Health:
        """Raises `StoreError` if the database can't be used."""
        since = await self.read(messages.waiting_since)
        behind = since is not None and since + self.config.submission.late + _SLACK < self.now()
        return Health(await self._in_thread(self._store.served), since if behind else None)

    def close(self) -> None:
        self._threads.shutdown()

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)
