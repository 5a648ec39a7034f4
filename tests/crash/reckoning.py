"""The reckoning: what the servers' ledger says against what the store says. Pure.

*Lost* is what a server has and the store doesn't know of, what the store calls sent and no server has, and what was due
and came to no end, or to one without a reason; and what the store says was read, filed or kept, and no server noticed.
*Doubled* is a Message-ID accepted more than once, or filed or kept in Sent. *Above* is more on a mailbox's local day
than that day allowed. *Outside* went to or came from somebody who isn't in the pool, or isn't who was planned.

Owns: these four. Does not own: reading the two sides (`tests.crash.siege`).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from warmup.model import Day, Mailbox, Message
from warmup.plan import local_date
from warmup.sandbox import Accepted, Change


class Law(StrEnum):
    """Which one is broken."""

    LOST = "lost"
    DOUBLED = "doubled"
    ABOVE = "above"
    OUTSIDE = "outside"


@dataclass(frozen=True, slots=True)
class Violation:
    law: Law
    what: str  # a Message-ID, or a mailbox and its day
    why: str
    owner: str | None = None  # the node that had the message in hand last

    def __str__(self) -> str:
        return f"{self.law.upper()} {self.what}: {self.why}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """All that the store knows at the instant `at`, with no daemon at work. `heard` are the days of which a daemon
    said that they were planned, by mailbox and date, with how many slots.
    """

    pool: Sequence[Mailbox]
    days: Sequence[Day]
    messages: Sequence[Message]
    heard: Mapping[tuple[int, date], int] = field(default_factory=dict)
    at: datetime


def settled(message: Message) -> bool:
    """It was uncertain, and found: sent, though nobody heard the server say so."""
    return message.sent_at is not None and not (message.response and message.response.positive)


def gone(message: Message) -> bool:
    """It was uncertain, and never found."""
    return message.uncertain and message.missing_at is not None


def compare(accepted: Sequence[Accepted], changes: Sequence[Change], memory: Memory) -> list[Violation]:
    """Every violation, by what the servers accepted and what was changed there over IMAP."""
    return [
        *_lost_by_the_store(accepted, memory),
        *_lost_on_the_way(accepted, memory),
        *_lost_days(memory),
        *_doubled(accepted, memory),
        *_above(accepted, memory),
        *_outside(accepted, memory),
        *_read_otherwise(changes, memory),
    ]


def _lost_by_the_store(accepted: Sequence[Accepted], memory: Memory) -> Iterator[Violation]:
    known = _by_id(memory)
    for message_id in dict.fromkeys(entry.message_id for entry in accepted):
        message = known.get(message_id)
        if message is None:
            yield Violation(Law.LOST, message_id, "a server accepted it, and the store doesn't know of it")
        elif message.data_at is None or message.refused_at or message.dropped_at or message.missing_at:
            why = f"a server accepted it, and the store says {message.state}"
            yield Violation(Law.LOST, message_id, why, message.claimed_by)


def _lost_on_the_way(accepted: Sequence[Accepted], memory: Memory) -> Iterator[Violation]:
    zones = {mailbox.id: mailbox.zone for mailbox in memory.pool}
    taken = {entry.message_id for entry in accepted}
    for message in memory.messages:
        why = _open_end(message, memory.at, zones[message.sender])
        if message.sent_at is not None and message.message_id not in taken:
            why = "the store says sent, and no server has it"
        if why is not None:
            yield Violation(Law.LOST, message.message_id, why, message.claimed_by)


def _open_end(message: Message, at: datetime, zone: str) -> str | None:
    """What is wrong with how far a message has come."""
    if message.dropped_at is not None:
        return None if message.reason else "dropped without a reason"
    if message.refused_at is not None:
        return None if message.response else "refused, and nothing is known of by which words"
    if message.data_at is not None:
        if message.missing_at is not None or message.filed_at is not None:
            return None
        if message.visit_at is None:
            return f"{message.state}, and nobody will ever look for it"
        return f"{message.state}, and nobody looked when it was time" if message.visit_at <= at else None
    if message.claimed_at is not None:
        return "claimed, and in nobody's hand"
    return "due, and its day went by without a word" if message.local_date < local_date(at, zone) else None


def _lost_days(memory: Memory) -> Iterator[Violation]:
    """A day is planned whole or not at all. One of which nobody heard may have been planned a moment before the kill,
    but then with slots.
    """
    slots = Counter((message.sender, message.local_date) for message in memory.messages)
    known = {(day.mailbox, day.local_date): day for day in memory.days}
    for key, count in memory.heard.items():
        if key not in known or slots[key] != count:
            yield Violation(Law.LOST, _day(memory, *key), f"planned with {count} slots, and {slots[key]} are there")
    for key, day in known.items():
        if key not in memory.heard and day.allowance and not slots[key]:
            yield Violation(Law.LOST, _day(memory, *key), f"planned for {day.allowance}, and no slot is there")


def _doubled(accepted: Sequence[Accepted], memory: Memory) -> Iterator[Violation]:
    known = _by_id(memory)
    for message_id, times in Counter(entry.message_id for entry in accepted).items():
        if times > 1:
            message = known.get(message_id)
            owner = message.claimed_by if message else None
            yield Violation(Law.DOUBLED, message_id, f"accepted {times} times", owner)


def _above(accepted: Sequence[Accepted], memory: Memory) -> Iterator[Violation]:
    """By the day on which a server accepted it, whatever day the store gives it to."""
    pool = {mailbox.address: mailbox for mailbox in memory.pool}
    allowed = {(day.mailbox, day.local_date): day.allowance for day in memory.days}
    known = _by_id(memory)
    sent: dict[tuple[int, date], list[Accepted]] = defaultdict(list)
    for entry in accepted:
        if entry.sender in pool:
            sender = pool[entry.sender]
            sent[sender.id, local_date(entry.at, sender.zone)].append(entry)
    for key, entries in sent.items():
        most = allowed.get(key, 0)
        for entry in entries[most:]:
            message = known.get(entry.message_id)
            why = f"the {len(entries)} accepted on this day are more than the {most} allowed; here {entry.message_id}"
            yield Violation(Law.ABOVE, _day(memory, *key), why, message.claimed_by if message else None)


def _outside(accepted: Sequence[Accepted], memory: Memory) -> Iterator[Violation]:
    pool = {mailbox.address: mailbox.id for mailbox in memory.pool}
    known = _by_id(memory)
    for entry in accepted:
        message = known.get(entry.message_id)
        owner = message.claimed_by if message else None
        way = f"went from {entry.sender} to {entry.recipient}"
        if entry.sender not in pool or entry.recipient not in pool:
            yield Violation(Law.OUTSIDE, entry.message_id, f"{way}: not both are in the pool", owner)
        elif message and (message.sender, message.recipient) != (pool[entry.sender], pool[entry.recipient]):
            yield Violation(Law.OUTSIDE, entry.message_id, f"{way}, and was planned otherwise", owner)


def _read_otherwise(changes: Sequence[Change], memory: Memory) -> Iterator[Violation]:
    """Of each message: read as the store says, and filed and kept once at most."""
    seen = {change.message_id for change in changes if change.event == "seen"}
    filed = Counter(change.message_id for change in changes if change.event == "moved" and change.folder == "INBOX")
    kept = Counter(change.message_id for change in changes if change.event == "appended")
    rescued = {change.message_id for change in changes if change.event == "moved" and change.folder == "Junk"}
    for message in memory.messages:
        number, owner = message.message_id, message.claimed_by
        ways = {
            "opened": message.opened_at is not None and number not in seen,
            "filed": message.filed_at is not None and not message.reason and not filed[number],
            "rescued": message.rescued_at is not None and number not in rescued,
            "kept in Sent": message.kept_at is not None and not kept[number],
        }
        if number in rescued and message.opened_at is not None and message.rescued_at is None:
            yield Violation(Law.LOST, number, "rescued from Junk, and the store doesn't know of it", owner)
        for way, wrong in ways.items():
            if wrong:
                yield Violation(Law.LOST, number, f"the store says {way}, and no server noticed", owner)
        for way, times in (("filed", filed[number]), ("kept in Sent", kept[number])):
            if times > 1:
                yield Violation(Law.DOUBLED, number, f"{way} {times} times", owner)


def _by_id(memory: Memory) -> dict[str, Message]:
    return {message.message_id: message for message in memory.messages}


def _day(memory: Memory, mailbox: int, day: date) -> str:
    return f"{next(kept.address for kept in memory.pool if kept.id == mailbox)} {day}"
