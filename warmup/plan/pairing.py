"""Whom to write to: anybody of the pool but oneself, fairly.

Owns: the choice of one recipient. Does not own: when (`day`), or whether the lane is held (it is told).
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from datetime import UTC, date, datetime

from warmup.model import Mailbox, digest

from .window import local_date

LONG_AGO = datetime(1, 1, 1, tzinfo=UTC)


class Pairing:
    """Chooses recipients through one planning; remembers what it chose.

    Order: the receiving provider that is furthest behind its weight, in it the mailbox this sender wrote to least
    recently, then the one with the least inbound mail that day, then chance. A provider's share is its weight times the
    number of its mailboxes other than the sender, so that with equal weights every mailbox counts the same.
    """

    def __init__(
        self,
        pool: Collection[Mailbox],
        *,
        last_written: Mapping[tuple[int, int], datetime],
        inbound: Mapping[tuple[int, date], int],
        inbound_cap: int,
        weights: Mapping[str, float],
        held: Collection[tuple[int, str]],
        closed: Collection[int] = (),
    ) -> None:
        self._members: dict[str, list[int]] = defaultdict(list)
        for mailbox in sorted(pool, key=lambda mailbox: mailbox.id):
            if weights.get(mailbox.provider, 1.0) > 0:
                self._members[mailbox.provider].append(mailbox.id)
        self._weights = {name: weights.get(name, 1.0) for name in self._members}
        self._last = dict(last_written)
        self._inbound = Counter(inbound)
        self._cap = inbound_cap
        self._held = frozenset(held)
        self._closed = frozenset(closed)
        self._written: Counter[tuple[int, str]] = Counter()
        self._mailboxes = {mailbox.id: mailbox for mailbox in pool}

    def may(self, sender: int, recipient: int, at: datetime) -> bool:
        """Whether `recipient` is in the pool, isn't the sender, isn't held and has room for one more on its own day."""
        mailbox = self._mailboxes.get(recipient)
        if mailbox is None or sender == recipient or recipient in self._closed:
            return False
        if (sender, mailbox.provider) in self._held:
            return False
        return self._inbound[recipient, local_date(at, mailbox.zone)] < self._cap

    def _behind(self, sender: int, provider: str) -> float:
        """How much of its share of this sender's mail a provider would have with one more message; least first."""
        others = sum(member != sender for member in self._members[provider])
        return (self._written[sender, provider] + 1) / (self._weights[provider] * others) if others else math.inf

    def choose(self, sender: int, at: datetime, seed: str) -> int | None:
        """The recipient of a fresh message at `at`, or None when nobody may be written to."""
        for provider in sorted(self._members, key=lambda name: (self._behind(sender, name), name)):
            open_to = [member for member in self._members[provider] if self.may(sender, member, at)]
            if open_to:
                return min(
                    open_to,
                    key=lambda member: (
                        self._last.get((sender, member), LONG_AGO),
                        self._inbound[member, local_date(at, self._mailboxes[member].zone)],
                        digest(seed, member),
                    ),
                )
        return None

    def note(self, sender: int, recipient: int, at: datetime) -> None:
        """A message was planned: it counts from now on."""
        mailbox = self._mailboxes[recipient]
        self._last[sender, recipient] = at
        self._inbound[recipient, local_date(at, mailbox.zone)] += 1
        self._written[sender, mailbox.provider] += 1
