"""The laws, over what the servers saw and what the store remembers. Pure.

Owns: what each law forbids, for as long as a life lasts. Does not own: what is lost or doubled when two sides are
compared (`tests.crash.reckoning`), watching the servers (`tests.model.house`).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from itertools import pairwise

from tests.crash import reckoning
from tests.crash.reckoning import Memory
from warmup.model import Action, Cause, Day, Mailbox, Message, Pause
from warmup.sandbox import Accepted, Change
from warmup.throttle import Rules, judge

_LONGEST = timedelta(hours=24)  # a hold, unless the server named a longer time
_FOR_A_PERSON = frozenset({Action.DISABLE, Action.FIX_CONFIG, Action.DROP_RECIPIENT})
_IDLE_GRACE = 14  # days without sending that cost no age


class Law(StrEnum):
    """Which one is broken."""

    LOST = "lost"  # a side doesn't know what became of a message
    TWICE = "twice"  # accepted twice, or tried again when it was uncertain
    ABOVE = "above"  # more than the day of the mailbox allowed at that moment
    HELD = "held"  # sent while a pause covered it
    OUTSIDE = "outside"  # from or to somebody who wasn't in the pool
    BURST = "burst"  # a missed slot made up for
    AGE = "age"  # a ramp older than the days on which it sent, or younger for no reason
    PAUSE = "pause"  # one without its cause, or without an end that nobody is asked for
    SET_BACK = "set back"  # a ramp that fell for what was no throttling


@dataclass(frozen=True, slots=True)
class Broken:
    law: Law
    what: str

    def __str__(self) -> str:
        return f"{self.law.upper()} {self.what}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """A message at the moment when a server accepted it, with what the store and the configuration said just then."""

    accepted: Accepted
    message: Message | None  # the row
    gone: Sequence[str]  # those of sender and recipient who aren't in the pool
    day: Day | None  # the sender's, by the date in its zone
    used: int  # of that day: sent, uncertain or being sent, this one included
    most: int  # what the ramp allows in any day
    late: timedelta  # from its due time to when it counts as missed
    held: Sequence[Pause]  # that cover it


@dataclass(frozen=True, slots=True)
class Told:
    """Of a day that was planned: how many slots it has, and how many what was left of it had room for."""

    slots: int
    room: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Chronicle:
    """All that is known of a life so far."""

    sights: Sequence[Sight]
    changes: Sequence[Change]
    memory: Memory
    told: Mapping[tuple[int, date], Told]
    pauses: Sequence[Pause]
    rules: Rules
    closed: Collection[int]  # mailboxes that nobody may look into now
    undone: Collection[str]  # Message-IDs of what was accepted and taken away again, or said to have come back
    doubted: Mapping[str, int]  # Message-ID of what was uncertain once → how often it had been tried by then
    unsteady: Collection[int]  # mailboxes whose clock or zone was changed: their days aren't lived in their order


def broken(chronicle: Chronicle) -> list[Broken]:
    """Every violation so far."""
    return [
        *_compared(chronicle),
        *_doubted(chronicle),
        *_planned(chronicle),
        *(found for sight in chronicle.sights for found in _seen(sight)),
        *_ages(chronicle),
        *(found for pause in chronicle.pauses for found in _paused(pause, chronicle.rules)),
    ]


def _compared(chronicle: Chronicle) -> Iterator[Broken]:
    """What the reckoning after a crash finds, but for what was done to messages from outside, what waits until a
    mailbox may be looked into again, and what isn't due yet, though its sender has moved into the next day. How much a
    day allows is judged at its time.
    """
    memory = chronicle.memory
    later = memory.at + timedelta(microseconds=1)
    slots = Counter((message.sender, message.local_date) for message in memory.messages)
    untold = {(day.mailbox, day.local_date): slots[day.mailbox, day.local_date] for day in memory.days}
    excused = replace(
        memory,
        messages=[_excused(message, chronicle, later) for message in memory.messages],
        heard=untold | {key: told.slots for key, told in chronicle.told.items()},
    )
    laws = {reckoning.Law.LOST: Law.LOST, reckoning.Law.DOUBLED: Law.TWICE, reckoning.Law.OUTSIDE: Law.OUTSIDE}
    for found in reckoning.compare([sight.accepted for sight in chronicle.sights], chronicle.changes, excused):
        if found.law in laws:
            yield Broken(laws[found.law], f"{found.what}: {found.why}")


def _excused(message: Message, chronicle: Chronicle, later: datetime) -> Message:
    if message.message_id in chronicle.undone and message.missing_at is not None:
        return replace(message, missing_at=None, visit_at=later)
    if message.due_at > chronicle.memory.at and message.claimed_at is None:
        return replace(message, dropped_at=later, reason="not due yet")
    if message.recipient in chronicle.closed and message.visit_at is not None:
        return replace(message, visit_at=later)
    return message


def _doubted(chronicle: Chronicle) -> Iterator[Broken]:
    for message in chronicle.memory.messages:
        tried = chronicle.doubted.get(message.message_id)
        if tried is not None and message.attempts > tried:
            yield Broken(Law.TWICE, f"{message.message_id}: was uncertain, and was tried again")


def _planned(chronicle: Chronicle) -> Iterator[Broken]:
    for (mailbox, day), told in chronicle.told.items():
        if told.slots > told.room:
            yield Broken(
                Law.BURST, f"mailbox {mailbox} {day}: {told.slots} planned where there was room for {told.room}"
            )


def _seen(sight: Sight) -> Iterator[Broken]:
    """What was wrong at the moment of sending."""
    entry, message, day = sight.accepted, sight.message, sight.day
    what = f"{entry.message_id} from {entry.sender} to {entry.recipient} at {entry.at:%Y-%m-%d %H:%MZ}"
    for address in sight.gone:
        yield Broken(Law.OUTSIDE, f"{what}: {address} had left the pool")
    if message is None:
        return  # which is lost
    assert message.claimed_at is not None, "it was claimed"
    for pause in sight.held:
        if pause.since != message.claimed_at:  # else it began while the message was in flight: the clock stood still
            yield Broken(Law.HELD, f"{what}: in the {pause.scope} pause of {pause.since:%Y-%m-%d %H:%MZ}")
    allowed = min(day.allowance if day else 0, sight.most)
    if sight.used > allowed:
        yield Broken(Law.ABOVE, f"{what}: the {sight.used}th of a day that allows {allowed}")
    if day is not None and message.local_date != day.local_date:
        yield Broken(Law.BURST, f"{what}: belongs to {message.local_date}")
    if not message.due_at <= entry.at <= message.due_at + sight.late:
        yield Broken(Law.BURST, f"{what}: was due at {message.due_at:%Y-%m-%d %H:%MZ}")


def _ages(chronicle: Chronicle) -> Iterator[Broken]:
    sent: dict[int, set[date]] = defaultdict(set)
    for message in chronicle.memory.messages:
        if message.data_at is not None and message.refused_at is None:
            sent[message.sender].add(message.local_date)
    fallen = {pause.mailbox for pause in chronicle.pauses if pause.age_lost}
    for mailbox in chronicle.memory.pool:
        days = sorted((day for day in chronicle.memory.days if day.mailbox == mailbox.id), key=_on)
        yield from _at_most(mailbox, days, sent[mailbox.id])
        if mailbox.id not in chronicle.unsteady:
            yield from _in_order(mailbox, days, sent[mailbox.id])
            if mailbox.id not in fallen:
                yield from _exactly(mailbox, days, sent[mailbox.id])


def _at_most(mailbox: Mailbox, days: Sequence[Day], sent: Collection[date]) -> Iterator[Broken]:
    for day in days:
        lived = sum(on < day.local_date for on in sent)
        if day.age > lived:
            yield Broken(Law.AGE, f"{mailbox.address} {day.local_date}: aged {day.age}, and sent on {lived} days")


def _in_order(mailbox: Mailbox, days: Sequence[Day], sent: Collection[date]) -> Iterator[Broken]:
    for before, day in pairwise(days):
        if day.age > before.age + (before.local_date in sent):
            yield Broken(Law.AGE, f"{mailbox.address} {day.local_date}: aged {day.age}, after {before.age}")


def _exactly(mailbox: Mailbox, days: Sequence[Day], sent: Collection[date]) -> Iterator[Broken]:
    for day in days:
        past = [on for on in sent if on < day.local_date]
        rested = not past or (day.local_date - max(past)).days - 1 > _IDLE_GRACE
        if not rested and day.age != len(past):
            what = f"{mailbox.address} {day.local_date}: aged {day.age} after {len(past)} days, and nobody throttled it"
            yield Broken(Law.SET_BACK if day.age < len(past) else Law.AGE, what)


def _paused(pause: Pause, rules: Rules) -> Iterator[Broken]:
    what = f"{pause.scope} {pause.mailbox} of {pause.since:%Y-%m-%d %H:%MZ} by {pause.rule or pause.cause}"
    verdict = judge(pause.response, rules=rules) if pause.response is not None else None
    if pause.cause is Cause.VERDICT and (verdict is None or verdict.action is Action.ACCEPTED or not pause.rule):
        yield Broken(Law.PAUSE, f"{what}: no server's words")
    if pause.cause is Cause.FAILURE and not (pause.rule and pause.note):
        yield Broken(Law.PAUSE, f"{what}: doesn't say what failed")
    if pause.until is None:
        person = verdict.action in _FOR_A_PERSON if verdict else pause.rule == "needs a person"
        if pause.cause is not Cause.OPERATOR and not person:
            yield Broken(Law.PAUSE, f"{what}: has no end, and needs nobody")
    elif pause.cause is not Cause.OPERATOR:
        named = verdict.wait if verdict and verdict.wait else timedelta(0)
        if not timedelta(0) < pause.until - pause.since <= max(_LONGEST, named):
            yield Broken(Law.PAUSE, f"{what}: lasts {pause.until - pause.since}")
    if pause.age_lost and (verdict is None or verdict.setback == 1):
        yield Broken(Law.SET_BACK, f"{what}: the ramp fell by {pause.age_lost} days")


def _on(day: Day) -> date:
    return day.local_date


__all__ = ["Broken", "Chronicle", "Law", "Sight", "broken"]
