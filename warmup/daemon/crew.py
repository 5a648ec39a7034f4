"""Tasks by key: one per key at a time, all of them known, all of them ended.

Owns: starting, waiting for and stopping tasks, and telling of those that crashed. Does not own: what they do.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Hashable

Work = Callable[[], Coroutine[None, None, None]]


class Crew:
    """At most `size` tasks work at once; the others wait for their turn. `crashed` is told of every exception.

    A key that is busy isn't started twice: what it would do will still be due at the next ring.
    """

    def __init__(self, size: int, crashed: Callable[[Hashable, BaseException], Coroutine[None, None, None]]) -> None:
        self._places = asyncio.Semaphore(size)
        self._crashed = crashed
        self._tasks: dict[Hashable, asyncio.Task[None]] = {}

    def begin(self, key: Hashable, work: Work) -> None:
        if key not in self._tasks:
            self._tasks[key] = asyncio.get_running_loop().create_task(self._work(key, work))

    async def _work(self, key: Hashable, work: Work) -> None:
        try:
            async with self._places:
                await work()
        except Exception as error:
            # One mailbox's bug must not stop the others; it is told, never swallowed.
            await self._crashed(key, error)
        finally:
            del self._tasks[key]

    async def idle(self) -> None:
        """Until nobody works."""
        while self._tasks:
            await asyncio.wait(self._tasks.values())

    async def stop(self, seconds: float) -> int:
        """Let those at work finish for `seconds`, then cancel them; how many had to be."""
        if not self._tasks:
            return 0
        _, late = await asyncio.wait(self._tasks.values(), timeout=seconds)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
        return len(late)
