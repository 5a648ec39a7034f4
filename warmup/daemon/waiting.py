"""Who has something due and waits to be called, by where they go.

A pool of many thousands may have something due at once, and a server may take minutes for each. So of those who go to
one server only so many are called as it may soon serve; the others wait here, and cost no more than their number. Who
goes elsewhere isn't kept waiting by them, and who came first is called first.

Owns: the order, and the bound. Does not own: what is due (`warmup.store.messages`), serving them
(`warmup.daemon.sender`).
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Collection, Iterator, Mapping


class WaitingRoom:
    """At most `most` are called at a time of those who go to one server, or whatever else their lines are named by."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._lines: dict[str, deque[int]] = defaultdict(deque)
        self._line_of: dict[int, str] = {}  # of those who wait or are called
        self._called: Counter[str] = Counter()

    def enter(self, lines: Mapping[int, str]) -> None:
        """Those who neither wait nor are called, each at the end of a line."""
        for number, line in lines.items():
            self._line_of[number] = line
            self._lines[line].append(number)

    def call(self) -> Iterator[int]:
        """Those whose turn it is. Each is called until it `leave`s."""
        for name, line in list(self._lines.items()):
            while line and self._called[name] < self._most:
                self._called[name] += 1
                yield line.popleft()
            if not line:
                del self._lines[name]

    def move(self, number: int, line: str) -> None:
        """One that is called goes elsewhere, and no longer takes up the place of those in its line."""
        self._called[self._line_of[number]] -= 1
        self._called[line] += 1
        self._line_of[number] = line

    def leave(self, number: int) -> None:
        """One that was called is done."""
        line = self._line_of.pop(number)
        self._called[line] -= 1
        if not self._called[line]:
            del self._called[line]

    @property
    def numbers(self) -> Collection[int]:
        """Those who wait or are called."""
        return self._line_of.keys()
