"""How a wait grows when the same thing is refused again.

Owns: the arithmetic. Does not own: counting strikes (`Pause.strikes`), or the first wait (`Waits`).
Sources: RFC 5321 §4.5.4.1 asks for growing intervals; doubling up to a day is what Postfix and KumoMTA do.
"""

from __future__ import annotations

import random
from datetime import timedelta

_JITTER = 0.2  # so that mailboxes refused together don't come back together; nobody before a time that a server named
_MOST_DOUBLINGS = 64  # any base longer than a microsecond is past every limit by then, and no float overflows


def wait(base: timedelta, strikes: int, chance: random.Random, *, limit: timedelta = timedelta(hours=24)) -> timedelta:
    """How long to hold after the `strikes`-th refusal in a row (1 is the first): `base`, doubled for every further
    strike, and up to a fifth more by `chance`; never longer than `limit`.
    """
    assert strikes >= 1, "a wait follows a strike"
    doubled = base.total_seconds() * 2 ** min(strikes - 1, _MOST_DOUBLINGS)
    jittered = doubled * chance.uniform(1, 1 + _JITTER)
    return timedelta(seconds=min(jittered, limit.total_seconds()))
