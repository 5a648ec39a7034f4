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
from statistics import NormalDist

from warmup.model import Mailbox

from .share import shares
from .window import Hours

_PACE = 0.4  # sigma of people's paces: one in twenty is twice as slow as most. A guess
_TOGETHER = 1 << 12  # people of whom it is asked again and again: those of a few circles
_STANDARD = NormalDist()
_TEMPER = 0.7  # most doublings between how often two people answer. A guess


@dataclass(frozen=True, slots=True)
class Habits:
    """Medians of two log-normal delays. `spread` is the sigma: at 0.8 one in twenty takes four times the median."""

    read: timedelta
    think: timedelta
    spread: float = 0.8

    def read_at(self, message_id: str, arrived: datetime, hours: Hours, reader: Mailbox) -> datetime:
        """When its reader looks at a message that arrived at `arrived`."""
        wait, morning = shares("read", message_id)
        delay = self.read * (self._long(wait) * _pace(reader.address))
        return hours.within(arrived + delay, reader.zone, morning).replace(microsecond=0)

    def answerable_at(self, message_id: str, read: datetime, reader: Mailbox) -> datetime:
        """From when on its reader may send an answer to what was read at `read`."""
        wait, _ = shares("think", message_id)
        delay = self.think * (self._long(wait) * _pace(reader.address))
        return (read + delay).replace(microsecond=0)

    def _long(self, share: float) -> float:
        """How many medians a delay is that this share of all are shorter than."""
        return math.exp(self.spread * _normal(share))


def _normal(share: float) -> float:
    """The value of a standard normal that this share of all are below."""
    return _STANDARD.inv_cdf(share)


@lru_cache(maxsize=_TOGETHER)
def answering(address: str, rate: float) -> float:
    """The share of mail that a person answers in a pool where it is `rate`: some do more often, some less; where nobody
    or everybody does, they do so too.
    """
    if not rate:
        return 0.0
    where, _ = shares(address, "temper")
    return math.pow(rate, math.pow(2, _TEMPER * (2 * where - 1)))


@lru_cache(maxsize=_TOGETHER)
def _pace(address: str) -> float:
    where, _ = shares(address, "pace")
    return math.exp(_PACE * _normal(where))
