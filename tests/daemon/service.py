"""The service as `warmup run` has it, in the test's own loop: rung by the system's clock, on a clock that stands still
until the test moves it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta

from warmup.daemon.log import Fact
from warmup.daemon.run import Daemon, opened
from warmup.daemon.systemd import Manager
from warmup.model import Day, Slot
from warmup.plan import local_date
from warmup.store import days

from .world import MONDAY, World

NOON = MONDAY + timedelta(hours=11)  # in the zone of the world's mailboxes
ALLOWANCE = 50
_RING = 0.05  # seconds
_PATIENCE = 30  # seconds, for a busy machine


def due(world: World, senders: Sequence[str], *at: datetime, to: str | None = None) -> None:
    """At each of these times of one day a message of each sender, to the next of the pool or to somebody; nothing else
    that day, since it comes before the daemon's own planning.
    """
    pool = list(world.pool.values())
    today = local_date(at[0], pool[0].zone)
    number = {mailbox.address: position for position, mailbox in enumerate(pool)}
    slots = [
        Slot(
            message_id=f"<{when:%d%H%M}.{sender}>",
            sender=pool[number[sender]].id,
            recipient=world.pool[to].id if to else pool[(number[sender] + 1) % len(pool)].id,
            local_date=today,
            due_at=when,
            thread=f"{when} {sender}",
            scenario=world.config.policy.scenarios["en"][0][0],
            turn=1,
            parent=None,
            answer_wanted=False,
        )
        for sender in senders
        for when in at
    ]
    planned = [
        Day(
            mailbox=mailbox.id,
            local_date=today,
            age=5,
            curve="brisk",
            volume=ALLOWANCE,
            allowance=ALLOWANCE,
            planned_at=at[0],
        )
        for mailbox in pool
    ]
    world.ask(days.record, planned, slots)


class Service:
    """A daemon at work; its facts are the world's, and told to somebody else as well."""

    def __init__(self, world: World, tell: Callable[[Fact], None]) -> None:
        self._world = world
        self._also = tell
        self._heard = asyncio.Event()
        self.life: asyncio.Task[None] | None = None

    def tell(self, fact: Fact) -> None:
        self._world.facts.append(fact)
        self._also(fact)
        self._heard.set()

    async def hears(self, event: str, times: int = 1) -> None:
        """Returns when the log has told a fact of that kind so many times, or the daemon has ended."""
        assert self.life is not None
        async with asyncio.timeout(_PATIENCE):
            while len(self._world.events(event)) < times and not self.life.done():
                self._heard.clear()
                fact = asyncio.ensure_future(self._heard.wait())
                await asyncio.wait((fact, self.life), return_when=asyncio.FIRST_COMPLETED)
                fact.cancel()

    async def ends(self) -> None:
        """Returns when the daemon has ended by itself."""
        assert self.life is not None
        await asyncio.wait((self.life,), timeout=_PATIENCE)
        assert self.life.done()


@asynccontextmanager
async def serving(world: World, tell: Callable[[Fact], None] = lambda _: None) -> AsyncIterator[Service]:
    """The daemon, from now until the end of the block; raises what it ended with."""
    rings = replace(world.config.service, planner=_RING, reader=_RING, sender=_RING, stop_within=timedelta(seconds=1))
    config, service = replace(world.config, service=rings), Service(world, tell)
    with opened(config, world.clock, service.tell, {}) as office:
        daemon = Daemon(office, Manager({}))
        service.life = asyncio.ensure_future(daemon.serve(lambda: config))
        try:
            yield service
        finally:
            daemon.stop()
            await asyncio.wait((service.life,))
        service.life.result()
