"""Visits: whose folders are to be looked at, for which messages, and what was seen there.

Owns: what is due for a mailbox, as recipient and as sender, and the stamps of a visit. Does not own: looking
(`warmup.imap`), or when to look again (`warmup.daemon`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypedDict, Unpack

from sqlalchemy import Connection, and_, bindparam, exists, func, or_, select, union_all, update

from warmup.model import Message, Placement
from warmup.store.pauses import SHUT
from warmup.store.rows import to_message
from warmup.store.shards import Shards, among
from warmup.store.tables import NOW, mailbox, message

from .claims import IN_HAND, WHICH

m = message.c


@dataclass(frozen=True, slots=True)
class Visit:
    """All there is to do for one mailbox: `inbound` messages to it to look after, `outbound` ones of it to look for in
    its Sent folder; each in the order it was due. `asking`: something may have been told of messages of it.
    """

    inbound: list[Message]
    outbound: list[Message]
    asking: bool


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


def visits_due(db: Connection, now: datetime, shards: Shards | None = None) -> list[int]:
    """The mailboxes to visit, the longest due first; with `shards`, of those alone. A removed one isn't: we have no
    business there any more. Nor one that looking into is held.
    """
    if shards is None:
        return list(db.scalars(_DUE, {"now": now}))
    return list(db.scalars(_DUE_AMONG, {"now": now, "shards": list(shards)}))


def visit(db: Connection, mailbox: int, now: datetime, *, ahead: timedelta = timedelta(0)) -> Visit:
    """What is due for one mailbox, and what can be done as well a little early: all but the reading of new mail is due
    up to `ahead` before its time.
    """
    asked = {"whom": mailbox, "now": now, "soon": now + ahead}
    inbound, outbound = ([to_message(row) for row in db.execute(sought, asked)] for sought in (_INBOUND, _OUTBOUND))
    return Visit(inbound, outbound, bool(db.scalar(_ASKING, asked)))


def asked(db: Connection, mailbox: int, now: datetime, after: Sequence[timedelta]) -> None:
    """What a mailbox was told until now is known: each of its messages is asked after again at the next of the times
    `after` it was sent, or no more.
    """
    for id, sent_at in db.execute(_ON_ITS_WAY, {"whom": mailbox}).all():
        again = min((sent_at + wait for wait in after if sent_at + wait > now), default=None)
        db.execute(_STAMP, {"which": id, "ask_at": again})


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
        if sight:
            parent = db.scalar(_PROVE, {"which": id, "now": sight["found_at"]})
            if parent is not None:
                db.execute(_ANSWER, {"answered": parent, "now": sight["found_at"]})
            db.execute(_SEE, {"which": id, **sight})
        if rest:
            db.execute(_STAMP, {"which": id, **rest})


_SIGHT = ("found_at", "placement", "folder")

_looked = select(m.recipient.label("whom"), m.visit_at.label("at")).where(m.visit_at <= NOW)
_kept = select(m.sender.label("whom"), m.keep_at.label("at")).where(m.keep_at <= NOW)
_asked = select(m.sender.label("whom"), m.ask_at.label("at")).where(m.ask_at <= NOW)
_due = union_all(_looked, _kept, _asked).subquery().c
_live = and_(mailbox.c.id == _due.whom, mailbox.c.removed_at.is_(None), ~SHUT)
_whom = bindparam("whom", type_=m.recipient.type)

_DUE = select(_due.whom).join(mailbox, _live).group_by(_due.whom).order_by(func.min(_due.at), _due.whom)
_DUE_AMONG = _DUE.where(among(_due.whom))
_soon = bindparam("soon", type_=m.visit_at.type)
_looked_at = or_(m.visit_at <= NOW, and_(m.opened_at.is_not(None), m.visit_at <= _soon))
_INBOUND = select(message).where(m.recipient == _whom, _looked_at).order_by(m.visit_at, m.id)
_OUTBOUND = select(message).where(m.sender == _whom, m.keep_at <= _soon).order_by(m.keep_at, m.id)
_ASKING = select(exists().where(m.sender == _whom, m.ask_at.is_not(None)))
_ON_ITS_WAY = select(m.id, m.sent_at).where(m.sender == _whom, m.ask_at.is_not(None), m.sent_at.is_not(None))

_STAMP = update(message).where(WHICH)
_SEE = update(message).where(WHICH, m.found_at.is_(None)).values(ask_at=None)
_PROVE = (
    update(message).where(WHICH, IN_HAND, m.data_at.is_not(None)).values(sent_at=NOW, reason=None).returning(m.parent)
)
_ANSWER = (
    update(message)
    .where(m.message_id == bindparam("answered", type_=m.message_id.type))
    .values(answered_at=func.coalesce(m.answered_at, NOW), visit_at=func.coalesce(m.visit_at, NOW))
)
