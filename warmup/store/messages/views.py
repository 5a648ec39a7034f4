"""Views: what planning, composing, the jumping clock and an operator need to know of messages.

Owns: questions. Does not own: answers that change anything; nothing here writes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import ColumnElement, Connection, Select, and_, bindparam, case, exists, func, or_, select

from warmup.model import Message, Placement
from warmup.store.days import batches
from warmup.store.kept import Kept
from warmup.store.listed import one_of
from warmup.store.pauses import NEXT_END
from warmup.store.rows import to_message
from warmup.store.tables import NOW, mailbox, message

from .claims import CIRCLES, TRIED, WAITING

m = message.c
_answer = message.alias("answer")
_live = and_(m.dropped_at.is_(None), m.refused_at.is_(None))  # on its way or arrived


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What a mailbox sent and what became of that. `uncertain` are those nobody can say of yet whether they went."""

    sent_today: int = 0
    sent: int = 0
    uncertain: int = 0
    inbox: int = 0
    junk: int = 0
    other: int = 0
    missing: int = 0
    opened: int = 0
    rescued: int = 0
    answered: int = 0


def thread(db: Connection, thread: str) -> list[Message]:
    """A conversation, turn by turn, without what was dropped or refused."""
    return threads(db, [thread]).get(thread, [])


def threads(db: Connection, threads: Collection[str]) -> dict[str, list[Message]]:
    """As `thread`, each of them that has a turn."""
    told = defaultdict[str, list[Message]](list)
    for row in _THREADS.rows(db, {"threads": threads}) if threads else ():
        turn = to_message(row)
        told[turn.thread].append(turn)
    return told


def called(db: Connection, message_id: str) -> Message | None:
    """The message with this Message-ID."""
    return next(iter(_read(db, select(message).where(m.message_id == message_id))), None)


def called_each(db: Connection, message_ids: Iterable[str]) -> list[Message]:
    """The messages with these Message-IDs, of those there are."""
    return [row for some in batches(message_ids) for row in _read(db, select(message).where(m.message_id.in_(some)))]


def written_to(db: Connection, recipient: int, since: datetime) -> list[Message]:
    """What was to be sent to a mailbox since then and isn't merely planned any more, the earliest first."""
    sent = select(message).where(m.recipient == recipient, m.due_at >= since, _of_days_since(since), TRIED)
    return _read(db, sent.order_by(m.due_at, m.id))


def owed(db: Connection, recipients: Collection[int], *, since: datetime) -> list[Message]:
    """Messages to these mailboxes, due after `since`, that want an answer and have none planned or sent: on their way,
    arrived, or planned themselves; not those that went missing or were given up unread. Only between mailboxes of the
    pool.
    """
    # There is one at most. Not by NOT EXISTS: before PostgreSQL has looked through the table it would join them all.
    to_it = _answer.c.parent == m.message_id, _answer.c.dropped_at.is_(None), _answer.c.refused_at.is_(None)
    answer = select(_answer.c.parent).where(*to_it).correlate(message).scalar_subquery()
    lately = m.due_at > since, _of_days_since(since)
    wanting = *lately, m.answer_wanted, m.answered_at.is_(None), m.missing_at.is_(None), _live
    read_or_to_be = or_(m.opened_at.is_not(None), m.filed_at.is_(None))
    unanswered = *wanting, read_or_to_be, answer.is_(None), _in_pool(m.sender), _in_pool(m.recipient)
    found: list[Message] = []
    for some in batches(recipients):
        found += _read(db, select(message).where(m.recipient.in_(some), *unanswered))
    return sorted(found, key=lambda message: (message.due_at, message.id))


def last_written(db: Connection, senders: Collection[int], *, since: datetime) -> Mapping[tuple[int, int], datetime]:
    """When each of these senders last wrote, or is planned to write, to each recipient; by (sender, recipient)."""
    last = func.max(func.coalesce(m.sent_at, m.due_at))
    found: dict[tuple[int, int], datetime] = {}
    for some in batches(senders):
        lately = m.sender.in_(some), m.due_at > since, _of_days_since(since), _live
        rows = db.execute(select(m.sender, m.recipient, last).where(*lately).group_by(m.sender, m.recipient))
        found |= {(sender, recipient): at for sender, recipient, at in rows}
    return found


def inbound(db: Connection, recipients: Collection[int], *, since: datetime, until: datetime) -> Mapping[int, int]:
    """How many live messages to each of these mailboxes were sent, or are due, since then and before `until`."""
    at = func.coalesce(m.sent_at, m.due_at)
    found: dict[int, int] = {}
    for some in batches(recipients):
        live = m.recipient.in_(some), _of_days_since(since), _live, at >= since, at < until
        counted = select(m.recipient, func.count()).where(*live).group_by(m.recipient)
        found |= {recipient: count for recipient, count in db.execute(counted)}
    return found


def planned(db: Connection, mailbox: int | None, local_date: date) -> list[Message]:
    """All slots of a sender's local day, or of every sender's, whatever became of them."""
    of_day = select(message).where(m.local_date == local_date).order_by(m.due_at, m.id)
    return _read(db, of_day if mailbox is None else of_day.where(m.sender == mailbox))


def names(db: Connection, mailbox: int, since: date, until: date) -> list[str]:
    """The Message-IDs of all slots of a sender's local days, from one to another."""
    return [name for (name,) in _NAMES.rows(db, {"who": mailbox, "since": since, "until": until})]


def recent(db: Connection, limit: int, mailbox: int | None = None) -> list[Message]:
    """The latest messages, sent, in hand or dropped, that a mailbox or anybody sent or was sent; the latest first."""
    tried = select(message).where(TRIED).order_by(m.due_at.desc(), m.id.desc()).limit(limit)
    return _read(db, tried if mailbox is None else tried.where(or_(m.sender == mailbox, m.recipient == mailbox)))


def tally(db: Connection, *, today: Mapping[int, date]) -> Mapping[int, Tally]:
    """Counts for each mailbox; `today` is its local date."""
    uncertain = and_(m.data_at.is_not(None), m.sent_at.is_(None), m.refused_at.is_(None), m.missing_at.is_(None))
    counts = {
        "sent": func.count(m.sent_at),
        "uncertain": func.count(case((uncertain, 1))),
        "missing": func.count(m.missing_at),
        "opened": func.count(m.opened_at),
        "rescued": func.count(m.rescued_at),
        "answered": func.count(m.answered_at),
    } | {str(placement): func.count(case((m.placement == placement, 1))) for placement in Placement}
    columns = [count.label(name) for name, count in counts.items()]
    sums = {row.sender: row for row in db.execute(select(m.sender, *columns).group_by(m.sender))}
    now = _sent_on(db, set(today.values()))
    return {
        mailbox: Tally(sent_today=now.get((mailbox, on), 0), **{name: getattr(sums[mailbox], name) for name in counts})
        if mailbox in sums
        else Tally()
        for mailbox, on in today.items()
    }


def waiting_since(db: Connection) -> datetime | None:
    """When the message that waits longest was due, or will be; None if none waits."""
    at: datetime | None = db.scalar(_FIRST_WAITING)
    return at


def next_due(db: Connection, now: datetime) -> datetime | None:
    """The first instant after `now` at which anything is due: a slot, a visit, a look at Sent or at what is told, the
    end of a pause.
    """
    (firsts,) = _NEXT.rows(db, {"now": now})
    return min(filter(None, firsts), default=None)


def _sent_on(db: Connection, dates: set[date]) -> Mapping[tuple[int, date], int]:
    of_day = select(m.sender, m.local_date, func.count(m.sent_at)).where(m.local_date.in_(dates))
    return {(sender, on): sent for sender, on, sent in db.execute(of_day.group_by(m.sender, m.local_date))}


def _of_days_since(at: datetime) -> ColumnElement[bool]:
    """Of a local day that it is or will be anywhere at `at`: true of all that is due or sent since then, in the words
    of the indices of a mailbox's days.
    """
    return m.local_date >= (at.astimezone(UTC) - _WESTERNMOST).date()


def _read(db: Connection, sought: Select[tuple[object, ...]]) -> list[Message]:
    return [to_message(row) for row in db.execute(sought)]


def _in_pool(id: ColumnElement[int]) -> ColumnElement[bool]:
    return ~exists().where(mailbox.c.id == id, mailbox.c.removed_at.is_not(None)).correlate(message)


_WESTERNMOST = timedelta(hours=12)  # behind UTC


def _first_of_a_circle(*of: ColumnElement[bool]) -> Select[datetime | None]:
    in_circle = select(func.min(m.due_at)).where(m.circle == CIRCLES.c.number, WAITING, *of).correlate(CIRCLES)
    return select(func.min(in_circle.scalar_subquery())).select_from(CIRCLES)


_THREADS = Kept(select(message).where(_live, one_of(m.thread, "threads")).order_by(m.turn, m.id))
_since, _until = (bindparam(name, type_=m.local_date.type) for name in ("since", "until"))
_NAMES = Kept(select(m.message_id).where(m.sender == bindparam("who"), m.local_date.between(_since, _until)))
_FIRST_WAITING = _first_of_a_circle()

# Each reads one entry of one of the indices of what is due; the first, one of each circle.
_FIRSTS = (
    _first_of_a_circle(m.due_at > NOW),
    select(m.visit_at).where(_in_pool(m.recipient), m.visit_at > NOW).order_by(m.visit_at).limit(1),
    select(m.ask_at).where(_in_pool(m.sender), m.ask_at > NOW).order_by(m.ask_at).limit(1),
    select(m.keep_at).where(_in_pool(m.sender), m.keep_at > NOW).order_by(m.keep_at).limit(1),
)
_NEXT = Kept(select(*(first.scalar_subquery() for first in (*_FIRSTS, NEXT_END))))
