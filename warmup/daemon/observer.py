"""Observing: what a mailbox's owner sends by other programs eats the day's allowance.

A visit counts what lies in Sent and isn't ours, unless that was done just now. We can't know when somebody sends, so
this is the one thing that is looked after by the clock: before the first message of a day, and every few hours while
more are to go. What is sent between two looks counts from the second one.

Owns: when to look, and telling ours from others'. Does not own: reading Sent (`warmup.imap.posted`), the sums
(`warmup.store.budgets`).
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from warmup.errors import AccessRefused
from warmup.imap import Access
from warmup.model import Mailbox
from warmup.plan import local_date
from warmup.store import Connection, Shards, budgets, mailboxes, messages, shard

from .office import Office

_AHEAD = timedelta(minutes=30)  # of what is to go: a look that has to wait for its turn isn't late
_ENOUGH = timedelta(minutes=30)  # a guess: a visit so soon after a look doesn't look again
_EVERY = timedelta(hours=4)  # a guess: most visits come for other reasons, and more often


def due(db: Connection, now: datetime, shards: Shards | None = None) -> dict[int, Mailbox]:
    """Whose Sent folder is to be counted, by number; with `shards`, of those alone. A work of the store."""
    waiting = budgets.unobserved(db, now=now, soon=now + _AHEAD, since=now - _EVERY)
    if shards is not None:
        waiting = {(number, on) for number, on in waiting if shard(number) in shards}
    known = mailboxes.some(db, {number for number, _ in waiting})
    # What is due after midnight is looked for then: until then a look would be one at another day.
    return {number: known[number] for number, on in sorted(waiting) if local_date(now, known[number].zone) == on}


async def observe(office: Office, mailbox: Mailbox, access: Access) -> None:
    """Count what others have sent on the mailbox's local day."""
    now = office.clock.now()
    today = local_date(now, mailbox.zone)
    last = await office.store.do(budgets.looked_at, mailbox.id, today)
    if last is not None and now - last < _ENOUGH:
        return
    midnight = datetime.combine(today, time(0), ZoneInfo(mailbox.zone)).astimezone(UTC)
    why, lying = "there is no Sent folder", None
    try:
        lying = await access.sent_since(midnight, label=office.config.label)
    except AccessRefused as refused:
        why = str(refused)
    seen = None
    if lying is not None:
        # Asked after the look, so that what lies there, and is ours, is known.
        ours = await office.store.do(_ours, office, mailbox, today)
        # By the label alone: some servers replace the Message-ID.
        seen = sum(mail.recipients for mail in lying if len(mail.labels) != 1 or mail.labels[0] not in ours)
    if await office.store.do(budgets.observe, mailbox.id, today, seen, now) and seen is None:
        office.log.uncounted(mailbox.address, why)


def _ours(db: Connection, office: Office, mailbox: Mailbox, today: date) -> set[str]:
    """The labels of what we sent, or are to send, on that day; and of what was begun before midnight and came after."""
    days = today - timedelta(days=1), today
    return {office.install.token(slot.message_id) for on in days for slot in messages.planned(db, mailbox.id, on)}
