"""What the daemon calls while it lives, how often, and what that costs where it can be told.

Works of the store and renderings run on one thread from beginning to end, so their CPU is read before and after. What
waits for a server can't be told so: its CPU is spent in the loop's callbacks as well (see `tests.bench.adapters`).
A reading takes some 0.6 us, two of them a call: so what is told of a life isn't what it costs unwatched.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from pkgutil import resolve_name
from typing import Any, Self
from unittest.mock import patch

from warmup.store import Store

RENDER = "render"
PLAN = "plan_new_days"
_RENDERS = ("warmup.daemon.sender.compose", "warmup.daemon.reader.compose")


class Watch:
    """A context manager. `calls` and `seconds` are by the name of a work."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.seconds: Counter[str] = Counter()
        self.writer = 0.0  # CPU of the store's thread up to the end of its last work
        self._patches = ExitStack()

    def __enter__(self) -> Self:
        do = Store.do

        async def counted(store: Store, work: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
            return await do(store, self._timed(work.__name__, work, writes=True), *args, **kwargs)

        self._patches.enter_context(patch.object(Store, "do", counted))
        for name in _RENDERS:
            self._patches.enter_context(patch(name, self._timed(RENDER, resolve_name(name))))
        return self

    def __exit__(self, *_: object) -> None:
        self._patches.close()

    @property
    def works(self) -> list[str]:
        """The store's works, the dearest first."""
        return [name for name, _ in self.seconds.most_common() if name not in {RENDER, PLAN}]

    def _timed(self, name: str, call: Callable[..., Any], *, writes: bool = False) -> Callable[..., Any]:
        def timed(*args: Any, **kwargs: Any) -> Any:
            self.calls[name] += 1
            before = time.thread_time()
            try:
                return call(*args, **kwargs)
            finally:
                after = time.thread_time()
                self.seconds[name] += after - before  # type: ignore[assignment]
                if writes:
                    self.writer = after

        return timed
