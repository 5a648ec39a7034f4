"""A small pool to write among, and short ways to bring a message to where a test begins."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from sqlalchemy import Connection, insert, select

from warmup.model import (
    Cause,
    Day,
    Endpoint,
    Mailbox,
    Message,
    Pause,
    Placement,
    Response,
    Scope,
    Security,
    Slot,
    Stage,
)
from warmup.store import Store, days, mailboxes, messages
from warmup.store.rows import from_slot, to_message
from warmup.store.tables import message as table

TODAY = date(2026, 3, 2)
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
LATE = HOUR  # what is due longer ago is missed
OK = Response(Stage.DOT, 250, "2.0.0", "queued as 1")
BUSY = Response(Stage.RCPT, 451, "4.7.1", "greylisted")
NO = Response(Stage.RCPT, 550, "5.1.1", "no such user")
SMTP = Endpoint("127.0.0.1", 2525, Security.PLAIN)
IMAP = Endpoint("127.0.0.1", 1143, Security.PLAIN)


class Pool:
    def __init__(self, store: Store) -> None:
        self.store = store
        self._number = 0
        self.ann = self.mailbox("ann@one.test")
        self.bob = self.mailbox("bob@one.test")
        self.cid = self.mailbox("cid@two.test")
        self.plan(self.ann, 3)

    def mailbox(self, address: str) -> Mailbox:
        local, _, domain = address.partition("@")
        return self.store.run(
            mailboxes.add,
            address=address,
            name=local.title(),
            zone="UTC",
            provider=domain,
            login=address,
            credential=address,
            smtp=SMTP,
            imap=IMAP,
            curve=None,
            now=NOON - DAY,
        )

    @property
    def everybody(self) -> tuple[int, int, int]:
        return self.ann.id, self.bob.id, self.cid.id

    def plan(self, mailbox: Mailbox, allowance: int, on: date = TODAY) -> None:
        """The mailbox's day, without slots."""
        assert self.store.run(days.record, [self.day(mailbox, allowance, on)], []) == 1

    def day(self, mailbox: Mailbox, allowance: int, on: date = TODAY) -> Day:
        return Day(
            mailbox=mailbox.id,
            local_date=on,
            age=0,
            curve="gentle",
            volume=allowance,
            allowance=allowance,
            planned_at=NOON - HOUR,
        )

    def slot(
        self,
        sender: Mailbox,
        recipient: Mailbox,
        due_at: datetime = NOON,
        *,
        on: date = TODAY,
        answers: Slot | None = None,
        wanted: bool = False,
    ) -> Slot:
        """A value; not yet in the store."""
        self._number += 1
        return Slot(
            message_id=f"<{self._number}@{sender.domain}>",
            sender=sender.id,
            recipient=recipient.id,
            local_date=on,
            due_at=due_at,
            thread=answers.thread if answers else f"thread {self._number}",
            scenario="lunch",
            turn=answers.turn + 1 if answers else 1,
            parent=answers.message_id if answers else None,
            answer_wanted=wanted,
        )

    def planned(
        self,
        sender: Mailbox,
        recipient: Mailbox,
        due_at: datetime = NOON,
        *,
        on: date = TODAY,
        answers: Slot | None = None,
        wanted: bool = False,
    ) -> Message:
        """A slot in the store, whether or not the sender's day was there before."""
        slot = self.slot(sender, recipient, due_at, on=on, answers=answers, wanted=wanted)
        self.store.run(_insert, slot)
        return self.read(slot.message_id)

    def claim(
        self,
        mailbox: Mailbox,
        now: datetime = NOON,
        *,
        owner: str = "node",
        today: date = TODAY,
        apart: timedelta | None = None,
    ) -> Message | None:
        return self.store.run(
            messages.claim, mailbox=mailbox.id, now=now, today=today, owner=owner, late=LATE, apart=apart
        ).message

    def claimed(self, sender: Mailbox, recipient: Mailbox, now: datetime = NOON, *, wanted: bool = False) -> Message:
        planned = self.planned(sender, recipient, now, wanted=wanted)
        claimed = self.claim(sender, now)
        assert claimed is not None
        assert claimed.id == planned.id
        return claimed

    def begun(self, sender: Mailbox, recipient: Mailbox, now: datetime = NOON, *, wanted: bool = False) -> Message:
        """DATA was said: uncertain, until something else is known."""
        message = self.claimed(sender, recipient, now, wanted=wanted)
        assert self.store.run(messages.data_begins, message.id, now, owner="node")
        return self.again(message)

    def sent(self, sender: Mailbox, recipient: Mailbox, now: datetime = NOON, *, wanted: bool = False) -> Message:
        message = self.begun(sender, recipient, now, wanted=wanted)
        assert self.store.run(messages.accepted, message.id, now, OK, visit_at=now + HOUR)
        return self.again(message)

    def opened(self, sender: Mailbox, recipient: Mailbox, now: datetime = NOON, *, wanted: bool = False) -> Message:
        message = self.sent(sender, recipient, now, wanted=wanted)
        self.store.run(
            messages.stamp, message.id, found_at=now, placement=Placement.INBOX, folder="INBOX", opened_at=now
        )
        return self.again(message)

    def again(self, message: Message) -> Message:
        """The message as it is now."""
        return self.read(message.message_id)

    def read(self, message_id: str) -> Message:
        return self.store.run(_read, message_id)

    def reason(self, message: Message) -> str | None:
        """Why it was dropped; it must have been."""
        now = self.again(message)
        assert now.dropped_at is not None
        return now.reason


def pause(mailbox: Mailbox, *, provider: str | None = None, until: datetime | None = None, rule: str = "") -> Pause:
    return Pause(
        scope=Scope.LANE if provider else Scope.MAILBOX,
        mailbox=mailbox.id,
        provider=provider,
        cause=Cause.VERDICT,
        since=NOON - MINUTE,
        until=until,
        rule=rule,
    )


def _insert(db: Connection, slot: Slot) -> None:
    db.execute(insert(table).values(**from_slot(slot)))


def _read(db: Connection, message_id: str) -> Message:
    return to_message(db.execute(select(table).where(table.c.message_id == message_id)).one())
