"""The witness at the servers: with every message that they accept it asks the store how things stand at that moment.

Owns: what it saw and heard, and what was done from outside. Does not own: judging it (`tests.model.laws`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

from tests.crash.reckoning import Memory
from warmup.config import Config
from warmup.daemon.log import Fact
from warmup.model import Cause, Mailbox, Message, Pause, Scope, Stage
from warmup.plan import local_date
from warmup.sandbox import Accepted, Change
from warmup.store import Connection, Store, days, mailboxes, messages, pauses

from .laws import Chronicle, Sight, Told

_AFTER = timedelta(microseconds=1)


class Witness:
    """Sees what servers accept and hears what the daemon says."""

    def __init__(self, store: Store) -> None:
        self.undone: set[str] = set()  # as `Chronicle` has them
        self.unsteady: set[int] = set()
        self._store = store
        self._sights: list[Sight] = []
        self._told: dict[tuple[int, date], Told] = {}
        self._doubted: dict[str, int] = {}

    def see(self, entry: Accepted, host: str, config: Config) -> None:
        self._sights.append(self._store.run(_seen, entry, host, config))

    def hear(self, fact: Fact, mailbox: Mailbox, config: Config) -> None:
        """That a day of the mailbox is planned."""
        day, slots, allowance = (fact.fields[name] for name in ("day", "slots", "allowance"))
        assert isinstance(day, date)
        assert isinstance(slots, int)
        assert isinstance(allowance, int)
        whole = config.policy.hours.span(day, mailbox.zone)
        room = math.ceil(allowance * (whole.since(fact.at).length / whole.length)) if whole else 0
        self._told[mailbox.id, day] = Told(slots, room)

    def doubt(self, rows: Iterable[Message]) -> None:
        """What is uncertain now is never to be tried again."""
        for message in rows:
            if message.uncertain:
                self._doubted.setdefault(message.message_id, message.attempts)

    def chronicle(self, lived: datetime, changes: Sequence[Change], config: Config) -> Chronicle:
        """All that is known, of a daemon that has `lived` until then: what is due at that instant is for the next."""
        at = lived - _AFTER
        memory, held = self._store.run(_everything, at)
        self.doubt(memory.messages)
        return Chronicle(
            sights=self._sights,
            changes=changes,
            memory=memory,
            told=self._told,
            pauses=held,
            rules=config.rules,
            closed={
                *(mailbox.id for mailbox in memory.pool if mailbox.removed_at is not None),
                *(pause.mailbox for pause in held if pause.mailbox is not None and _shuts(pause, at)),
            },
            undone=self.undone,
            doubted=self._doubted,
            unsteady=self.unsteady,
        )


def _seen(db: Connection, entry: Accepted, host: str, config: Config) -> Sight:
    """How things stand when the server at `host` has accepted it. A work of the store."""
    everybody = {mailbox.address: mailbox for mailbox in mailboxes.every(db, removed=True)}
    sender, recipient = everybody[entry.sender], everybody[entry.recipient]
    today = local_date(entry.at, sender.zone)
    planned = messages.planned(db, sender.id, today)
    here = replace(sender, smtp=replace(sender.smtp, host=host), relays=())  # as if there were no other
    ramp = config.ramps[sender.curve or config.curve]
    return Sight(
        accepted=entry,
        message=messages.called(db, entry.message_id),
        gone=[mailbox.address for mailbox in (sender, recipient) if mailbox.removed_at is not None],
        day=days.get(db, sender.id, today),
        used=sum(message.data_at is not None and message.refused_at is None for message in planned),
        most=ramp.top,
        late=config.submission.late,
        held=[pause for pause in pauses.history(db) if pause.covers(entry.at, here, recipient)],
    )


def _everything(db: Connection, at: datetime) -> tuple[Memory, list[Pause]]:
    """A work of the store."""
    pool = mailboxes.every(db, removed=True)
    known = [day for mailbox in pool for day, _ in days.history(db, mailbox.id)]
    rows = [message for on in sorted({day.local_date for day in known}) for message in messages.planned(db, None, on)]
    return Memory(pool=pool, days=known, messages=rows, at=at), pauses.history(db)


def _shuts(pause: Pause, at: datetime) -> bool:
    """It holds visits as well: IMAP's own trouble, a sign-in that was refused, what waits for a person."""
    if pause.lifted_at is not None or (pause.until is not None and pause.until <= at):
        return False
    if pause.scope is Scope.ACCESS:
        return True
    signing_in = pause.response is not None and pause.response.stage in {Stage.AUTH, Stage.LOGIN}
    own = pause.scope is Scope.MAILBOX and pause.cause is not Cause.OPERATOR
    return own and (pause.until is None or signing_in)
