"""One day of a pool: who writes to whom at what time, answers included.

Owns: turning allowances into slots. Does not own: the allowance (`warmup.curves`), the rows (`warmup.store`).

How: every mailbox gets its times first, as many as its allowance and its working hours hold. Then the day is lived
through in the order of those times: a mailbox whose time comes answers the mail that has waited longest for an answer,
if there is any, and writes afresh otherwise. So an answer eats the same allowance as anything else, nothing is polled,
and a message planned in the morning can have its answer planned for the afternoon. What doesn't fit is dropped.

Same arguments, same plan, to the byte: chance comes from the install's seed, the mailbox's address and its local date.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import chain

from warmup.address import wire
from warmup.model import Mailbox, Slot, chance, digest

from .circle import draw_of, lot
from .pairing import Pairing
from .reading import Habits, answering
from .share import word_and_shares
from .window import Hours, room, spread

_FIRST = date(2000, 1, 1).toordinal()  # so that a day has four hex digits, until 2179


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How a pool lives. `scenarios` are (name, number of turns) by language; `rate` is the share of messages that are
    answered, by and large; `languages` are those of addresses and domains.
    """

    hours: Hours
    gap: timedelta
    habits: Habits
    rate: float
    max_turns: int
    inbound_cap: int
    weights: Mapping[str, float] = field(default_factory=dict)
    scenarios: Mapping[str, Sequence[tuple[str, int]]]
    language: str = "en"
    languages: Mapping[str, str] = field(default_factory=dict)

    def language_of(self, mailbox: Mailbox) -> str:
        """The one its address has, or its domain, or the default."""
        return self.languages.get(mailbox.address) or self.languages.get(mailbox.domain, self.language)

    def conversations(self, one: Mailbox, other: Mailbox) -> Sequence[tuple[str, int]]:
        """Those two may have: in the language of both, or in the default one."""
        if not self.languages:
            return self.scenarios[self.language]
        mine, theirs = self.language_of(one), self.language_of(other)
        return self.scenarios[mine if mine == theirs else self.language]


@dataclass(frozen=True, slots=True)
class Seat:
    """One mailbox on one of its local days, with what it may still send on it."""

    mailbox: Mailbox
    local_date: date
    allowance: int


@dataclass(frozen=True, slots=True)
class Exchange:
    """A message on its way or arrived, that wants an answer: planned today, or before and not answered yet."""

    message_id: str
    sender: int
    recipient: int
    thread: str
    scenario: str
    turn: int
    answerable_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """What is known when a day is planned: of the whole pool, or of one `circle` of it, then with the `strangers` whom
    an answer is owed. `held` are (mailbox, receiving provider) lanes, `closed` those nobody may write to.
    """

    mailboxes: Sequence[Mailbox]
    strangers: Sequence[Mailbox] = ()
    circle: int = 1
    owed: Sequence[Exchange] = ()
    last_written: Mapping[tuple[int, int], datetime] = field(default_factory=dict)
    inbound: Mapping[tuple[int, date], int] = field(default_factory=dict)  # by (recipient, date in its own zone)
    held: Collection[tuple[int, str]] = ()
    closed: Collection[int] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """The slots of some seats, in the order of their times."""

    slots: tuple[Slot, ...]


def plan_day(seats: Sequence[Seat], pool: Pool, policy: Policy, *, now: datetime, seed: str) -> Plan:
    """Plan what `seats` send in what is left of their local days at `now`. `seed` is the install's.

    A day that is partly over gets that part of its allowance only: what was missed is lost, never made up in a burst.
    """
    return _Planning(seats, pool, policy, now, seed).live()


class _Planning:
    """The state of one planning: the times still to come, and who waits for an answer."""

    def __init__(self, seats: Sequence[Seat], pool: Pool, policy: Policy, now: datetime, seed: str) -> None:
        self.policy = policy
        self.seed = seed
        self.now = now
        self.turns = dict(chain.from_iterable(policy.scenarios.values()))
        self.seats = {seat.mailbox.id: seat for seat in seats}
        self.mailboxes = {mailbox.id: mailbox for mailbox in (*pool.mailboxes, *pool.strangers)}
        self.circle = pool.circle
        # By its lot a mailbox would stand beside its neighbours, and write to them first, every day.
        places = {mailbox.id: digest(seed, "round", draw_of(now), mailbox.id) for mailbox in pool.mailboxes}
        self.seals = {seat.mailbox.id: self.seal(seat) for seat in seats}
        self.pairing = Pairing(
            sorted(pool.mailboxes, key=lambda mailbox: places[mailbox.id]),
            strangers=pool.strangers,
            last_written=pool.last_written,
            inbound=pool.inbound,
            inbound_cap=policy.inbound_cap,
            weights=policy.weights,
            held=pool.held,
            closed=pool.closed,
        )
        self.waiting: dict[int, list[tuple[datetime, str, Exchange]]] = defaultdict(list)
        for exchange in pool.owed:
            if exchange.turn < self.last_turn(exchange.scenario):
                self.wait(exchange)

    def live(self) -> Plan:
        times = [(at, seat.mailbox.id, number) for seat in self.seats.values() for number, at in self.times(seat)]
        slots = (self.slot(self.seats[mailbox], at, number) for at, mailbox, number in sorted(times))
        return Plan(tuple(slot for slot in slots if slot is not None))

    def times(self, seat: Seat) -> list[tuple[int, datetime]]:
        """When this mailbox sends, numbered from 0."""
        whole = self.policy.hours.span(seat.local_date, seat.mailbox.zone)
        if whole is None:
            return []
        left = whole.since(self.now)
        count = min(round(seat.allowance * (left.length / whole.length)), room(left, self.policy.gap))
        dice = chance(self.seed, seat.mailbox.address, seat.local_date, "times")
        return list(enumerate(spread(left, count, self.policy.gap, dice)))

    def slot(self, seat: Seat, at: datetime, number: int) -> Slot | None:
        """What this mailbox writes at this time: an answer that is due, or something fresh, or nothing."""
        begins, day, domain = self.seals[seat.mailbox.id]
        own, which, answer = word_and_shares(day, str(number))
        key = begins + own
        parent = self.due_answer(seat.mailbox.id, at)
        if parent is not None:
            recipient, thread, turn = parent.sender, parent.thread, parent.turn + 1
            scenario = parent.scenario
        else:
            chosen = self.pairing.choose(seat.mailbox.id, at)
            if chosen is None:
                return None
            recipient, thread, turn = chosen, key, 1
            scenarios = self.policy.conversations(seat.mailbox, self.mailboxes[chosen])
            scenario, _ = scenarios[int(which * len(scenarios))]
        slot = Slot(
            message_id=f"<{key}@{domain}>",
            sender=seat.mailbox.id,
            recipient=recipient,
            local_date=seat.local_date,
            due_at=at,
            thread=thread,
            scenario=scenario,
            turn=turn,
            parent=parent.message_id if parent else None,
            answer_wanted=turn < self.last_turn(scenario) and self.will_answer(recipient, answer),
            circle=self.circle,
        )
        self.note(slot)
        return slot

    def seal(self, seat: Seat) -> tuple[str, str, str]:
        """What makes the Message-IDs of a mailbox's day: what their keys begin with, what the rest of each key is drawn
        from, and the domain. A key is what a message is known by, and the thread that it begins: 32 hex digits.

        4 of them tell the day and 6 are the sender's lot, so that the rows of a mailbox's day stand side by side in the
        store's indices, and those of the circles one after another: 3 million in random places take it twice as long.
        """
        # With the mailbox's number, which is never given again: one purged and registered anew mints other Message-IDs.
        own = digest(self.seed, seat.mailbox.address, seat.mailbox.id, seat.local_date)
        begins = f"{seat.local_date.toordinal() - _FIRST:04x}{lot(self.seed, seat.local_date, seat.mailbox.id)}"
        return begins, own, wire(seat.mailbox.address).rpartition("@")[2]

    def will_answer(self, recipient: int, share: float) -> bool:
        return share < answering(self.mailboxes[recipient].address, self.policy.rate)

    def due_answer(self, mailbox: int, at: datetime) -> Exchange | None:
        """The mail that has waited longest for this mailbox's answer, if it may be answered now."""
        queue = self.waiting[mailbox]
        if not queue or queue[0][0] > at:
            return None
        passed_over = []
        found = None
        while queue and queue[0][0] <= at and found is None:
            entry = heapq.heappop(queue)
            if self.pairing.may(mailbox, entry[2].sender, at):
                found = entry[2]
            else:
                passed_over.append(entry)  # held or full now; its turn may come later in the day
        for entry in passed_over:
            heapq.heappush(queue, entry)
        return found

    def note(self, slot: Slot) -> None:
        self.pairing.note(slot.sender, slot.recipient, slot.due_at)
        if slot.answer_wanted:
            reader = self.mailboxes[slot.recipient]
            read = self.policy.habits.read_at(slot.message_id, slot.due_at, self.policy.hours, reader)
            self.wait(
                Exchange(
                    slot.message_id,
                    slot.sender,
                    slot.recipient,
                    slot.thread,
                    slot.scenario,
                    slot.turn,
                    self.policy.habits.answerable_at(slot.message_id, read, reader),
                )
            )

    def wait(self, exchange: Exchange) -> None:
        heapq.heappush(self.waiting[exchange.recipient], (exchange.answerable_at, exchange.message_id, exchange))

    def last_turn(self, scenario: str) -> int:
        """How long a conversation may be; one that goes on from before, and whose template is gone, has ended."""
        return min(self.turns.get(scenario, 0), self.policy.max_turns)
