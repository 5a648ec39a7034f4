"""Some days of the real daemon on the jumping clock: plan, write, send, record, find, open, answer, file.

Every opening message wants an answer and no answer wants another, so that messages come in pairs. Those that found no
time for their answer are charged to the exchanges as well: an exchange is counted when the answer was accepted.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

from warmup.config import Config, load
from warmup.daemon.clock import JumpClock
from warmup.daemon.log import Fact, Level
from warmup.daemon.loop import Factory
from warmup.daemon.run import jump
from warmup.daemon.trust import SERVICES, known
from warmup.model import Endpoint
from warmup.sandbox import Account
from warmup.secrets import Vault
from warmup.store import Store, mailboxes, messages

from .meter import Cost, metered
from .servers import Servers
from .tape import Tape, recorded
from .watch import Watch

BEGIN = datetime(2026, 3, 2, tzinfo=UTC)  # a Monday
_WEEK = ["mon", "tue", "wed", "thu", "fri"]
_SETTINGS = """
database = "sqlite:///warmup.db"
credentials = "credentials"
{authorities}
[curves.bench]
kind = "steps"
table = [[1, {volume}]]
[ramp]
curve = "bench"
jitter = 0
maintain_after = {days}
maintain = 1
[hours]
days = {week}
from = "09:00"
to = "{to}"
[pool]
gap = "1s"
inbound_cap = 1000
[replies]
rate = 1.0
max_turns = 2
read = "{read}"
think = "0s"
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How a pool lives: `people` of whom each writes `volume` a day until `to` on so many `days`, read when it has lain
    for `read`; and how many seconds there are from one look at the store to the next (0: a look at each instant at
    which one is due).
    """

    name: str
    says: str
    people: int
    days: int
    volume: int
    to: str
    read: str
    ring: int


MANNERS = (
    Manner(
        name="alone",
        says="eight hours a day, a look at every due instant: hardly anything is due together",
        people=10,
        days=4,
        volume=6,
        to="17:00",
        read="10m",
        ring=0,
    ),
    Manner(
        name="together",
        says="four minutes a day, a look every 15 s: as many are due at each as of 100,000 mailboxes in a second",
        people=100,
        days=2,
        volume=5,
        to="09:04",
        read="1m",
        ring=15,
    ),
)


class RingClock(JumpClock):
    """Stops at whole rings only, as the daemon looks when its bell rings and not when something falls due."""

    def __init__(self, start: datetime, ring: int) -> None:
        super().__init__(start)
        self._start = start
        self._ring = timedelta(seconds=ring)

    def jump(self, to: datetime) -> None:
        super().jump(self._start - (self._start - to) // self._ring * self._ring if self._ring else to)


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """What was lived, and what it cost the client and the servers."""

    exchanges: int
    messages: int
    opened: int
    filed: int
    cost: Cost  # without what the jumping clock asks of the store: a daemon that waits for its bells doesn't
    asking: float  # seconds of CPU of that
    servers: float  # seconds of CPU


@dataclass(frozen=True, slots=True)
class Watched:
    """A life of which is known where its cost went and what was said to servers; that itself costs some percent."""

    life: Life
    watch: Watch
    tape: Tape


def watched(folder: Path, manner: Manner, people: Sequence[Account], servers: Servers, loop: Factory) -> Watched:
    """As `live`, and told of."""
    clock = RingClock(BEGIN, manner.ring)
    with Watch() as watch, recorded(clock.now) as tape:
        return Watched(live(folder, manner, people, servers, loop, clock), watch, tape)


def live(
    folder: Path,
    manner: Manner,
    people: Sequence[Account],
    servers: Servers,
    loop: Factory,
    clock: RingClock | None = None,
) -> Life:
    """The days of sending and what follows from them, with a database in `folder`. Starting the daemon isn't in it."""
    file = folder / "warmup.toml"
    settings = {name: getattr(manner, name) for name in ("days", "volume", "to", "read")}
    settings["week"] = _WEEK[: manner.days + 1]  # on the last day hardly anything is sent, and the rest is read
    trusting = f'authorities = "{servers.authority}"' if servers.authority else ""
    file.write_text(_SETTINGS.format(authorities=trusting, **settings))
    config = load(file, {})
    passwords = {person.address: person.password for person in people}
    register(config, passwords, smtp=servers.smtp, imap=servers.imap)
    config.corpus.check()  # compiles all templates; this and the TLS context are made once in a process
    for service in SERVICES:
        known(config, service)
    clock = clock or RingClock(BEGIN, manner.ring)
    before = servers.cpu
    end = BEGIN + timedelta(days=manner.days + 2)  # on the day after it is put away
    costs: list[Cost] = []
    with ExitStack() as life, _asking() as asking, asyncio.Runner(loop_factory=loop) as runner:

        def tell(fact: Fact) -> None:
            no_trouble(fact)
            if fact.event == "started":
                costs.append(life.enter_context(metered()))

        runner.run(jump(config, clock, end, tell))
    (cost,) = costs
    cost.cpu -= asking.cpu
    used = servers.cpu - before
    with Store.open(config.database) as store:
        sent = [message for message in store.run(messages.recent, 10**6) if message.sent_at]
    return Life(
        exchanges=sum(message.answered_at is not None for message in sent),
        messages=len(sent),
        opened=sum(message.opened_at is not None for message in sent),
        filed=sum(message.filed_at is not None for message in sent),
        cost=cost,
        asking=asking.cpu,
        servers=used,
    )


@contextmanager
def _asking() -> Iterator[Cost]:
    """The CPU of looking when the next is due, at which nothing else runs."""
    cost, look = Cost(), Store.look

    async def metered_look(
        store: Store, found: int | None, work: Callable[..., Any], /, *args: Any, **kwargs: Any
    ) -> Any:
        if work is not messages.next_due:
            return await look(store, found, work, *args, **kwargs)
        before = time.process_time()
        try:
            return await look(store, found, work, *args, **kwargs)
        finally:
            cost.cpu += time.process_time() - before

    with patch.object(Store, "look", metered_look):
        yield cost


def register(config: Config, passwords: Mapping[str, str], *, smtp: Endpoint, imap: Endpoint) -> None:
    """A new database with mailboxes at these addresses."""
    vault = Vault(config.credentials)
    with Store.open(config.database, create=True, seed="bench") as store:
        for address, password in passwords.items():
            vault.put(address, password)
            name, _, provider = address.partition("@")
            store.run(
                mailboxes.add,
                address=address,
                name=name.capitalize(),
                zone="UTC",
                provider=provider,
                login=address,
                credential=address,
                smtp=smtp,
                imap=imap,
                curve=None,
                now=BEGIN,
            )


def no_trouble(fact: Fact) -> None:
    """Raises at anything worth a warning."""
    if fact.level <= Level.WARNING:
        raise RuntimeError(f"the daemon met trouble, so that this measures something else: {fact}")
