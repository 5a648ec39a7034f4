"""Wall clock and CPU of a stretch of work, and how to say what several runs of it gave."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(slots=True)
class Cost:
    """Seconds. `cpu` is user and system of all threads of this process, `here` that of the calling thread alone."""

    wall: float = 0.0
    cpu: float = 0.0
    here: float = 0.0

    def each(self, count: int) -> float:
        """CPU of one of `count`, in microseconds."""
        return self.cpu / count * 1e6


@contextmanager
def metered() -> Iterator[Cost]:
    """What happens inside, filled in at its end."""
    cost = Cost()
    gc.collect()  # of what was before
    wall, cpu, here = time.perf_counter(), time.process_time(), time.thread_time()
    yield cost
    cost.wall, cost.cpu, cost.here = time.perf_counter() - wall, time.process_time() - cpu, time.thread_time() - here


def spread(values: Sequence[float], digits: int = 0) -> str:
    """Median (least-most)."""
    middle, least, most = statistics.median(values), min(values), max(values)
    return f"{middle:,.{digits}f} ({least:,.{digits}f}-{most:,.{digits}f})"
