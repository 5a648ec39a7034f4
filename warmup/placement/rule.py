"""When the share in the inbox is too low to go on as before.

Owns: the settings and the judgement. Does not own: what follows from it (`warmup.daemon.postmaster`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from .counts import WEEK, Counts


class Reaction(StrEnum):
    """What follows when placement is too low."""

    OFF = "off"
    WARN = "warn"  # it is told
    HOLD = "hold"  # the lane is held as well, and the ramp falls back


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Of one lane: the share in the inbox below which something is done about it."""

    reaction: Reaction = Reaction.WARN
    below: float = 0.6  # a guess: most of the mail is lost where it is lower
    messages: int = 20  # looked for, behind the share
    within: timedelta = WEEK
    hold: timedelta = timedelta(days=1)  # the first; each further one in a row is twice as long
    setback: float = 0.75  # the share of its volume that the ramp falls back to


def doubtful(counts: Counts, rule: Rule) -> bool:
    """Whether the share is below what is wanted, and not by chance: the whole interval is."""
    interval = counts.interval
    return interval is not None and counts.looked_for >= rule.messages and interval.high < rule.below
