"""Observing: what a mailbox's owner sends by other programs eats the day's allowance.

A visit counts what lies in Sent and isn't ours, unless that was done just now. We can't know when somebody sends, so
this is the one thing that is looked after by the clock: before the first message of a day, and every few hours while
more are to go. What is sent between two looks counts from the second one.

Owns: when to look, and telling ours from others'. Does not own: reading Sent (`warmup.imap.posted`), the sums
(`warmup.store.budgets`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from warmup.errors import AccessRefused
from warmup.imap import Access, Posted
from warmup.model import Mailbox
from warmup.plan import local_date
from warmup.store import Connection, Shards, budgets, mailboxes, messages, shard

from .office import Office

AGAIN = timedelta(minutes=1)  # from asking whose Sent is to be counted to asking again: it reads all that is to go soon
_AHEAD = timedelta(minutes=30)  # of what is to go: a look that has to wait for its turn isn't late
_ENOUGH = timedelta(minutes=30)  # a guess: a visit so soon after a look doesn't look again
_EVERY = timedelta(hours=4)  # a guess: most visits come for other reasons, and more often


@dataclass(frozen=True, slots=True)
class Count:
    """A look into Sent: what lay there of the local day `on`; None if nobody could look, and `why`."""

    on: date
    at: datetime
    lying: Sequence[Posted] | None
    why: str


def due(db: Connection, now: datetime, shards: Shards | None = None) -> dict[int, str]:
    """Whose Sent folder is to be counted, by number, and at which host it is; with `shards`, of those alone. A work of
    the store.
    """
    waiting = budgets.unobserved(db, now=now, soon=now + _AHEAD, since=now - _EVERY)
    if shards is not None:
        waiting = {(number, on) for number, on in waiting if shard(number) in shards}
    known = mailboxes.some(db, {number for number, _ in waiting})
    # What is due after midnight is looked for then: until then a look would be one at another day.
    today = {number: local_date(now, mailbox.zone) for number, mailbox in known.items()}
    return {number: known[number].imap.host for number, on in sorted(waiting) if today[number] == on}


def wants(counted_at: datetime | None, now: datetime) -> bool:
    """Whether a visit is to count, when that was last done then."""
    return counted_at is None or now - counted_at >= _ENOUGH


async def count(office: Office, mailbox: Mailbox, on: date, access: Access) -> Count:
    """Look at what was sent on the mailbox's local day."""
    now = office.clock.now()
    midnight = datetime.combine(on, time(0), ZoneInfo(mailbox.zone)).astimezone(UTC)
    try:
        lying = await access.sent_since(midnight, label=office.config.label)
    except AccessRefused as refused:
        return Count(on, now, None, str(refused))
    return Count(on, now, lying, "there is no Sent folder")


def observe(db: Connection, office: Office, mailbox: Mailbox, count: Count) -> bool:
    """What others have sent, as far as a count shows; whether it is the first of its day and was in vain. To be written
    after the look, so that what lies there, and is ours, is known. A work of the store.
    """
    seen = None
    if count.lying is not None:
        ours = _ours(db, office, mailbox, count.on) if any(mail.labels for mail in count.lying) else set()
        # By the label alone: some servers replace the Message-ID.
        seen = sum(mail.recipients for mail in count.lying if len(mail.labels) != 1 or mail.labels[0] not in ours)
    in_vain = seen is None and not budgets.looked_at(db, {mailbox.id: count.on})
    budgets.observe(db, mailbox.id, count.on, seen, count.at)
    return in_vain


def _ours(db: Connection, office: Office, mailbox: Mailbox, today: date) -> set[str]:
    """The labels of what we sent, or are to send, on that day; and of what was begun before midnight and came after."""
    names = messages.names(db, mailbox.id, today - timedelta(days=1), today)
    return {office.install.token(name) for name in names}
