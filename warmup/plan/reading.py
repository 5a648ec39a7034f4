"""When mail that arrived is read, when its answer could be written, and who answers often.

Owns: reading and thinking times, heavy-tailed and inside working hours, and each person's habits, the same whenever one
asks.
Does not own: whether an answer fits the day (`day`), or what happens when the mail isn't there (`warmup.daemon`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from warmup.model import Mailbox, chance

from .window import Hours

_PACE = 0.4  # sigma of people's paces: one in twenty is twice as slow as most. A guess
_TEMPER = 0.7  # most doublings between how often two people answer. A guess


@dataclass(frozen=True, slots=True)
class Habits:
    """Medians of two log-normal delays. `spread` is the sigma: at 0.8 one in twenty takes four times the median."""

    read: timedelta
    think: timedelta
    spread: float = 0.8

    def read_at(self, message_id: str, arrived: datetime, hours: Hours, reader: Mailbox) -> datetime:
        """When its reader looks at a message that arrived at `arrived`."""
        dice = chance("read", message_id)
        delay = self.read * math.exp(dice.gauss(0, self.spread)) * _pace(reader.address)
        return hours.within(arrived + delay, reader.zone, dice).replace(microsecond=0)

    def answerable_at(self, message_id: str, read: datetime, reader: Mailbox) -> datetime:
        """From when on its reader may send an answer to what was read at `read`."""
        dice = chance("think", message_id)
        delay = self.think * math.exp(dice.gauss(0, self.spread)) * _pace(reader.address)
        return (read + delay).replace(microsecond=0)


@lru_cache(maxsize=1 << 17)  # a pool's size: seeding costs more than all the rest
def answering(address: str, rate: float) -> float:
    """The share of mail that a person answers in a pool where it is `rate`: some do more often, some less; where nobody
    or everybody does, they do so too.
    """
    return rate ** (2 ** chance(address, "temper").uniform(-_TEMPER, _TEMPER)) if rate else 0.0


@lru_cache(maxsize=1 << 17)
def _pace(address: str) -> float:
    return math.exp(chance(address, "pace").gauss(0, _PACE))
