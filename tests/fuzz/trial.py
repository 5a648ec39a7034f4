"""A trial: many inputs for one reader, each within a second or so of the processor's time.

Owns: how often, and what counts as a hang. Does not own: what is read (`tests.fuzz.readers`).
"""

from __future__ import annotations

import signal
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Any, NoReturn

from hypothesis import HealthCheck, Phase, given, seed, settings

from .readers import READERS

_HANG = 2.0  # seconds of processor time for what takes milliseconds
_ROUND = 1000


class Hang(Exception):
    """A reader took too long."""


@dataclass(slots=True)
class Count:
    """What was tried."""

    inputs: int = 0
    octets: int = 0
    slowest: float = 0.0  # seconds of processor time


def tried(name: str, *, number: int, inputs: int, count: Count | None = None) -> None:
    """Raises what the reader raised, with the smallest input that makes it."""
    reader, count = READERS[name], count or Count()

    @seed(number)
    @settings(
        max_examples=inputs,
        database=None,
        deadline=None,
        print_blob=True,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(reader.input)
    def once(told: Any) -> None:
        began = time.process_time()
        with _patient():
            reader.read(told)
        count.inputs += 1
        count.octets += len(told[0] if isinstance(told, tuple) else told)
        count.slowest = max(count.slowest, time.process_time() - began)

    once()


def for_long(name: str, number: int, seconds: float) -> tuple[Count, str]:
    """Other inputs, until the time is over; and what was found."""
    count = Count()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            tried(name, number=number, inputs=_ROUND, count=count)
        except Exception:
            return count, traceback.format_exc()
        number += 1
    return count, ""


@contextmanager
def _patient() -> Iterator[None]:
    def over(_: int, __: FrameType | None) -> NoReturn:
        raise Hang(f"more than {_HANG:g} s")

    before = signal.signal(signal.SIGPROF, over)
    signal.setitimer(signal.ITIMER_PROF, _HANG)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
