"""Curves: messages per sending day, by how many sending days went before.

Owns: four shapes. Each is bounded by its start and its ceiling, never falls, and answers for every age however large:
beyond the age at which the ceiling is reached nothing is computed any more, so nothing can overflow.
Does not own: ages (`warmup.curves.ramp`), which shape is a good one (`data/curves.toml`).
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from operator import itemgetter

_MOST = 10**9  # messages a day, and days: a guess at what nobody means
_MOST_SCALE = 1000.0
_LEAST_STEP = 0.001  # a message more every thousand days
_LEAST_FACTOR = 1.0001  # doubles in nineteen years; closer to 1 a float can't tell one day from the next
_STEEPNESS = 5.0  # half the width of the logistic's middle, in its own units: the ends are 0.7 % short of flat; a guess


@dataclass(frozen=True, slots=True)
class Curve(ABC):
    """A shape, made `scale` times as high and cut off at `cap`.

    It is never below 1: an age counts days of sending, so a curve that once said 0 could never rise again.
    Raises `ValueError` for parameters that make no such curve.
    """

    scale: float = field(default=1.0, kw_only=True)
    cap: int | None = field(default=None, kw_only=True)  # messages a day

    def __post_init__(self) -> None:
        if not 0 < self.scale <= _MOST_SCALE:
            raise ValueError(f"scale {self.scale} is out of range; more than 0, up to {_MOST_SCALE:g}")
        if self.cap is not None and self.cap < 1:
            raise ValueError(f"cap {self.cap} is less than one message a day; at least 1, or none")
        self._refuse_nonsense()
        start, ceiling = self._ends
        if start < 1:
            raise ValueError(f"start {start} is less than one message a day; at least 1")
        if start > ceiling:
            raise ValueError(f"start {start} is above the ceiling {ceiling}; a curve rises")
        if ceiling > _MOST:
            raise ValueError(f"ceiling {ceiling} is out of range; up to {_MOST}")

    def volume(self, age: int) -> int:
        """Messages on a sending day before which there were `age` others; 0 is the first."""
        assert age >= 0, "nobody is younger than on the first day"
        ceiling = self._ends[1]
        bare = min(ceiling, self._rise(age)) if age < self._reach else ceiling
        volume = max(1, round(self.scale * bare))
        return volume if self.cap is None else min(volume, self.cap)

    @property
    def top(self) -> int:
        """The most it ever says: the ceiling, scaled and capped."""
        return self.volume(self._reach)

    @property
    def peak(self) -> int:
        """The first age at which it says so."""
        return bisect_left(range(self._reach), self.top, key=self.volume)

    @property
    @abstractmethod
    def _ends(self) -> tuple[int, int]:
        """Start and ceiling, before scale and cap."""

    @property
    @abstractmethod
    def _reach(self) -> int:
        """An age from which on it is at the ceiling."""

    @abstractmethod
    def _rise(self, age: int) -> float:
        """The volume at an age below `_reach`, before ceiling, scale and cap."""

    @abstractmethod
    def _refuse_nonsense(self) -> None:
        """Raise `ValueError` for what `_ends` doesn't tell."""


@dataclass(frozen=True, slots=True)
class Linear(Curve):
    """`step` more every day."""

    start: int
    step: float
    ceiling: int

    @property
    def _ends(self) -> tuple[int, int]:
        return self.start, self.ceiling

    @property
    def _reach(self) -> int:
        return math.ceil((self.ceiling - self.start) / self.step) if self.ceiling > self.start else 0

    def _rise(self, age: int) -> float:
        return self.start + self.step * age

    def _refuse_nonsense(self) -> None:
        if self.ceiling > self.start and not _LEAST_STEP <= self.step <= _MOST:
            raise ValueError(f"step {self.step} is out of range; {_LEAST_STEP} to {_MOST} messages a day")


@dataclass(frozen=True, slots=True)
class Exponential(Curve):
    """`factor` times as much every day."""

    start: int
    factor: float
    ceiling: int

    @property
    def _ends(self) -> tuple[int, int]:
        return self.start, self.ceiling

    @property
    def _reach(self) -> int:
        if self.ceiling <= self.start:
            return 0
        return math.ceil(math.log(self.ceiling / self.start) / math.log(self.factor))

    def _rise(self, age: int) -> float:
        return self.start * self.factor**age

    def _refuse_nonsense(self) -> None:
        if not 1 <= self.factor <= _MOST or (self.ceiling > self.start and self.factor < _LEAST_FACTOR):
            raise ValueError(f"factor {self.factor} is out of range; {_LEAST_FACTOR} to {_MOST}")


@dataclass(frozen=True, slots=True)
class Logistic(Curve):
    """Slow, then fast, then slow: at the ceiling after `days` sending days, halfway up after half of them."""

    start: int
    ceiling: int
    days: int

    @property
    def _ends(self) -> tuple[int, int]:
        return self.start, self.ceiling

    @property
    def _reach(self) -> int:
        return self.days

    def _rise(self, age: int) -> float:
        # Stretched so that it begins at the start and ends at the ceiling, which a logistic only comes near.
        share = (_logistic(2 * age / self.days - 1) - _logistic(-1)) / (_logistic(1) - _logistic(-1))
        return self.start + (self.ceiling - self.start) * share

    def _refuse_nonsense(self) -> None:
        if not 1 <= self.days <= 36_500:
            raise ValueError(f"days {self.days} is out of range; 1 to 36500 sending days")


@dataclass(frozen=True, slots=True)
class Steps(Curve):
    """An explicit table of (first day, messages a day). Day 1 is the first sending day; the last row holds for ever."""

    table: tuple[tuple[int, int], ...]

    @classmethod
    def daily(cls, volumes: Iterable[int], *, scale: float = 1.0, cap: int | None = None) -> Steps:
        """From one volume for each sending day."""
        return cls(tuple(enumerate(volumes, start=1)), scale=scale, cap=cap)

    @property
    def _ends(self) -> tuple[int, int]:
        return self.table[0][1], self.table[-1][1]

    @property
    def _reach(self) -> int:
        return self.table[-1][0] - 1

    def _rise(self, age: int) -> float:
        return self.table[bisect_right(self.table, age + 1, key=itemgetter(0)) - 1][1]

    def _refuse_nonsense(self) -> None:
        if not self.table:
            raise ValueError("the table is empty; at least one row")
        if self.table[0][0] != 1:
            raise ValueError(f"the table begins on day {self.table[0][0]}; the first row is for day 1")
        for (day, volume), (next_day, next_volume) in zip(self.table, self.table[1:], strict=False):
            if next_day <= day:
                raise ValueError(f"day {next_day} comes after day {day}; days in ascending order, each once")
            if next_volume < volume:
                raise ValueError(f"the table falls from {volume} to {next_volume} on day {next_day}; a curve rises")
        if self.table[-1][0] > _MOST:
            raise ValueError(f"day {self.table[-1][0]} is out of range; up to {_MOST}")


def _logistic(x: float) -> float:
    return 1 / (1 + math.exp(-_STEEPNESS * x))
