"""Wall clock and CPU of a stretch of work, and how to say what several runs of it gave."""

from __future__ import annotations

import contextlib
import gc
import os
import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")


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


def cpu_of(pid: int) -> float:
    """Seconds of CPU of a process and of its children that have ended (proc(5): utime, stime, cutime, cstime)."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # ended just now: its parent has them
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return sum(map(int, fields[11:15])) / _TICK
    return 0.0


def cpu_of_family(pid: int) -> float:
    """Of a process and all its children, those that have ended too."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return sum(map(cpu_of, (pid, *map(int, children))))


def spread(values: Sequence[float], digits: int = 0) -> str:
    """Median (least-most)."""
    middle, least, most = statistics.median(values), min(values), max(values)
    return f"{middle:,.{digits}f} ({least:,.{digits}f}-{most:,.{digits}f})"
