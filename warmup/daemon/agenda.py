"""What there is to do in the mailboxes that are due: read for all of them together, since that takes as many statements
as for one.

Owns: the agenda of a visit. Does not own: the visit (`warmup.daemon.reader`), what is due (`warmup.store.messages`).
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from warmup.model import Bookmark, Mailbox, Message
from warmup.plan import local_date
from warmup.store import Connection, Shards, Visit, bookmarks, mailboxes, messages

from . import observer

AT_ONCE = 100  # visits; a guess, each holds a connection
AHEAD = timedelta(hours=4)  # what may wait (marking, filing, a copy in Sent) is done by a visit this much earlier


@dataclass(frozen=True, slots=True)
class Agenda:
    """What there is to do in one mailbox: mail to it, mail of it, with its thread, of which to keep a copy, and what it
    may have been told of mail of it.
    """

    mailbox: Mailbox
    visit: Visit
    outbound: Sequence[tuple[Message, Sequence[Message]]]
    inbox: Bookmark | None  # how far its notifications have been read; None, if no message of it is on its way
    people: Mapping[int, Mailbox]
    at: datetime  # when that was known
    counting: date | None  # the local day of which others' mail in Sent is to be counted; None: it was, just now


def due(
    db: Connection, now: datetime, counting: bool, shards: Shards | None, busy: Set[Hashable]
) -> tuple[Mapping[int, str], Mapping[int, Agenda]]:
    """The mailboxes to visit and the hosts where they are, the longest due first; last those whose Sent folder is to be
    counted. With it the agendas of those to whom one can go at once. A work of the store, as the next ones.
    """
    hosts = messages.visits_due(db, now, shards) | (observer.due(db, now, shards) if counting else {})
    free = [number for number in hosts if number not in busy][: max(0, AT_ONCE - len(busy))]
    return hosts, _agendas(db, free, now, counting)


def agenda(db: Connection, number: int, now: datetime, counting: bool) -> Agenda | None:
    """The agenda of a visit; None if the mailbox has left."""
    return _agendas(db, [number], now, counting).get(number)


def _agendas(db: Connection, numbers: Collection[int], now: datetime, counting: bool) -> dict[int, Agenda]:
    """The agendas of visits, of those mailboxes that haven't left."""
    known = mailboxes.some(db, numbers)
    today = {mailbox.id: local_date(now, mailbox.zone) for mailbox in known.values() if mailbox.removed_at is None}
    visits = messages.visits(db, today, now, ahead=AHEAD)
    outbound = [message for visit in visits.values() for message in visit.outbound]
    people = known | mailboxes.some(db, {message.recipient for message in outbound} - known.keys())
    threads = messages.threads(db, {message.thread for message in outbound if message.parent is not None})
    inboxes = bookmarks.some(db, [_inbox(number) for number, visit in visits.items() if visit.asking])
    return {
        number: Agenda(
            known[number],
            visit,
            [(message, threads.get(message.thread, ())) for message in visit.outbound],
            inboxes.get(_inbox(number)) or _unread(number, now) if visit.asking else None,
            {one: people[one] for one in (number, *(message.recipient for message in visit.outbound))},
            now,
            today[number] if counting and observer.wants(visit.counted_at, now) else None,
        )
        for number, visit in visits.items()
    }


def _inbox(number: int) -> str:
    return f"inbox {number}"


def _unread(number: int, now: datetime) -> Bookmark:
    """The first mark in an inbox: one that nothing matches."""
    return Bookmark(source=_inbox(number), edition="0", position="0", read_at=now)
