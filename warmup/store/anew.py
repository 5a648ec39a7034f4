"""Beginning anew after a backup was restored: what may have gone out since it was made is never sent again.

What the backup calls planned may have been sent since; what was planned since isn't in it. So nothing that was planned
before is sent any more, today is planned for nobody, and a new seed sees to it that no Message-ID is minted twice.
Planning begins again with each mailbox's next local day. What had come to DATA is uncertain, as after a crash.

Owns: that. Does not own: putting a backup in place (`warmup.store.backup`).
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, or_, select, update

from warmup.model import Day
from warmup.plan import local_date

from . import days, mailboxes
from .messages.claims import IN_HAND, WAITING
from .tables import day, install, mailbox, message

m = message.c

_STAMPS = (m.claimed_at, m.data_at, m.sent_at, m.found_at, m.opened_at, m.dropped_at, m.filed_at)


@dataclass(frozen=True, slots=True)
class Anew:
    """`made_at` is the last that the database knew; `dropped` is how many messages won't be sent."""

    made_at: datetime | None
    dropped: int


def begin_anew(db: Connection, now: datetime) -> Anew:
    """To be done with a database that was restored, before any daemon works on it."""
    made_at = _last_known(db)
    reason = f"{days.RESTORED} of {made_at:%Y-%m-%d %H:%MZ}" if made_at else days.RESTORED
    unsent = or_(WAITING, IN_HAND), m.data_at.is_(None)
    dropped = db.execute(update(message).where(*unsent).values(dropped_at=now, reason=reason)).rowcount
    # It may have been answered since, and a person answers once.
    open_ = m.answer_wanted.is_(True), m.answered_at.is_(None), m.dropped_at.is_(None)
    db.execute(update(message).where(*open_).values(answer_wanted=False))
    db.execute(update(install).values(seed=secrets.token_hex(16)))
    _close_today(db, now, reason)
    return Anew(made_at, dropped)


def _last_known(db: Connection) -> datetime | None:
    """The last instant of which the database tells that something happened."""
    stamps = db.execute(select(*(func.max(stamp) for stamp in _STAMPS))).one()
    others = [db.scalar(select(func.max(stamp))) for stamp in (day.c.planned_at, mailbox.c.added_at)]
    return max(filter(None, [*stamps, *others]), default=None)


def _close_today(db: Connection, now: datetime, reason: str) -> None:
    """A day that is planned isn't planned again: for those that have none today, one that allows nothing. It isn't a
    day on which anything was sent, so the ramp's age comes from the last that was.
    """
    pool = {mailbox.id: mailbox for mailbox in mailboxes.every(db)}
    today = {number: local_date(now, mailbox.zone) for number, mailbox in pool.items()}
    planned = days.planned(db, today)
    unplanned = {number: on for number, on in today.items() if number not in planned}
    last = days.last_sent(db, before=unplanned)
    closed = [
        Day(
            mailbox=number,
            local_date=on,
            age=last[number].age + 1 if number in last else 0,
            curve=pool[number].curve or (last[number].curve if number in last else ""),
            volume=0,
            allowance=0,
            planned_at=now,
            reason=reason,
        )
        for number, on in unplanned.items()
    ]
    days.record(db, closed, [])
