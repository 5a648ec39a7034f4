"""A pool whose mail arrives where a test says: rows as the daemon leaves them, and nothing is really sent."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from sqlalchemy import Connection, insert

from warmup.daemon.postmaster import Postmaster
from warmup.daemon.run import opened
from warmup.model import Day, Endpoint, Mailbox, Pause, Placement, Response, Security, Slot, Stage, digest
from warmup.plan import local_date
from warmup.store import days
from warmup.store.rows import from_response, from_slot
from warmup.store.tables import message

from .world import Life

ADDRESSES = ("ann@north.test", "ben@east.test", "cleo@south.test")
NOWHERE = Endpoint("127.0.0.1", 9, Security.PLAIN)
OK = Response(Stage.DOT, 250, "2.0.0", "queued")


class Fortune:
    """Ann, Ben and Cleo at three providers, at ten o'clock on a Monday."""

    def __init__(self, folder: Path, settings: str = "") -> None:
        self.life = Life(folder, settings)
        for address in ADDRESSES:
            self.life.register(address, "x", NOWHERE, NOWHERE)
        self.ann, self.ben, self.cleo = (self.life.pool[address] for address in ADDRESSES)
        self.pass_(timedelta(hours=10))

    def pass_(self, time: timedelta) -> None:
        self.life.clock.jump(self.life.clock.now() + time)

    def arrives(self, number: int, placement: Placement | None, to: Mailbox) -> None:
        """So many messages of Ann's, who may send 1000 a day, sent and found just now; or, None, missing."""
        self.life.ask(self._arrive, number, placement, to)

    def _arrive(self, db: Connection, number: int, placement: Placement | None, to: Mailbox) -> None:
        now = self.life.clock.now()
        today = local_date(now, self.ann.zone)
        planned = Day(
            mailbox=self.ann.id,
            local_date=today,
            age=9,
            curve="brisk",
            volume=20,
            allowance=1000,
            planned_at=now,
        )
        days.record(db, [planned], [])
        sent = {"claimed_at": now, "claimed_by": "node", "data_at": now, "sent_at": now} | from_response(OK)
        seen = {"found_at": now, "placement": placement, "folder": placement} if placement else {"missing_at": now}
        for one in range(number):
            key = digest(now, to.address, placement, one)
            slot = Slot(
                message_id=f"<{key}@north.test>",
                sender=self.ann.id,
                recipient=to.id,
                local_date=today,
                due_at=now,
                thread=key,
                scenario="lunch",
                turn=1,
                parent=None,
                answer_wanted=False,
            )
            db.execute(insert(message).values(**from_slot(slot), **sent, **seen))

    async def looks(self, *, later: timedelta = timedelta(minutes=1)) -> list[Pause]:
        """The postmaster looks, as after a start; the pauses there ever were."""
        self.pass_(later)
        with opened(self.life.config, self.life.clock, self.life.facts.append, {}) as office:
            await Postmaster(office).tick()
        return self.life.pauses

    @property
    def told(self) -> list[tuple[str, object]]:
        """What was, and of which lane."""
        return [(fact.event, fact.fields.get("lane")) for fact in self.life.facts]
