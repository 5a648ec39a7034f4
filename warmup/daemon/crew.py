"""Tasks by key: one per key at a time, all of them known, all of them ended.

Owns: starting, waiting for and stopping tasks, and telling of those that crashed. Does not own: what they do, or how
many do it at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Hashable, Set

from warmup.errors import StoreError

Work = Callable[[], Coroutine[None, None, None]]


class Crew:
    """`crashed` is told of every exception but a `StoreError`: without the memory nobody can go on, and it isn't one
    key's fault. That, and what `crashed` itself raises, comes out of `check`.

    A key that is busy isn't started twice: what it would do will still be due at the next ring.
    """

    def __init__(self, crashed: Callable[[Hashable, Exception], Coroutine[None, None, None]]) -> None:
        self._crashed = crashed
        self._tasks: dict[Hashable, asyncio.Task[None]] = {}
        self._broken: Exception | None = None
        self.stopping = False

    def begin(self, key: Hashable, work: Work) -> bool:
        """Whether it was begun."""
        free = key not in self._tasks and not self.stopping
        if free:
            self._tasks[key] = asyncio.get_running_loop().create_task(self._work(key, work))
        return free

    @property
    def keys(self) -> Set[Hashable]:
        """Those that are busy."""
        return self._tasks.keys()

    def check(self) -> None:
        """Raises what ended a task and couldn't be told."""
        if self._broken is not None:
            raise self._broken

    async def _work(self, key: Hashable, work: Work) -> None:
        try:
            try:
                await work()
            except StoreError:
                raise
            except Exception as error:
                # One mailbox's bug must not stop the others; it is told, never swallowed.
                await self._crashed(key, error)
        except Exception as error:
            self._broken = error
        finally:
            del self._tasks[key]

    async def idle(self) -> None:
        """Until nobody works."""
        while self._tasks:
            await asyncio.wait(self._tasks.values())
        self.check()

    async def stop(self, seconds: float) -> int:
        """Begin nothing more, let those at work finish for `seconds`, then cancel them; how many had to be."""
        self.stopping = True
        if not self._tasks:
            return 0
        _, late = await asyncio.wait(self._tasks.values(), timeout=seconds)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
        return len(late)
