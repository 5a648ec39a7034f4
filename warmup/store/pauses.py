"""Holds: opened, lifted, counted.

Owns: their rows, and in SQL what `Pause.covers` says of one. Does not own: how long and why (`warmup.throttle`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)

from warmup.model import Cause, Pause, Scope

from .rows import from_pause, to_pause
from .tables import NOW, mailbox, message, pause


def open_(db: Connection, pause_: Pause) -> Pause:
    """The pause, remembered, with its number."""
    return to_pause(db.execute(insert(pause).values(**from_pause(pause_)).returning(*pause.c)).one())


def active(db: Connection, now: datetime) -> list[Pause]:
    """What holds at `now`, oldest first."""
    return _read(db, _all().where(_holds(now)))


def last(
    db: Connection, mailbox: int, scope: Scope, provider: str | None = None, recipient: int | None = None
) -> Pause | None:
    """The newest pause of a mailbox, of one of its lanes, or by it of a recipient; over or not."""
    lane = pause.c.provider.is_not_distinct_from(provider), pause.c.recipient.is_not_distinct_from(recipient)
    same = pause.c.mailbox == mailbox, pause.c.scope == scope, *lane
    newest = select(pause).where(*same).order_by(pause.c.since.desc(), pause.c.id.desc()).limit(1)
    return next(iter(_read(db, newest)), None)


def lift(db: Connection, now: datetime, *, id: int | None = None, mailbox: int | None = None) -> int:
    """Ends one pause, or all of a mailbox, those that hold what is sent to it too; how many held until now."""
    assert (id is None) != (mailbox is None), "one pause, or all of one mailbox"
    whose = or_(pause.c.mailbox == mailbox, pause.c.recipient == mailbox)
    which = pause.c.id == id if id is not None else whose
    return db.execute(update(pause).where(which, _holds(now)).values(lifted_at=now)).rowcount


def mended(db: Connection, mailbox: int, now: datetime) -> int:
    """Ends what waited for a person, now that its sign-in works; how many did. The operator's own pauses stay."""
    mine = pause.c.mailbox == mailbox, pause.c.scope == Scope.MAILBOX, pause.c.cause != Cause.OPERATOR
    waited = *mine, pause.c.until.is_(None), _holds(now)
    return db.execute(update(pause).where(*waited).values(lifted_at=now)).rowcount


def lost(
    db: Connection, *, since: Mapping[int, datetime], before: Mapping[int, datetime] | None = None
) -> Mapping[int, int]:
    """Sending days that pauses begun at its instant in `since`, or later, took from each mailbox's ramp; of those that
    lost any. With `before`, which has the same mailboxes, only pauses begun before that.
    """
    if not since:
        return {}
    taken = select(pause.c.mailbox, pause.c.since, pause.c.age_lost).where(pause.c.age_lost > 0)
    sums: Counter[int] = Counter()
    for whose, began, days in db.execute(taken.where(pause.c.since >= min(since.values()))):
        if whose in since and began >= since[whose] and (before is None or began < before[whose]):
            sums[whose] += days
    return sums


def accepted_since(
    db: Connection, mailbox_: int, provider: str | None, since: datetime, *, recipient: int | None = None
) -> bool:
    """Whether a server accepted anything of this mailbox since then: to one receiving provider, to one recipient, or to
    anybody.
    """
    sent = and_(message.c.sender == mailbox_, message.c.sent_at >= since)
    if recipient is not None:
        sent = and_(sent, message.c.recipient == recipient)
    if provider is not None:
        sent = and_(sent, message.c.recipient.in_(select(mailbox.c.id).where(mailbox.c.provider == provider)))
    return bool(db.scalar(select(exists().where(sent))))


def history(db: Connection, mailbox: int | None = None) -> list[Pause]:
    """All pauses, of one mailbox or of all, oldest first."""
    return _read(db, _all() if mailbox is None else _all().where(pause.c.mailbox == mailbox))


def next_end(db: Connection, now: datetime) -> datetime | None:
    """When the first of the pauses that hold at `now` ends by itself."""
    first: datetime | None = db.scalar(select(func.min(pause.c.until)).where(_holds(now)))
    return first


def _holds(now: datetime | ColumnElement[datetime]) -> ColumnElement[bool]:
    return and_(pause.c.lifted_at.is_(None), or_(pause.c.until.is_(None), pause.c.until > now))


def _all() -> Select[tuple[object, ...]]:
    return select(pause).order_by(pause.c.since, pause.c.id)


def _read(db: Connection, sought: Select[tuple[object, ...]]) -> list[Pause]:
    return [to_pause(row) for row in db.execute(sought)]


_to = mailbox.alias("recipient_of_paused").c
_lane = select(_to.provider).where(_to.id == message.c.recipient).correlate(message).scalar_subquery()
_words = func.coalesce(func.nullif(pause.c.rule, ""), func.nullif(pause.c.note, ""), pause.c.cause)

# In a statement about messages: what holds the message at hand at the parameter `now`; NULL if nothing does.
HELD = (
    select(literal("paused: ") + _words)
    .where(
        _holds(NOW),
        or_(
            and_(pause.c.mailbox == message.c.sender, or_(pause.c.scope == Scope.MAILBOX, pause.c.provider == _lane)),
            pause.c.recipient == message.c.recipient,
        ),
    )
    .order_by(pause.c.id.desc())
    .limit(1)
    .correlate(message)
    .scalar_subquery()
)
