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
from warmup.store.writer import Writer

RENDER = "render"
WRITE = "write"  # a transaction with its works
_WORKS = ("do", "quickly", "lightly", "look")
_RENDERS = ("warmup.daemon.sender.compose", "warmup.daemon.reader.compose")


class Watch:
    """A context manager. `calls` and `seconds` are by the name of a work."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.seconds: Counter[str] = Counter()
        self._patches = ExitStack()

    def __enter__(self) -> Self:
        for name in _WORKS:
            self._patches.enter_context(patch.object(Store, name, self._counted(getattr(Store, name))))
        self._patches.enter_context(patch.object(Writer, "_try", self._timed(WRITE, Writer._try)))
        for name in _RENDERS:
            self._patches.enter_context(patch(name, self._timed(RENDER, resolve_name(name))))
        return self

    def __exit__(self, *_: object) -> None:
        self._patches.close()

    @property
    def works(self) -> list[str]:
        """The store's works, the dearest first."""
        return [name for name, _ in self.seconds.most_common() if name not in {RENDER, WRITE}]

    def _counted(self, do: Callable[..., Any]) -> Callable[..., Any]:
        async def counted(store: Store, *given: Any, **kwargs: Any) -> Any:
            place = next(place for place, one in enumerate(given) if callable(one))  # `look` is told something before
            work = given[place]
            timed = self._timed(work.__name__, work)
            return await do(store, *given[:place], timed, *given[place + 1 :], **kwargs)

        return counted

    def _timed(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*args: Any, **kwargs: Any) -> Any:
            self.calls[name] += 1
            before = time.thread_time()
            try:
                return call(*args, **kwargs)
            finally:
                self.seconds[name] += time.thread_time() - before  # type: ignore[assignment]

        return timed
