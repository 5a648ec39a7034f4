"""What there is to do in the mailboxes that are due: read for all to whom one can go at once, in one work of the store.

Owns: the agenda of a visit. Does not own: the visit (`warmup.daemon.reader`), what is due (`warmup.store.messages`).
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from warmup.model import Bookmark, Mailbox, Message
from warmup.plan import local_date
from warmup.store import Connection, Shards, Visit, bookmarks, budgets, mailboxes, messages

from . import observer
from .correspondence import turns

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
    db: Connection, now: datetime, counting: bool, shards: Shards | None, busy: Set[Hashable], *, for_that: bool
) -> tuple[Mapping[int, str], Mapping[int, Agenda]]:
    """The mailboxes to visit and the hosts where they are, the longest due first; last those whose Sent folder is to be
    counted, if one is to go `for_that` as well. With it the agendas of those to whom one can go at once. A work of the
    store, as the next ones.
    """
    hosts = messages.visits_due(db, now, shards) | (observer.due(db, now, shards) if for_that else {})
    free = [number for number in hosts if number not in busy][: max(0, AT_ONCE - len(busy))]
    return hosts, _agendas(db, mailboxes.some(db, free), now, counting)


def agenda(db: Connection, number: int, now: datetime, counting: bool) -> Agenda | None:
    """The agenda of a visit; None if the mailbox has left."""
    live = {id: mailbox for id, mailbox in mailboxes.some(db, [number]).items() if mailbox.removed_at is None}
    return _agendas(db, live, now, counting).get(number)


def _agendas(db: Connection, known: Mapping[int, Mailbox], now: datetime, counting: bool) -> Mapping[int, Agenda]:
    if not known:
        return {}
    visits = messages.visits(db, known, now, ahead=AHEAD)
    outbound = [message for visit in visits.values() for message in visit.outbound]
    threads = turns(db, outbound)
    people = {**known, **mailboxes.some(db, {message.recipient for message in outbound} - known.keys())}
    today = {number: local_date(now, mailbox.zone) for number, mailbox in known.items()}
    counted = budgets.looked_at(db, today) if counting else {}
    read = bookmarks.some(db, [_inbox(number) for number, visit in visits.items() if visit.asking])
    return {
        number: Agenda(
            known[number],
            visit,
            [(message, threads.get(message.thread, ())) for message in visit.outbound],
            read.get(_inbox(number)) or _unread(number, now) if visit.asking else None,
            people,
            now,
            today[number] if counting and observer.wants(counted.get(number), now) else None,
        )
        for number, visit in visits.items()
    }


def _inbox(number: int) -> str:
    return f"inbox {number}"


def _unread(number: int, now: datetime) -> Bookmark:
    """A mark that nothing matches."""
    return Bookmark(source=_inbox(number), edition="0", position="0", read_at=now)
