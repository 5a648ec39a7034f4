"""What lies on one channel's desk: nothing is told twice within a time, and no more than so much an hour. Pure.

Owns: that choice. Does not own: delivering.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta

from .notice import Kind, Notice

_HOUR = timedelta(hours=1)
_ANYWAY = frozenset({Kind.WEEKLY, Kind.TEST})


class Desk:
    """Remembers what it let through; what it didn't is counted, and told with the next that it does."""

    def __init__(self, kinds: Collection[Kind], *, again: timedelta, most: int) -> None:
        self._kinds = kinds
        self._again = again
        self._most = most
        self._told: dict[str, datetime] = {}
        self._lately: deque[datetime] = deque()
        self._left_out = 0

    def admit(self, notice: Notice) -> Notice | None:
        """The notice as it is to be told; None if it isn't."""
        at = notice.at
        if notice.kind not in self._kinds and notice.kind is not Kind.TEST:
            return None
        self._told = {key: when for key, when in self._told.items() if at - when < self._again}
        while self._lately and at - self._lately[0] >= _HOUR:
            self._lately.popleft()
        if notice.key in self._told and notice.kind not in _ANYWAY:
            return None
        if len(self._lately) >= self._most and notice.kind not in _ANYWAY:
            self._left_out += 1
            return None
        self._told[notice.key] = at
        self._lately.append(at)
        if self._left_out:
            others = f"({self._left_out} more since the last one weren't told, for there were too many)"
            notice = replace(notice, more="\n".join(filter(None, (notice.more, others))))
            self._left_out = 0
        return notice

    def forget(self, key: str) -> None:
        """What it was about is over: if it comes again, that is news."""
        self._told.pop(key, None)
