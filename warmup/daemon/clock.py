"""What time it is: the only place where anybody asks.

Owns: the system's clock and one that jumps. Does not own: waking up (`warmup.daemon.bell`).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the time, in UTC."""

    def now(self) -> datetime: ...


class SystemClock:
    """The machine's."""

    def now(self) -> datetime:
        return datetime.now(UTC)  # noqa: TID251 - here, and nowhere else


class JumpClock:
    """Stands still until it is told to jump. So nothing is late, and the same life is lived the same way every time."""

    def __init__(self, start: datetime) -> None:
        self._now = start.astimezone(UTC)

    def now(self) -> datetime:
        return self._now

    def jump(self, to: datetime) -> None:
        assert to > self._now, "time goes forward"
        self._now = to.astimezone(UTC)
