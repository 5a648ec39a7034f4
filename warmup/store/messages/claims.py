"""Claims: which slot may be sent now, and by whom.

Owns: the law that nothing is sent above the day's allowance, in a pause, twice, too late or out of the pool; kept here
when a slot is taken, whatever was planned. Does not own: dialling.

A claim is committed before anybody dials. One that a crash leaves behind is found by `release`.

The statements are made once, since making one takes ten times as long as running it. Their parameters: `who` is the
sending mailbox, `which` a message, `by` the submission host, NULL for the sender's own, `today` its
local date at `now`; what was due before `earliest` is missed, and what was before `overdue` if a later one is due.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Select,
    and_,
    bindparam,
    case,
    exists,
    false,
    func,
    literal,
    literal_column,
    or_,
    select,
    true,
    update,
)

from warmup.model import Message, Response
from warmup.store.kept import Kept
from warmup.store.mailboxes import REMOVED
from warmup.store.pauses import HELD, word
from warmup.store.rows import from_response, to_message
from warmup.store.shards import Shards, among
from warmup.store.tables import NOW, budget, day, mailbox, message

DAY_OVER = "day over"
ALLOWANCE_USED = "allowance used"
UNANSWERABLE = "nothing to answer"  # what it was to answer never went out, or went missing
UNREAD = "not read in time"  # what it was to answer wasn't opened while the answer could still go
MISSED = "missed"
INTERRUPTED = "interrupted before the server's answer"  # why nobody can say whether it was accepted

_HARDLY_LATE = timedelta(minutes=1)  # a guess: what was planned to go together still does

MANY = 2**31 - 1  # more than anybody sends in a day

m = message.c

WHICH = m.id == bindparam("which")
WAITING = and_(m.claimed_at.is_(None), m.dropped_at.is_(None))
TRIED = ~WAITING  # as the index says it, or it isn't used
IN_HAND = and_(m.claimed_at.is_not(None), m.sent_at.is_(None), m.refused_at.is_(None), m.dropped_at.is_(None))


def which(state: ColumnElement[bool]) -> ColumnElement[bool]:
    """The message of that number, if it is in that state; as a value, for as a condition PostgreSQL would see in it an
    index of all in that state, and read all of it where it takes that for little.
    """
    return and_(WHICH, case((state, true()), else_=false()))


# The circles of which anything waits: one after another in the index of what waits, which begins with them; behind each
# stands what of it is due.
_one = message.alias("one_of_circle").c
_next = message.alias("next_of_circle").c
_first_circle = select(func.min(_one.circle).label("number")).where(
    _one.claimed_at.is_(None), _one.dropped_at.is_(None)
)
_circles = _first_circle.cte("circles", recursive=True)
_after = (
    select(func.min(_next.circle))
    .where(_next.claimed_at.is_(None), _next.dropped_at.is_(None), _next.circle > _circles.c.number)
    .correlate(_circles)
    .scalar_subquery()
)
CIRCLES = _circles.union_all(select(_after).where(_circles.c.number.is_not(None)))


class ByCircles:
    """What is asked of all that waits and is due until an instant; `of` has columns of its messages: `sender`,
    `local_date`, `due_at`. Circle by circle, so that no more of an index is read than is due: SQLite needs to be told
    which circles there are. PostgreSQL, which takes what was due long ago for still waiting, needs to be kept from
    reading the whole table instead, and OFFSET does that.
    """

    def __init__(self, ask: Callable[[Any], Select[Any]], until: ColumnElement[datetime]) -> None:
        due = WAITING, m.due_at <= until
        of_one = select(m.sender, m.local_date, m.due_at).where(m.circle == CIRCLES.c.number, *due).correlate(CIRCLES)
        each = of_one.offset(literal_column("0")).lateral("due")
        self._kept = {
            "sqlite": Kept(ask(m).where(m.circle.in_(select(CIRCLES.c.number)), *due)),
            "postgresql": Kept(ask(each.c).select_from(CIRCLES.join(each, true()))),
        }

    def rows(self, db: Connection, values: Mapping[str, Any]) -> list[list[Any]]:
        """As `Kept.rows`."""
        return self._kept[db.dialect.name].rows(db, values)


class Claim(NamedTuple):
    """What came of asking for a slot."""

    message: Message | None  # the one that was claimed
    dropped: list[Message]  # what was due and may not be sent, settled with its reason
    more: bool  # whether another one was due and may be sent


def senders_due(db: Connection, now: datetime, shards: Shards | None = None) -> list[int]:
    """The mailboxes with a slot that is due, whether it may be sent or not, the longest due first; with `shards`, of
    those alone.
    """
    if shards is None:
        due = _SENDERS_DUE.rows(db, {"now": now})
    else:
        due = _SENDERS_DUE_AMONG.rows(db, {"now": now, "shards": shards})
    return list(dict.fromkeys(row[0] for row in due))


def claim(
    db: Connection,
    *,
    mailbox: int,
    now: datetime,
    today: date,
    owner: str,
    late: timedelta,
    apart: timedelta | None = None,
    most: int = MANY,
    via: str | None = None,
) -> Claim:
    """The mailbox's earliest slot that may be sent now, claimed by `owner`, if there is one; what may not be sent is
    settled.

    `today` is the sender's local date at `now`; a slot due more than `late` ago is missed, and so is one due more than
    `apart` ago, and more than a minute, when the time of a later one has come: what a mailbox couldn't send doesn't go
    all at once when it can.
    `most` is what the mailbox may send in a day by now, if that is less than the day's allowance; `via` the submission
    host it is to go by, None for the mailbox's own.
    """
    if not _hold(db, mailbox, now):
        return Claim(None, [], more=False)
    overdue = now - (late if apart is None else max(apart, _HARDLY_LATE))
    asked = {
        "who": mailbox,
        "now": now,
        "today": today,
        "earliest": now - late,
        "overdue": overdue,
        "most": most,
        "by": via,
    }
    due = _LOOK.rows(db, asked)
    settled = _SETTLE.rows(db, asked) if any(why_not for _, why_not, _ in due) else []
    going = [id for id, why_not, goes in due if not why_not and goes]
    row = _CLAIM.row(db, {"which": going[0], "now": now, "owner": owner}) if going else None
    return Claim(None if row is None else to_message(row), [*map(to_message, settled)], more=len(going) > 1)


def returned(
    db: Connection,
    id: int,
    *,
    due_at: datetime | None = None,
    reason: str,
    response: Response | None = None,
    known_unsent: bool = False,
    owner: str | None = None,
) -> bool:
    """A claim given back: the slot is due again at `due_at`, or as before.

    Only before DATA; after it only if it is `known_unsent`: the server refused with a code, or the wire broke before
    the final dot. With an `owner`, only if the claim is still theirs.
    """
    free = dict.fromkeys(("claimed_at", "claimed_by", "data_at", "via")) | {"reason": reason, **from_response(response)}
    due = {} if due_at is None else {"due_at": due_at}
    giving = _GIVE_BACK.where(owned(owner), _unsent(known_unsent))
    return db.execute(giving, {"which": id, **free, **due}).rowcount == 1


def drop(
    db: Connection,
    id: int,
    now: datetime,
    reason: str,
    response: Response | None = None,
    *,
    known_unsent: bool = False,
    owner: str | None = None,
) -> bool:
    """The end of a slot, claimed or not, that nothing of went out. `known_unsent` and `owner` as for `returned`."""
    ended = {"dropped_at": now, "data_at": None, "via": None, "reason": reason, **from_response(response)}
    ending = update(message).where(which(or_(WAITING, IN_HAND)), owned(owner), _unsent(known_unsent))
    return db.execute(ending, {"which": id, **ended}).rowcount == 1


def release(
    db: Connection,
    *,
    owner: str | None = None,
    before: datetime | None = None,
    sender: int | None = None,
    shards: Shards | None = None,
) -> int:
    """After a crash: claims of `owner`, or of anybody, of one `sender`, of those of some `shards`, or of all, made
    before then or ever, are free again. Those that had come to DATA aren't: they are uncertain, and a visit to the
    recipient is due. How many of both.
    """
    left = [IN_HAND]
    if owner is not None:
        left.append(m.claimed_by == owner)
    if before is not None:
        left.append(m.claimed_at < before)
    if sender is not None:
        left.append(m.sender == sender)
    if shards is not None:
        left.append(among(m.sender))
    freed = update(message).where(*left, m.data_at.is_(None)).values(claimed_at=None, claimed_by=None)
    lost = m.data_at.is_not(None), m.visit_at.is_(None), m.missing_at.is_(None)
    doubted = update(message).where(*left, *lost).values(visit_at=m.data_at, reason=INTERRUPTED)
    of = {} if shards is None else {"shards": shards}
    return db.execute(freed, of).rowcount + db.execute(doubted, of).rowcount


def in_hand(db: Connection) -> Mapping[str, int]:
    """How many messages are on their way to a server just now, by who claimed them; not what is only looked for."""
    counted = select(m.claimed_by, func.count()).where(IN_HAND, m.visit_at.is_(None), m.missing_at.is_(None))
    return {row[0]: row[1] for row in db.execute(counted.group_by(m.claimed_by))}


def _hold(db: Connection, mailbox: int, now: datetime) -> bool:
    """Holds a sender that has something due to the end of the transaction, so that no two count its allowance at once.
    False if nothing is due, or if somebody else does so now: their claim is as good as ours. Of a file there is one
    writer anyway.
    """
    return db.dialect.name == "sqlite" or bool(_HOLD.rows(db, {"who": mailbox, "now": now}))


def owned(by: str | None) -> ColumnElement[bool]:
    """That the claim is still theirs: a process that stood still for an hour may have lost it to another, that is
    sending now.
    """
    return literal(True) if by is None else m.claimed_by == by


def _unsent(known: bool) -> ColumnElement[bool]:
    return literal(True) if known else m.data_at.is_(None)


def _of_parent(true: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists().where(_parent.message_id == m.parent, true).correlate(message)


_today = bindparam("today", type_=m.local_date.type)
_sender = bindparam("who", type_=m.sender.type)
_parent = message.alias("parent").c
_used = message.alias("used").c
_later = message.alias("later").c

_due = and_(m.sender == _sender, WAITING, m.due_at <= NOW)
_missed = m.due_at < bindparam("earliest")
_gone = exists().where(mailbox.c.id.in_([m.sender, m.recipient]), mailbox.c.removed_at.is_not(None)).correlate(message)
_never_came = _of_parent(
    or_(_parent.dropped_at.is_not(None), _parent.refused_at.is_not(None), _parent.missing_at.is_not(None))
)
_overtaken = and_(
    m.due_at < bindparam("overdue", type_=m.due_at.type),
    exists().where(
        _later.sender == _sender, _later.local_date == _today, _later.due_at > m.due_at, _later.due_at <= NOW
    ),
)
_answerable = or_(m.parent.is_(None), _of_parent(_parent.opened_at.is_not(None)))

# What the day allows: nothing, if it isn't planned. What is used of it: by us, what is sent, uncertain or in somebody's
# hand; by other programs, what was seen in Sent or taken in advance.
_uses = and_(_used.claimed_at.is_not(None), _used.refused_at.is_(None), _used.dropped_at.is_(None))
_of_day = day.c.mailbox == _sender, day.c.local_date == _today
_of_budget = budget.c.mailbox == _sender, budget.c.local_date == _today
_count = select(func.count(_used.id).filter(_uses)).where(_used.sender == _sender, _used.local_date == _today)
ALLOWED: ColumnElement[Any] = func.coalesce(select(day.c.allowance).where(*_of_day).scalar_subquery(), 0)
OURS: ColumnElement[Any] = _count.scalar_subquery()
_others: ColumnElement[Any] = func.coalesce(select(budget.c.others).where(*_of_budget).scalar_subquery(), 0)
_spent = OURS + _others
_most = bindparam("most", type_=Integer)
_enough = _spent >= case((_most > ALLOWED, ALLOWED), else_=_most)  # counted once
_used_up = and_(m.local_date == _today, _enough)

# Why a due slot may not be sent any more, the weightiest reason first; NULL if it may, or may later.
_why_not = case(
    (_gone, word(REMOVED)),
    (m.local_date < _today, word(DAY_OVER)),
    (HELD.is_not(None), HELD),
    (_used_up, word(ALLOWANCE_USED)),
    (_never_came, word(UNANSWERABLE)),
    (and_(_missed, ~_answerable), word(UNREAD)),
    (_missed, word(MISSED)),
    (and_(_overtaken, _answerable), word(MISSED)),
    else_=None,
)
_goes = and_(m.local_date == _today, _answerable)  # unless there is a reason against it


def _looking(why_not: ColumnElement[Any]) -> Kept:
    """What is due of a mailbox, the longest due first: its number, why it may not be sent, and whether it may now."""
    return Kept(select(m.id, why_not.label("why_not"), _goes.label("goes")).where(_due).order_by(m.due_at, m.id))


def _settling(why_not: ColumnElement[Any]) -> Kept:
    """What may not be sent is dropped."""
    return Kept(update(message).where(_due, why_not.is_not(None)).values(dropped_at=NOW, reason=why_not).returning(*m))


_GIVE_BACK = update(message).where(which(IN_HAND))
# Each once, but not by DISTINCT: for that SQLite would read all that waits, in the order of the senders.
_SENDERS_DUE = ByCircles(lambda of: select(of.sender).order_by(of.due_at, of.sender), NOW)
_SENDERS_DUE_AMONG = ByCircles(lambda of: select(of.sender).where(among(of.sender)).order_by(of.due_at, of.sender), NOW)
_HOLD = Kept(
    select(mailbox.c.id)
    .where(mailbox.c.id == _sender, exists().where(_due))
    .with_for_update(key_share=True, skip_locked=True)
)
_LOOK = _looking(_why_not)
_SETTLE = _settling(_why_not)
_CLAIM = Kept(
    update(message)
    .where(which(WAITING))
    .values(claimed_at=NOW, claimed_by=bindparam("owner"), attempts=m.attempts + 1)
    .returning(*m)
)
