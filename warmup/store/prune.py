"""Pruning: what nobody needs any more is forgotten, mailbox by mailbox.

Needed, however old: what isn't over; the conversations of which a turn isn't old; and each mailbox's last sending day,
which the age of its ramp hangs on, with the pauses that took from that age.

Owns: that. Does not own: how long is remembered.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from sqlalchemy import ColumnElement, Connection, and_, delete, exists, or_

from .messages.claims import IN_HAND, WAITING
from .tables import budget, day, message, pause

m = message.c
_later = message.alias("later").c
_turn = message.alias("turn_of_thread").c


@dataclass(frozen=True, slots=True)
class Pruned:
    """How many rows were forgotten."""

    messages: int = 0
    days: int = 0
    pauses: int = 0

    def __add__(self, other: Pruned) -> Pruned:
        return Pruned(self.messages + other.messages, self.days + other.days, self.pauses + other.pauses)


def prune(db: Connection, mailbox: int, before: date, now: datetime) -> Pruned:
    """Forget what a mailbox sent and lived on its local days before that one. To be done with one mailbox after
    another: so no transaction is long, and the daemon goes on between them.
    """
    days_over = day.c.mailbox == mailbox, day.c.local_date < before, ~_has_messages()
    budgets_over = budget.c.mailbox == mailbox, budget.c.local_date < before
    gone = db.execute(delete(message).where(m.sender == mailbox, *_needless(before))).rowcount
    lived = db.execute(delete(day).where(*days_over)).rowcount
    db.execute(delete(budget).where(*budgets_over))
    held = db.execute(delete(pause).where(pause.c.mailbox == mailbox, *_over(before, now))).rowcount
    return Pruned(gone, lived, held)


def _needless(before: date) -> tuple[ColumnElement[bool], ...]:
    undone = or_(WAITING, IN_HAND, m.visit_at.is_not(None), m.ask_at.is_not(None), m.keep_at.is_not(None))
    sent_since = exists().where(
        _later.sender == m.sender,
        _later.local_date > m.local_date,
        _later.data_at.is_not(None),
        _later.refused_at.is_(None),
    )
    goes_on = exists().where(_turn.thread == m.thread, _turn.local_date >= before)
    return m.local_date < before, ~undone, sent_since.correlate(message), ~goes_on.correlate(message)


def _has_messages() -> ColumnElement[bool]:
    return exists().where(m.sender == day.c.mailbox, m.local_date == day.c.local_date).correlate(day)


def _over(before: date, now: datetime) -> tuple[ColumnElement[bool], ...]:
    begun = pause.c.since < datetime.combine(before, time(0), UTC)
    ended = or_(pause.c.lifted_at.is_not(None), and_(pause.c.until.is_not(None), pause.c.until <= now))
    return begun, ended, pause.c.age_lost == 0
