"""A siege: a pool on the embedded servers, lived by one daemon after the other, each of which is killed.

When all have been, everybody is held by the operator and one more daemon lives on until nothing is in the air; then
the two sides can be compared.

Owns: who is killed where and when, and reading both sides. Does not own: comparing them (`tests.crash.reckoning`).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from tests.daemon.world import MONDAY, PROVIDERS
from tests.daemon.world import Life as House
from warmup.daemon.office import trusted
from warmup.model import Cause, Message, Pause, Scope, Stage, chance
from warmup.sandbox import Accepted, Account, Change, Fault, Manner
from warmup.store import Connection, days, messages, pauses

from . import points
from .lives import Life, Time
from .power import Disk
from .reckoning import Memory
from .servers import Servers

ZONES = ("Europe/Berlin", "America/New_York", "Asia/Tokyo", "Asia/Kolkata", "Pacific/Auckland", "America/Los_Angeles")
PEOPLE = tuple(Account(f"person{number}@{PROVIDERS[number % 3]}", f"word-of-{number}") for number in range(8))
_JUNK = 0.3
_SETTINGS = "[replies]\nrate = 0.6\n"
_LIFE = timedelta(days=14)  # a life that isn't ended by then never passed its point
_REST = timedelta(days=8)  # an answer is waited for, and a message not found looked for, no longer than that
_DOWN = (timedelta(0), timedelta(seconds=20), timedelta(minutes=8), timedelta(hours=2))  # from a kill to the next life

# What the servers do besides in some lives, once each.
_FAULTS = (
    Fault(Stage.DOT, manner=Manner.LOST, times=1),
    Fault(Stage.DOT, manner=Manner.DROP, times=1),
    Fault(Stage.DOT, say="451 4.3.0 Temporary system problem, try again later", times=1),
    Fault(Stage.DOT, say="554 5.6.0 Message rejected", times=1),
    Fault(Stage.DATA, manner=Manner.DROP, times=1),
    Fault(Stage.RCPT, say="450 4.2.1 The mailbox is busy, try again later", times=1),
    Fault(Stage.RCPT, say="421 4.7.28 An unusual rate of email from your account has been detected", times=1),
    Fault(Stage.MAIL, manner=Manner.DROP, times=1),
    Fault(Stage.CONNECT, manner=Manner.DROP, times=1),
    Fault(Stage.LOGIN, say="BYE busy, try again later", times=1),
)
_FAULTY = 0.25  # of the lives


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """What is to be done: each of the named points `each` times, and `anywhere` from outside, in an order by `seed`.
    `planted` changes every daemon, for a reckoning that has something to find.
    """

    seed: str
    each: int
    anywhere: int
    named: Sequence[str] = points.NAMED
    planted: Callable[[], AbstractContextManager[Any]] = nullcontext
    power: bool = False  # it is the power that fails, not the process alone


@dataclass(frozen=True, slots=True)
class Death:
    """A life that was ended at a point; `node` is how it signed its claims."""

    point: str
    node: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Chronicle:
    """What there is to be compared at the end."""

    deaths: Sequence[Death]
    accepted: Sequence[Accepted]
    changes: Sequence[Change]
    memory: Memory


class Siege:
    """Run it once, in a process without threads."""

    def __init__(self, folder: Path, orders: Orders) -> None:
        self._orders = orders
        self._dice = chance("siege", orders.seed)
        self._time = Time(MONDAY)
        self._house = House(folder, _SETTINGS)
        self._disk = Disk(folder / "warmup.db", folder / "disk")
        self._ledger = folder / "ledger.jsonl"
        self._heard: dict[tuple[str, date], int] = {}
        self._deaths: list[Death] = []

    def run(self) -> Chronicle:
        """Raises AssertionError or RuntimeError if a daemon did what no daemon should, or couldn't be killed."""
        wanted = [point for point in self._orders.named for _ in range(self._orders.each)]
        wanted += [points.ANYWHERE] * self._orders.anywhere
        self._dice.shuffle(wanted)
        self._house.config.corpus.check()  # compiles all templates; this and the TLS context once for all lives
        trusted(self._house.config)
        with Servers(PEOPLE, self._time.now, self._ledger, _JUNK) as servers:
            for number, account in enumerate(PEOPLE):
                zone = ZONES[number % len(ZONES)]
                self._house.register(account.address, account.password, servers.smtp, servers.imap, zone)
            for number, point in enumerate(wanted, 1):
                servers.strike([self._dice.choice(_FAULTS)] if self._dice.random() < _FAULTY else [])
                self._die(servers, point)
                if number % 50 == 0:
                    print(f"{number} of {len(wanted)} killed, {self._time.now():%A %d %B}", file=sys.stderr, flush=True)
            servers.strike([])
            self._rest()
        return Chronicle(self._deaths, *read(self._ledger), self._memory())

    def _die(self, servers: Servers, point: str) -> None:
        """One life that ends at `point`, and some time without any."""
        passages = self._dice.randint(1, points.most(point))
        if self._orders.power:
            self._disk.call()
        with self._begun(partial(self._armed, point, passages)) as life:
            if point == points.ACCEPTED:
                servers.kill((life.pid, passages))
            node = self._listen(life, passages if point == points.ANYWHERE else None)
            if not life.killed():
                raise RuntimeError(f"in {_LIFE.days} days nothing came to be {point!r}")
        servers.kill(None)
        if self._orders.power:
            self._disk.fail()
        self._deaths.append(Death(point, node, self._time.now()))
        self._time.set(self._time.now() + self._dice.random() * self._dice.choice(_DOWN))

    def _rest(self) -> None:
        """Nobody writes any more, what is in the air comes down."""
        now = self._time.now()
        for mailbox in self._house.pool.values():
            held = Pause(scope=Scope.MAILBOX, mailbox=mailbox.id, cause=Cause.OPERATOR, since=now)
            self._house.ask(pauses.open_, held)
        with self._begun(self._orders.planted, until=now + _REST) as life:
            self._listen(life, None)
            assert not life.killed()

    @contextmanager
    def _armed(self, point: str, passages: int) -> Iterator[None]:
        with ExitStack() as changed:
            changed.enter_context(self._orders.planted())
            if self._orders.power:
                changed.enter_context(self._disk.watched())
            if point in points.INSIDE:
                changed.enter_context(points.INSIDE[point](points.Passages(passages)))
            yield

    def _begun(self, armed: Callable[[], AbstractContextManager[Any]], until: datetime | None = None) -> Life:
        return Life(self._house.config, self._time, until or self._time.now() + _LIFE, armed)

    def _listen(self, life: Life, lines: int | None) -> str:
        """Its log to the end, and who it was; killed after so many lines, while it goes on."""
        node = ""
        for number, fact in enumerate(life.facts(), 1):
            match fact["event"]:
                case "started":
                    node = fact["node"]
                case "planned":
                    self._heard[fact["mailbox"], date.fromisoformat(fact["day"])] = fact["slots"]
            if number == lines:
                life.kill()
        return node

    def _memory(self) -> Memory:
        pool = self._house.pool
        known, kept = self._house.ask(_everything, [mailbox.id for mailbox in pool.values()])
        heard = {(pool[address].id, day): slots for (address, day), slots in self._heard.items()}
        return Memory(pool=list(pool.values()), days=known, messages=kept, heard=heard, at=self._time.now())


def _everything(db: Connection, pool: Sequence[int]) -> tuple[list[Any], list[Message]]:
    """All days and all messages. A work of the store."""
    known = [day for mailbox in pool for day, _ in days.history(db, mailbox)]
    dates = sorted({day.local_date for day in known})
    return known, [message for on in dates for message in messages.planned(db, None, on)]


def read(ledger: Path) -> tuple[list[Accepted], list[Change]]:
    """What was accepted and what was changed, each in its order, as the file has it."""
    accepted, changes = [], []
    for line in ledger.read_text("utf-8").splitlines():
        told: dict[str, Any] = json.loads(line)
        told["at"] = datetime.fromisoformat(told["at"])
        if told["event"] == "accepted":
            del told["event"]
            accepted.append(Accepted(**told))
        else:
            changes.append(Change(**told))
    return accepted, changes
