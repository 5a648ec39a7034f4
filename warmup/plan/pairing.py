"""Whom to write to: anybody of the pool but oneself, fairly.

Owns: the choice of one recipient. Does not own: when (`day`), who is in the circle (`circle`), or whether the lane is
held (it is told).

How: the members of each provider stand in a round, and each sender begins at its own place in it. So at any time all
senders are at different recipients, everybody is written to equally often, and a choice costs the same however many
members there are.
"""

from __future__ import annotations

import heapq
import math
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import partial

from warmup.model import Mailbox

from .window import local_date

LONG_AGO = datetime(1, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class _Hand:
    """One sender in this planning. `turns` are the providers, as a heap: how far each is behind, or was when it was
    looked at last, which is no more; those that are equally far come in another order for each sender. `written` and
    `queues` are by provider; a queue holds whom the sender may write to, in the order of its choice.
    """

    home: str
    turns: list[tuple[float, int, str]]
    written: dict[str, int] = field(default_factory=partial(defaultdict, int))
    queues: dict[str, list[int]] = field(default_factory=dict)


class Pairing:
    """Chooses recipients through one planning; remembers what it chose. `circle` is in the order of the day's round.

    Order: the receiving provider that is furthest behind its weight, in it the mailbox this sender wrote to least
    recently, then the one whose turn in the round it is. A provider's share is its weight times the number of its
    mailboxes other than the sender, so that with equal weights every mailbox counts the same. `strangers` of the circle
    get no fresh mail, but answers.
    """

    def __init__(
        self,
        circle: Sequence[Mailbox],
        *,
        strangers: Collection[Mailbox] = (),
        last_written: Mapping[tuple[int, int], datetime],
        inbound: Mapping[tuple[int, date], int],
        inbound_cap: int,
        weights: Mapping[str, float],
        held: Collection[tuple[int, str]],
        closed: Collection[int] = (),
    ) -> None:
        self._mailboxes = {mailbox.id: mailbox for mailbox in (*circle, *strangers)}
        self._places = {mailbox.id: place for place, mailbox in enumerate(circle)}
        self._members: dict[str, list[int]] = defaultdict(list)
        for mailbox in circle:
            if weights.get(mailbox.provider, 1.0) > 0:
                self._members[mailbox.provider].append(mailbox.id)
        self._weights = {name: weights.get(name, 1.0) for name in self._members}
        shares = [(1 / (self._weights[name] * len(members)), name) for name, members in self._members.items()]
        self._rounds = [(share, place, name) for place, (share, name) in enumerate(shares * 2)]
        self._last: dict[tuple[int, str], dict[int, datetime]] = defaultdict(dict)
        for (sender, recipient), at in last_written.items():
            if recipient in self._mailboxes:
                self._last[sender, self._mailboxes[recipient].provider][recipient] = at
        self._inbound = defaultdict(int, inbound)
        self._cap = inbound_cap
        self._held = frozenset(held)
        self._closed = frozenset(closed)
        self._hands: dict[int, _Hand] = {}

    def may(self, sender: int, recipient: int, at: datetime) -> bool:
        """Whether `recipient` is in the pool, isn't the sender, isn't held and has room for one more on its own day."""
        mailbox = self._mailboxes.get(recipient)
        if mailbox is None or sender == recipient or recipient in self._closed:
            return False
        return (sender, mailbox.provider) not in self._held and self._room(mailbox, at)

    def choose(self, sender: int, at: datetime) -> int | None:
        """The recipient of a fresh message at `at`, or None when nobody may be written to."""
        hand = self._hand(sender)
        turns = hand.turns
        full = []
        found = None
        while turns and found is None:
            behind, place, provider = turns[0]
            now = self._behind(hand, provider)
            if behind != now:  # it was written to since
                heapq.heapreplace(turns, (now, place, provider))
                continue
            queue = hand.queues.get(provider)
            if queue is None:
                queue = hand.queues[provider] = self._queue(sender, provider)
            for member in queue:
                if self._room(self._mailboxes[member], at):
                    found = member
                    break
            else:
                full.append(heapq.heappop(turns))
        for turn in full:
            heapq.heappush(turns, turn)
        return found

    def note(self, sender: int, recipient: int, at: datetime) -> None:
        """A message was planned: it counts from now on."""
        mailbox = self._mailboxes[recipient]
        hand = self._hand(sender)
        self._inbound[recipient, local_date(at, mailbox.zone)] += 1
        hand.written[mailbox.provider] += 1
        queue = hand.queues.get(mailbox.provider)
        if queue is None:
            self._last[sender, mailbox.provider][recipient] = at
        elif recipient in self._places:
            queue.remove(recipient)
            queue.append(recipient)

    def _room(self, mailbox: Mailbox, at: datetime) -> bool:
        return self._inbound[mailbox.id, local_date(at, mailbox.zone)] < self._cap

    def _behind(self, hand: _Hand, provider: str) -> float:
        """How much of its share of this sender's mail a provider would have with one more message; least first."""
        others = len(self._members[provider]) - (hand.home == provider)
        return (hand.written[provider] + 1) / (self._weights[provider] * others) if others else math.inf

    def _hand(self, sender: int) -> _Hand:
        hand = self._hands.get(sender)
        if hand is None:
            count = len(self._members)
            start = self._places[sender] % count if count else 0
            turns = self._rounds[start : start + count]
            heapq.heapify(turns)
            hand = self._hands[sender] = _Hand(self._mailboxes[sender].provider, turns)
        return hand

    def _queue(self, sender: int, provider: str) -> list[int]:
        lane = sender, provider
        queue = [] if lane in self._held else _from(self._members[provider], self._places[sender])
        if self._closed or self._mailboxes[sender].provider == provider:
            queue = [member for member in queue if member != sender and member not in self._closed]
        if last := self._last.get(lane):
            queue.sort(key=lambda member: last.get(member, LONG_AGO))
        return queue


def _from(members: list[int], place: int) -> list[int]:
    """A round from one's own place on."""
    start = place % len(members) if members else 0
    return members[start:] + members[:start]
