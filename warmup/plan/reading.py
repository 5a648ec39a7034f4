"""When mail that arrived is read, and when its answer could be written.

Owns: reading and thinking times, heavy-tailed and inside working hours, the same whenever they are asked for.
Does not own: whether an answer fits the day (`day`), or what happens when the mail isn't there (`warmup.daemon`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from warmup.model import chance

from .window import Hours


@dataclass(frozen=True, slots=True)
class Habits:
    """Medians of two log-normal delays. `spread` is the sigma: at 0.8 one in twenty takes four times the median."""

    read: timedelta
    think: timedelta
    spread: float = 0.8

    def read_at(self, message_id: str, arrived: datetime, hours: Hours, zone: str) -> datetime:
        """When the recipient, living in `zone`, looks at a message that arrived at `arrived`."""
        dice = chance("read", message_id)
        delay = self.read * math.exp(dice.gauss(0, self.spread))
        return hours.within(arrived + delay, zone, dice).replace(microsecond=0)

    def answerable_at(self, message_id: str, read: datetime) -> datetime:
        """From when on the recipient may send an answer to what was read at `read`."""
        dice = chance("think", message_id)
        return (read + self.think * math.exp(dice.gauss(0, self.spread))).replace(microsecond=0)
