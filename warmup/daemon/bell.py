"""APScheduler, as an alarm clock: it rings, workers look.

A ring carries no data. Lost, it costs one interval; doubled, nothing; so it may be late (`misfire_grace_time=None`, the
default of 1 s would drop it silently) and several late ones are one (`coalesce`).

Owns: ringing, and an end of the daemon when a worker raises what nobody expected: APScheduler would swallow it.
Does not own: what a ring is for.
Sources: the facts on APScheduler 3.11 in its documentation, "Missed job executions and coalescing".
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC

from apscheduler.schedulers.asyncio import AsyncIOScheduler

Look = Callable[[], Awaitable[None]]


class Bell:
    """Rings workers by the system's clock. `broken` is done when one of them raised."""

    def __init__(self) -> None:
        logging.getLogger("apscheduler").setLevel(logging.CRITICAL)  # a ring skipped because one is heard is no news
        self.broken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._scheduler = AsyncIOScheduler(
            timezone=UTC, job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        )

    def ring(self, name: str, seconds: float, look: Look) -> None:
        """Every `seconds`, and once at the start."""
        self._scheduler.add_job(self._heard, "interval", seconds=seconds, args=(look,), id=name)

    def start(self) -> None:
        self._scheduler.start()

    def stop(self) -> None:
        self._scheduler.shutdown(wait=False)

    async def _heard(self, look: Look) -> None:
        try:
            await look()
        except Exception as error:
            if not self.broken.done():
                self.broken.set_exception(error)
