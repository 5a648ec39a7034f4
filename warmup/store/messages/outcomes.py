"""Outcomes: what became of a claim at the server.

Owns: the stamps from DATA to the server's last word. Does not own: what that word means (`warmup.throttle`).

`data_begins` is the fence: whoever it answers True to, and nobody else, may say DATA. So a claim that was lost, in a
process that stood still for an hour, can't become a second mail.
Sources: RFC 1047 (a broken wire after the final dot leaves it open whether the message was accepted).
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, bindparam, func, update

from warmup.model import Response
from warmup.store.kept import Kept
from warmup.store.pauses import HELD, VIA
from warmup.store.rows import from_response
from warmup.store.tables import NOW, message

from .claims import IN_HAND, WHICH, owned, which

m = message.c


def data_begins(db: Connection, id: int, now: datetime, *, owner: str, via: str | None = None) -> bool:
    """To be committed before DATA is said to the host `via`, None for the sender's own. False: the claim isn't
    `owner`'s any more, or the message mustn't go, since a pause began or a mailbox was removed; then say no DATA, and
    give the claim back.
    """
    return _BEGIN.changed(db, {"which": id, "now": now, "owner": owner, "by": via}) == 1


def accepted(
    db: Connection,
    id: int,
    now: datetime,
    response: Response,
    *,
    visit_at: datetime | None,
    ask_at: datetime | None = None,
    keep_at: datetime | None = None,
    parent_visit_at: datetime | None = None,
) -> bool:
    """The server took it. `visit_at` is when to look for it, `ask_at` when to see what its sender is told of it,
    `keep_at` when to look after its copy in Sent; what it answers is answered, and to be visited at `parent_visit_at`.
    """
    planned = {"visit_at": visit_at, "ask_at": ask_at, "keep_at": keep_at, "reason": None}
    row = _ACCEPT.row(db, {"which": id, "now": now, **planned, **from_response(response)})
    if row is None:
        return False
    (parent,) = row
    if parent is not None:
        visiting = {} if parent_visit_at is None else {"visit_at": parent_visit_at}
        _ANSWER.changed(db, {"answered": parent, "now": now, **visiting})
    return True


def refused(
    db: Connection, id: int, now: datetime, response: Response, reason: str, *, owner: str | None = None
) -> bool:
    """The server refused it for good, at whichever stage. What it was to answer wants an answer again. With an `owner`,
    only if the claim is still theirs.
    """
    ended = {"refused_at": now, "visit_at": None, "keep_at": None, "reason": reason, **from_response(response)}
    return db.execute(_END.where(owned(owner)), {"which": id, **ended}).rowcount == 1


def bounced(db: Connection, id: int, now: datetime, response: Response, reason: str) -> bool:
    """We were told that it came back, in the words of `response`: it is missing, and needn't be looked for. Not if it
    was found: then it was another copy that came back. What proves that it had been accepted settles an uncertain one.
    """
    ended = {"visit_at": None, "ask_at": None, "reason": reason, **from_response(response)}
    return db.execute(_BOUNCE, {"which": id, "now": now, **ended}).rowcount == 1


def delayed(db: Connection, id: int, response: Response, reason: str) -> bool:
    """We were told that it is on its way still, and why. It isn't to be sent again."""
    return db.execute(_DELAY, {"which": id, "reason": reason, **from_response(response)}).rowcount == 1


def uncertain(db: Connection, id: int, visit_at: datetime, *, reason: str | None = None) -> bool:
    """Accepted or not, nobody can say, and `reason` is why: look for it at the recipient's from `visit_at` on. It eats
    its allowance.
    """
    return db.execute(_DOUBT, {"which": id, "visit_at": visit_at, "reason": reason}).rowcount == 1


_mine = m.claimed_by == bindparam("owner")

_BEGIN = Kept(
    update(message).where(which(IN_HAND), _mine, m.data_at.is_(None), HELD.is_(None)).values(data_at=NOW, via=VIA)
)
_ACCEPT = Kept(
    update(message)
    .where(WHICH, m.data_at.is_not(None), m.refused_at.is_(None))
    .values(sent_at=func.coalesce(m.sent_at, NOW))
    .returning(m.parent)
)
_ANSWER = Kept(
    update(message).where(m.message_id == bindparam("answered")).values(answered_at=func.coalesce(m.answered_at, NOW))
)
_underway = m.data_at.is_not(None), m.refused_at.is_(None), m.found_at.is_(None)
_BOUNCE = (
    update(message)
    .where(WHICH, *_underway)
    .values(sent_at=func.coalesce(m.sent_at, NOW), missing_at=func.coalesce(m.missing_at, NOW))
)
_DELAY = update(message).where(WHICH, *_underway, m.missing_at.is_(None))
_END = update(message).where(which(IN_HAND))
_DOUBT = update(message).where(which(IN_HAND), m.data_at.is_not(None))
