"""Daemons with something wrong in them, one for each way to break a law, to see whether the model finds it.

Owns: what is wrong. Does not own: the lives in which it shows (`tests.model.test_plants`), finding it
(`tests.model.laws`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import date, datetime
from functools import partial
from typing import Any
from unittest.mock import patch

from sqlalchemy import Connection, case, literal, update

from tests.crash.plants import PLANTS as OF_CRASHES
from warmup.curves import Ramp
from warmup.daemon.planner import Facts
from warmup.model import Cause, Pause, chance
from warmup.plan import Seat
from warmup.plan.day import _Planning
from warmup.plan.window import room, spread
from warmup.store import mailboxes, messages, pauses
from warmup.store.kept import Kept
from warmup.store.messages import claims, outcomes
from warmup.store.tables import NOW, mailbox, message

Plant = Callable[[], AbstractContextManager[Any]]

# What `claims` asks before a slot may go, by the names used below.
_QUESTIONS = {
    "removed": (claims._gone, literal("mailbox removed")),
    "over": (message.c.local_date < claims._today, literal("day over")),
    "held": (pauses.HELD.is_not(None), pauses.HELD),
    "used up": (claims._used_up, literal("allowance used")),
    "missed": (claims._missed, literal("missed")),
}


@contextmanager
def _unasked(*names: str) -> Iterator[None]:
    """The claim doesn't ask some of its questions."""
    why_not = case(*(asked for name, asked in _QUESTIONS.items() if name not in names), else_=None)
    with (
        patch.object(claims, "_LOOK", claims._looking(why_not)),
        patch.object(claims, "_SETTLE", claims._settling(why_not)),
    ):
        yield


def _unfenced() -> AbstractContextManager[Any]:
    """Before DATA nobody asks whether the message may still go."""
    begin = update(message).where(claims.WHICH).values(data_at=NOW)
    return patch.object(outcomes, "_BEGIN", Kept(begin))


@contextmanager
def _deaf_to_pauses() -> Iterator[None]:
    with _unasked("held"), _unfenced():
        yield


@contextmanager
def _astray() -> Iterator[None]:
    """Which server a message goes by is left to chance, and its holds are looked for at the mailbox's own."""

    def own(work: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *rest, **more: work(*rest, **(more | {"via": None}))

    with (
        patch.object(pauses, "held_hosts", lambda *_: frozenset()),
        patch.object(messages, "claim", own(messages.claim)),
        patch.object(messages, "data_begins", own(messages.data_begins)),
    ):
        yield


@contextmanager
def _attached() -> Iterator[None]:
    """Whoever has left the pool is still sent what was planned."""

    def remove(db: Connection, id: int, now: datetime) -> None:
        db.execute(update(mailbox).where(mailbox.c.id == id).values(removed_at=now))

    with _unasked("removed"), patch.object(mailboxes, "remove", remove):
        yield


def _doubtless() -> AbstractContextManager[Any]:
    """What is uncertain is taken for not sent."""

    def again(db: Connection, id: int, visit_at: datetime, *, reason: str | None = None) -> bool:
        return messages.returned(db, id, due_at=visit_at, reason="once more", known_unsent=True)

    return patch.object(messages, "uncertain", again)


def _wordless() -> AbstractContextManager[Any]:
    """What is dropped is dropped without a reason."""
    drop = messages.drop

    def dropped(db: Connection, id: int, now: datetime, reason: str, *rest: Any, **more: Any) -> bool:
        return drop(db, id, now, "", *rest, **more)

    return patch.object(messages, "drop", dropped)


def _blind() -> AbstractContextManager[Any]:
    """Nobody looks for what was sent."""
    return patch.object(messages, "visits_due", lambda *_: {})


def _forgetful() -> AbstractContextManager[Any]:
    """Nobody writes down that a server accepted it."""
    return patch.object(messages, "accepted", lambda *_, **__: True)


def _eager() -> AbstractContextManager[Any]:
    """What is left of a day gets all of its allowance."""

    def times(planning: _Planning, seat: Seat) -> list[tuple[int, datetime]]:
        span, gap = planning.policy.hours.span(seat.local_date, seat.mailbox.zone), planning.policy.gap
        left = span.since(planning.now) if span else None
        if left is None or not left.length:
            return []
        return list(enumerate(spread(left, min(seat.allowance, room(left, gap)), gap, chance("eager"))))

    return patch.object(_Planning, "times", times)


def _calendar() -> AbstractContextManager[Any]:
    """A ramp ages with every day since it first sent."""

    def age(mailbox: int, facts: Facts, day: date, ramp: Ramp | None) -> int:
        last = facts.last_day.get(mailbox)
        return last.age + (day - last.local_date).days if last else 0

    return patch("warmup.daemon.planner._age", age)


def _pausing(change: Callable[[Pause], Pause]) -> AbstractContextManager[Any]:
    open_ = pauses.open_
    return patch.object(pauses, "open_", lambda db, pause: open_(db, change(pause)))


def _self_accusing() -> AbstractContextManager[Any]:
    """A ramp falls for our own failures."""
    return _pausing(lambda pause: replace(pause, age_lost=1) if pause.cause is Cause.FAILURE else pause)


def _groundless() -> AbstractContextManager[Any]:
    """Nobody can say for which words it is held."""
    return _pausing(lambda pause: replace(pause, response=None) if pause.cause is Cause.VERDICT else pause)


def _endless() -> AbstractContextManager[Any]:
    """A hold by a server's answer waits for somebody who isn't told."""
    return _pausing(lambda pause: replace(pause, until=None) if pause.cause is Cause.VERDICT else pause)


PLANTS: dict[str, Plant] = {
    "a claim that is deaf to pauses": _deaf_to_pauses,
    "no last look before DATA": _unfenced,
    "a relay that is held and used": _astray,
    "a claim that doesn't count": partial(_unasked, "used up"),
    "a claim that takes what was missed": partial(_unasked, "missed"),
    "a claim that leaves yesterday's": partial(_unasked, "over", "missed"),
    "more than the day allows": OF_CRASHES["generous"],
    "who has left is written to": _attached,
    "what is uncertain is sent again": _doubtless,
    "what wasn't sent is called sent": OF_CRASHES["pretend"],
    "what was accepted isn't written down": _forgetful,
    "what is dropped has no reason": _wordless,
    "nobody looks for what was sent": _blind,
    "a whole day's mail in its last hours": _eager,
    "age by the calendar": _calendar,
    "a ramp that falls for our own failures": _self_accusing,
    "a pause without words": _groundless,
    "a pause without an end": _endless,
}
