"""One clock for all turns of a connection."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast

from hypothesis import given
from hypothesis import strategies as st

from warmup.deadline import Deadline


class Clock:
    """As much of a loop as keeps time; it stands still until it is told to go on."""

    def __init__(self) -> None:
        self.now = 0.0
        self.set: list[Handle] = []

    def time(self) -> float:
        return self.now

    def call_at(self, when: float, call: Callable[[], None]) -> Handle:
        self.set.append(Handle(self, when, call))
        return self.set[-1]

    def go_on(self, to: float) -> None:
        while due := [handle for handle in self.set if handle.at <= to]:
            first = min(due, key=Handle.when)
            self.now = max(self.now, first.at)
            self.set.remove(first)
            first.call()
        self.now = to


class Handle:
    def __init__(self, clock: Clock, at: float, call: Callable[[], None]) -> None:
        self.clock, self.at, self.call = clock, at, call

    def when(self) -> float:
        return self.at

    def cancel(self) -> None:
        self.clock.set.remove(self)


def made() -> tuple[Clock, Deadline, list[float]]:
    clock, passed = Clock(), list[float]()
    return clock, Deadline(cast(asyncio.AbstractEventLoop, clock), lambda: passed.append(clock.now)), passed


def test_what_does_not_come_in_time_is_told_once() -> None:
    clock, deadline, passed = made()
    deadline.within(5)
    clock.go_on(4.9)
    assert passed == []
    clock.go_on(20)
    assert passed == [5.0]


def test_what_is_met_or_stopped_is_not_told_and_a_stopped_one_leaves_no_clock() -> None:
    clock, deadline, passed = made()
    deadline.within(5)
    deadline.met()
    clock.go_on(20)
    deadline.within(5)
    deadline.stop()
    assert clock.set == []
    clock.go_on(40)
    assert passed == []


turns = st.lists(st.tuples(st.integers(1, 9), st.integers(0, 12)), max_size=20)


@given(turns)
def test_each_turn_has_its_own_end_and_there_is_one_clock(turns: list[tuple[int, int]]) -> None:
    """Each turn may take so many seconds, and takes so many; after one that is late there are no more."""
    clock, deadline, passed = made()
    expected: list[Any] = []
    for may, takes in turns:
        began = clock.now
        deadline.within(may)
        assert len(clock.set) == 1
        clock.go_on(began + takes)
        if takes >= may:
            expected = [began + may]
            break
        deadline.met()
    assert passed == expected
