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
    db: Connection, now: datetime, counting: bool, shards: Shards | None, busy: Set[Hashable]
) -> tuple[Mapping[int, str], Mapping[int, Agenda]]:
    """The mailboxes to visit and the hosts where they are, the longest due first; last those whose Sent folder is to be
    counted. With it the agendas of those to whom one can go at once. A work of the store, as the next ones.
    """
    hosts = messages.visits_due(db, now, shards) | (observer.due(db, now, shards) if counting else {})
    free = [number for number in hosts if number not in busy][: max(0, AT_ONCE - len(busy))]
    known = mailboxes.some(db, free)
    return hosts, {number: _agenda(db, mailbox, now, counting) for number, mailbox in known.items()}


def agenda(db: Connection, number: int, now: datetime, counting: bool) -> Agenda | None:
    """The agenda of a visit; None if the mailbox has left."""
    mailbox = mailboxes.some(db, [number]).get(number)
    return None if mailbox is None or mailbox.removed_at is not None else _agenda(db, mailbox, now, counting)


def _agenda(db: Connection, mailbox: Mailbox, now: datetime, counting: bool) -> Agenda:
    visit = messages.visit(db, mailbox.id, now, ahead=AHEAD)
    today = local_date(now, mailbox.zone)
    to_count = counting and observer.wants(budgets.looked_at(db, mailbox.id, today), now)
    return Agenda(
        mailbox,
        visit,
        [(message, turns(db, message)) for message in visit.outbound],
        _inbox(db, mailbox.id, now) if visit.asking else None,
        {mailbox.id: mailbox} | mailboxes.some(db, {message.recipient for message in visit.outbound}),
        now,
        today if to_count else None,
    )


def _inbox(db: Connection, number: int, now: datetime) -> Bookmark:
    """How far an inbox was read; at first a mark that nothing matches."""
    source = f"inbox {number}"
    return bookmarks.get(db, source) or Bookmark(source=source, edition="0", position="0", read_at=now)
