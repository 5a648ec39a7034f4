"""A mailbox's health in one number, by a formula that is written down, and never from too little.

    health = 100 × (inbox + other / 2) / (inbox + other + junk + missing + bounced) - 5 × holds, at least 0

over the last 28 days. `other` are other tabs and folders: delivered, and half as likely to be read (a guess). `holds`
are those by servers' answers, six of them at most: a receiver that says "too much" is a sign of its own, and one bad
week shouldn't hide where mail arrives. From fewer than 20 messages there is no number.

Owns: the formula. Does not own: the counts.
"""

from __future__ import annotations

from dataclasses import dataclass

from .counts import Counts

LEAST = 20  # messages; with fewer even a perfect share may truly be 84 %
_HALF = 0.5  # of a message in another tab or folder
_COST = 5  # of a hold
_MOST = 6  # holds that cost


@dataclass(frozen=True, slots=True)
class Health:
    """`score` is 0 to 100, or None while there are too few `messages` behind it."""

    score: int | None
    messages: int

    def __str__(self) -> str:
        return "not enough mail yet" if self.score is None else str(self.score)


def health(counts: Counts, holds: int) -> Health:
    """The health of a mailbox: `counts` is what became of its mail, `holds` how often a server's answer held it."""
    messages = counts.looked_for + counts.bounced
    if messages < LEAST:
        return Health(None, messages)
    arrived = 100 * (counts.inbox + _HALF * counts.other) / messages
    return Health(max(0, round(arrived - _COST * min(holds, _MOST))), messages)
