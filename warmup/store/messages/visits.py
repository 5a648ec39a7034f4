"""Visits: whose folders are to be looked at, for which messages, and what was seen there.

Owns: what is due for a mailbox, as recipient and as sender, and the stamps of a visit. Does not own: looking
(`warmup.imap`), or when to look again (`warmup.daemon`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple, TypedDict, Unpack

from sqlalchemy import Connection, and_, bindparam, func, or_, select, union_all, update

from warmup.model import Message, Placement
from warmup.store.kept import Kept
from warmup.store.listed import one_of
from warmup.store.pauses import SHUT, troubled
from warmup.store.rows import to_message
from warmup.store.shards import Shards, among
from warmup.store.tables import NOW, mailbox, message

from .claims import IN_HAND, WHICH, which

m = message.c


class Awaited(NamedTuple):
    """A message on its way, and when its sender's inbox is to be looked at for what is told of it."""

    id: int
    sent_at: datetime
    ask_at: datetime


@dataclass(frozen=True, slots=True)
class Visit:
    """All there is to do for one mailbox: `inbound` messages to it to look after, `outbound` ones of it to look for in
    its Sent folder; each in the order it was due. `asking` are messages of it of which something may have been told.
    """

    inbound: list[Message]
    outbound: list[Message]
    asking: list[Awaited]
    troubled: bool  # the visit before broke


class Stamps(TypedDict, total=False):
    """What a visit can tell of a message. `found_at`, `placement` and `folder` go together, and only the first sight
    of a message counts.
    """

    found_at: datetime
    placement: Placement
    folder: str
    opened_at: datetime
    rescued_at: datetime
    missing_at: datetime
    filed_at: datetime
    kept_at: datetime
    visit_at: datetime | None  # when to look again; None: never
    keep_at: datetime | None
    visits: int
    reason: str | None


def visits_due(db: Connection, now: datetime, shards: Shards | None = None) -> dict[int, str]:
    """The mailboxes to visit, and the hosts where they are, the longest due first; with `shards`, of those alone. A
    removed one isn't: we have no business there any more. Nor one that looking into is held.
    """
    due = _DUE.rows(db, {"now": now}) if shards is None else _DUE_AMONG.rows(db, {"now": now, "shards": shards})
    return {whom: host for whom, host in due}


def visits(
    db: Connection, mailboxes: Collection[int], now: datetime, *, ahead: timedelta = timedelta(0)
) -> dict[int, Visit]:
    """What is due for each mailbox, and what can be done as well a little early: all but the reading of new mail is due
    up to `ahead` before its time.
    """
    broke = troubled(db, mailboxes)
    due = {number: Visit([], [], [], number in broke) for number in mailboxes}
    asked = {"whom": mailboxes, "now": now, "soon": now + ahead}
    for found in map(to_message, _INBOUND.rows(db, asked)):
        due[found.recipient].inbound.append(found)
    for found in map(to_message, _OUTBOUND.rows(db, asked)):
        due[found.sender].outbound.append(found)
    for sender, *awaited in _ASKING.rows(db, asked):
        due[sender].asking.append(Awaited(*awaited))
    return due


def asked(db: Connection, asking: Iterable[Awaited], now: datetime, after: Sequence[timedelta]) -> None:
    """What was told until now of these messages is known: each is asked after again at the next of the times `after` it
    was sent, or no more.
    """
    for one in asking:
        again = min((one.sent_at + wait for wait in after if one.sent_at + wait > now), default=None)
        if again != one.ask_at:
            _ASK.changed(db, {"which": one.id, "known": one.ask_at, "ask_at": again})


def stamp(db: Connection, id: int, **stamps: Unpack[Stamps]) -> None:
    """What a visit told of one message. Being found proves an uncertain one sent, and what it answers answered."""
    stamp_each(db, {id: stamps})


def stamp_each(db: Connection, stamps: Mapping[int, Stamps]) -> None:
    """What a visit told of several messages, in one transaction."""
    for id, told in stamps.items():
        unknown = told.keys() - Stamps.__annotations__.keys()
        assert not unknown, f"not for a visit to say: {unknown}"
        sight = {name: value for name, value in told.items() if name in _SIGHT}
        rest = {name: value for name, value in told.items() if name not in _SIGHT}
        seen = _SEE.row(db, {"which": id, **told}) if sight else None
        if seen == [None]:  # not known to be sent
            proven = _PROVE.row(db, {"which": id, "now": sight["found_at"]})
            if proven not in (None, [None]):  # an answer
                _ANSWER.changed(db, {"answered": proven[0], "now": sight["found_at"]})
        if seen is None and rest:
            _STAMP.changed(db, {"which": id, **rest})


_SIGHT = ("found_at", "placement", "folder")

_looked = select(m.recipient.label("whom"), m.visit_at.label("at")).where(m.visit_at <= NOW)
_kept = select(m.sender.label("whom"), m.keep_at.label("at")).where(m.keep_at <= NOW)
_asked = select(m.sender.label("whom"), m.ask_at.label("at")).where(m.ask_at <= NOW)
_pending = union_all(_looked, _kept, _asked).subquery()
_due = _pending.c
_live = and_(mailbox.c.id == _due.whom, mailbox.c.removed_at.is_(None), ~SHUT)

_whom_and_where = (
    select(_due.whom, mailbox.c.imap_host.label("host"))
    .join_from(_pending, mailbox, _live)
    .group_by(_due.whom, mailbox.c.imap_host)
    .order_by(func.min(_due.at), _due.whom)
)
_DUE, _DUE_AMONG = Kept(_whom_and_where), Kept(_whom_and_where.where(among(_due.whom)))
_soon = bindparam("soon", type_=m.visit_at.type)
_looked_at = and_(m.visit_at <= _soon, or_(m.visit_at <= NOW, m.opened_at.is_not(None)))


_from_whom = one_of(m.sender, "whom")
_INBOUND = Kept(select(message).where(one_of(m.recipient, "whom"), _looked_at).order_by(m.visit_at, m.id))
_OUTBOUND = Kept(select(message).where(_from_whom, m.keep_at <= _soon).order_by(m.keep_at, m.id))
_ASKING = Kept(
    select(m.sender, m.id, m.sent_at, m.ask_at).where(_from_whom, m.ask_at.is_not(None), m.sent_at.is_not(None))
)

_STAMP = Kept(update(message).where(WHICH))
# Not what was found while we looked: nobody asks after that.
_ASK = Kept(update(message).where(WHICH, m.ask_at == bindparam("known", type_=m.ask_at.type)))
_SEE = Kept(update(message).where(WHICH, m.found_at.is_(None)).values(ask_at=None).returning(m.sent_at))
_PROVE = Kept(
    update(message).where(which(IN_HAND), m.data_at.is_not(None)).values(sent_at=NOW, reason=None).returning(m.parent)
)
_ANSWER = Kept(
    update(message)
    .where(m.message_id == bindparam("answered", type_=m.message_id.type))
    .values(answered_at=func.coalesce(m.answered_at, NOW), visit_at=func.coalesce(m.visit_at, NOW))
)
