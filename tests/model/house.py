"""A house: a small pool on the embedded servers, a daemon that can be killed, a clock that can be set, and a witness.

The witness stands at the servers: with every message they accept it asks the store how things stand at that moment.

Owns: what can happen, as verbs; and the chronicle of what did. Does not own: what must not (`tests.model.laws`), in
which order things happen (`tests.model.machine`).
"""

from __future__ import annotations

import asyncio
import atexit
import math
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, Self, TypeVar
from unittest.mock import patch

from tests.crash.reckoning import Memory
from tests.daemon.test_aftermath import notice
from tests.daemon.world import NAMES, PROVIDERS, World
from warmup.config import Config, load
from warmup.daemon.clock import JumpClock
from warmup.daemon.log import Fact, Log
from warmup.daemon.office import Office
from warmup.daemon.run import Daemon
from warmup.daemon.systemd import Manager
from warmup.errors import StoreError
from warmup.model import Cause, Endpoint, Mailbox, Message, Pause, Scope, Stage
from warmup.plan import local_date
from warmup.sandbox import Accepted, Fault
from warmup.secrets import Vault
from warmup.store import Connection, Store, days, installs, mailboxes, messages, pauses
from warmup.throttle.report import Fate

from .laws import Broken, Chronicle, Sight, Told, broken

P = ParamSpec("P")
T = TypeVar("T")

ADDRESSES = tuple(f"{name}@{PROVIDERS[number % 3]}" for number, name in enumerate(NAMES))
_SETTINGS = """
[curves.gentle]
kind = "linear"
start = 1
step = 2
ceiling = 5
[curves.doubling]
kind = "exponential"
start = 1
factor = 2
ceiling = 8
[curves.even]
kind = "steps"
table = [[1, 2]]
[hours]
days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
from = "08:00"
to = "19:00"
[replies]
rate = 0.6
[mail]
flagged = 0.0
"""
_KILLED = "killed"
_HANG = 0.3  # seconds until a server that hangs in the middle of a message is given up
_SCRATCH = Path("/dev/shm")  # memory, where there is such a place
_AFTER = timedelta(microseconds=1)


class Mortal(Store):
    """A store whose process may be killed between two words with it: from then on it hears nothing any more.

    All houses of a process have the same one, which forgets: an engine's first use is most of what a life would cost.
    """

    words: int | None = None  # heard until then
    committed = False  # whether the last of them is
    blank: tuple[Path, bytes]  # the file, as it is without a mailbox

    @classmethod
    def made(cls, file: Path) -> Self:
        store = cls.open(str(file), create=True, seed="house")
        store._engine.dispose()
        store.blank = file, file.read_bytes()
        return store

    def forget(self) -> None:
        """All that it knows."""
        self._engine.dispose()  # closes the file
        file, octets = self.blank
        file.write_bytes(octets)

    async def do(self, work: Callable[Concatenate[Connection, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        if self.words is None:
            return await super().do(work, *args, **kwargs)
        if self.words > 0:
            self.words -= 1
            if self.words > 0:
                return await super().do(work, *args, **kwargs)
            if self.committed:
                await super().do(work, *args, **kwargs)
        raise StoreError(_KILLED)


class House(World):
    """Begin with `move_in`, end with `move_out`; the verbs between them let time go by or change how things are."""

    def __init__(self, start: datetime, zones: Sequence[str]) -> None:
        super().__init__(_folder(), size=len(zones), junk=0.2)
        self.config = _usual()
        self._set_clock(start)
        self._zones = zones
        self._runner = asyncio.Runner()
        self._sights: list[Sight] = []
        self._undone: set[str] = set()
        self._doubted: dict[str, int] = {}
        self._unsteady: set[int] = set()
        self._notices = 0
        self._kills = 0
        self._told: dict[tuple[int, date], Told] = {}
        self._lived = self.clock.now()

    # Moving in and out.

    def move_in(self) -> None:
        self.store = _store()
        self.store.forget()
        self._runner.run(self.servers.start())
        accept = self.servers.ledger.accept

        def witnessed(entry: Accepted) -> None:
            self._sights.append(self.store.run(_seen, entry, self.config))
            accept(entry)

        self._witness = patch.object(self.servers.ledger, "accept", witnessed)
        self._witness.start()
        for account, zone in zip(self.accounts, self._zones, strict=True):
            self.register(account.address, account.password, self.servers.smtp, self.servers.imap, zone)

    def move_out(self) -> None:
        self._witness.stop()
        self._runner.run(self.servers.stop())
        self._runner.close()

    def register(self, address: str, password: str, smtp: Endpoint, imap: Endpoint, zone: str = "UTC") -> None:
        Vault(self.config.credentials).put(address, password)
        name, _, domain = address.partition("@")
        mine = {"name": name.capitalize(), "zone": zone, "provider": domain, "login": address, "credential": address}
        asked: dict[str, Any] = {"address": address, **mine, "smtp": smtp, "imap": imap, "curve": None}
        self.ask(mailboxes.add, **asked, now=self.clock.now())

    def ask(self, work: Callable[Concatenate[Connection, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        return self.store.run(work, *args, **kwargs)

    # Time.

    def pass_(self, time: timedelta) -> None:
        """The daemon lives on; if it is to be killed and lives so long, it is, and another one begins at once."""
        until = self.clock.now() + time
        if not self._live(until):
            self._kills += 1
            self._doubt(self.messages)
            assert self._live(until), "it was to be killed once"
        self._lived = self.clock.now()
        assert not self.events("bug"), self.events("bug")[0].fields["traceback"]

    def _live(self, until: datetime) -> bool:
        """Until then; False if it was killed before."""
        try:
            self._runner.run(Daemon(self._office(), Manager({})).jump(self.clock, until))
        except StoreError as error:
            if str(error) != _KILLED:
                raise
            return False
        finally:
            self.store.words = None
        return True

    def kill(self, words: int, *, committed: bool) -> None:
        """The next life ends after so many words with the store; of the last one it hears no answer, and only if it is
        `committed` anything comes of it.
        """
        self.store.words, self.store.committed = words, committed

    def sleep(self, time: timedelta) -> None:
        """Nothing runs, as when the machine is off."""
        self._set_clock(self.clock.now() + time)

    def turn_back(self, time: timedelta) -> None:
        """The clock is set back."""
        self._set_clock(self.clock.now() - time)
        self._unsteady |= {mailbox.id for mailbox in self.pool.values()}

    # The servers.

    def strike(self, fault: Fault, after: timedelta) -> None:
        """From then on a server is in trouble, until it has been as often as the fault says."""
        fault = replace(fault, since=self.clock.now() + after)
        self.servers.faults.struck[fault] = 0
        self.servers.faults.script.append(fault)

    def tell(self, number: int, said: str, fate: Fate, *, swallow: bool, stranger: bool = False) -> bool:
        """A notification comes into the sender's inbox, about one of the messages that were accepted, which may also be
        taken away from where it lies; or about what a `stranger` sent. False if nothing was accepted so far.
        """
        sent = [message for message in self.messages if message.sent_at]
        if not sent:
            return False
        message = sent[number % len(sent)]
        addresses = {mailbox.id: address for address, mailbox in self.pool.items()}
        if swallow:
            self._take_away(addresses[message.recipient], message)
        raw = notice(self, replace(message, id=self._notices), said, fate)
        self._notices += 1
        if stranger:
            raw = raw.replace(message.message_id.encode(), b"<their.own@elsewhere.test>")
        elif fate is Fate.FAILED:
            self._undone.add(message.message_id)
        self.servers.box(addresses[message.sender])["INBOX"].add(raw, self.clock.now())
        return True

    def _take_away(self, address: str, message: Message) -> None:
        self._undone.add(message.message_id)
        for folder in self.servers.box(address).folders.values():
            folder.remove([mail for mail in folder.mails.values() if mail.message_id == message.message_id])

    # The operator.

    def hold(self, who: int, whom: int, scope: Scope, time: timedelta | None) -> None:
        one, other, now = self._member(who), self._member(whom), self.clock.now()
        pause = Pause(
            scope=scope,
            mailbox=one.id if scope in {Scope.MAILBOX, Scope.LANE} else None,
            provider=other.provider if scope is Scope.LANE else None,
            recipient=other.id if scope is Scope.RECIPIENT else None,
            domain=one.domain if scope is Scope.DOMAIN else None,
            host=one.smtp.host if scope is Scope.HOST else None,
            cause=Cause.OPERATOR,
            since=now,
            until=None if time is None else now + time,
        )
        self.ask(pauses.open_, pause)

    def resume(self, number: int) -> bool:
        """False if nothing is held."""
        active = self.ask(pauses.active, self.clock.now())
        if active:
            self.ask(pauses.lift, self.clock.now(), id=active[number % len(active)].id)
        return bool(active)

    def change(self, who: int, **fields: Any) -> None:
        mailbox = self._member(who)
        if "zone" in fields:
            self._unsteady.add(mailbox.id)
        self.ask(mailboxes.change, mailbox.id, **fields)

    def remove(self, who: int) -> None:
        self.ask(mailboxes.remove, self._member(who).id, self.clock.now())

    def add_again(self, who: int) -> bool:
        """False if it is in the pool."""
        mailbox = self._member(who)
        if mailbox.removed_at is None:
            return False
        self.register(mailbox.address, f"word-of-{mailbox.name.lower()}", mailbox.smtp, mailbox.imap, mailbox.zone)
        return True

    def reload(self, **settings: Any) -> None:
        """`curve`, `cap`, `late`, `hours` and `rate`, as the daemon would read them anew."""
        self.config = changed(self.config, **settings)

    # Judging.

    def check(self) -> None:
        """Raises AssertionError with every law that is broken."""
        found = broken(self.chronicle())
        assert not found, "\n".join(dict.fromkeys(map(str, found)))

    def found(self) -> list[Broken]:
        return broken(self.chronicle())

    def count(self) -> dict[str, int]:
        """How much of what happened."""
        events = Counter(fact.event for fact in self.facts)
        return {
            "accepted": len(self.servers.ledger.accepted),
            "pauses": len(self.pauses),
            "faults": sum(self.servers.faults.struck.values()),
            "kills": self._kills,
            **{name: events[name] for name in ("planned", "dropped", "uncertain", "settled", "bounced", "missing")},
        }

    def chronicle(self) -> Chronicle:
        at = self._lived - _AFTER  # what is due at the last instant of a life is done by the next one
        pool, known, rows, held, closed = self.ask(_everything, at)
        self._doubt(rows)
        return Chronicle(
            sights=self._sights,
            changes=self.servers.ledger.changes,
            told=self._told,
            memory=Memory(pool=pool, days=known, messages=rows, at=at),
            pauses=held,
            rules=self.config.rules,
            closed=closed,
            undone=self._undone,
            doubted=self._doubted,
            unsteady=self._unsteady,
        )

    def _doubt(self, rows: Sequence[Message]) -> None:
        for message in rows:
            if message.uncertain:
                self._doubted.setdefault(message.message_id, message.attempts)

    # Means.

    def _office(self) -> Office:
        return Office(
            store=self.store,
            vault=Vault(self.config.credentials),
            config=self.config,
            install=self.ask(installs.get),
            clock=self.clock,
            log=Log(self.clock, self._hear),
            node="house",
        )

    def _hear(self, fact: Fact) -> None:
        self.facts.append(fact)
        if fact.event == "planned":
            mailbox, day = self.pool[str(fact.fields["mailbox"])], fact.fields["day"]
            slots, allowance = fact.fields["slots"], fact.fields["allowance"]
            assert isinstance(day, date)
            assert isinstance(slots, int)
            assert isinstance(allowance, int)
            self._told[mailbox.id, day] = Told(slots, self._room(mailbox, day, allowance))

    def _room(self, mailbox: Mailbox, day: date, allowance: int) -> int:
        """The share of an allowance for what is left of a day."""
        whole = self.config.policy.hours.span(day, mailbox.zone)
        return math.ceil(allowance * (whole.since(self.clock.now()).length / whole.length)) if whole else 0

    def _member(self, number: int) -> Mailbox:
        pool = self.pool
        return pool[ADDRESSES[number % len(pool)]]

    def _set_clock(self, at: datetime) -> None:
        self.clock._now = at.astimezone(UTC)


def changed(
    config: Config,
    *,
    curve: str | None = None,
    cap: int | None = None,
    late: timedelta | None = None,
    days: frozenset[int] | None = None,
    rate: float | None = None,
) -> Config:
    """The configuration with other settings; None leaves what was, but a cap."""
    policy = config.policy
    hours = policy.hours if days is None else replace(policy.hours, days=days)
    return replace(
        config,
        curve=curve or config.curve,
        ramps={name: replace(ramp, cap=cap) for name, ramp in config.ramps.items()},
        policy=replace(policy, hours=hours, rate=policy.rate if rate is None else rate),
        submission=config.submission if late is None else replace(config.submission, late=late),
    )


def _seen(db: Connection, entry: Accepted, config: Config) -> Sight:
    """How things stand when a server has accepted it. A work of the store."""
    everybody = {mailbox.address: mailbox for mailbox in mailboxes.every(db, removed=True)}
    sender, recipient = everybody[entry.sender], everybody[entry.recipient]
    today = local_date(entry.at, sender.zone)
    planned = messages.planned(db, sender.id, today)
    ramp = config.ramps[sender.curve or config.curve]
    return Sight(
        accepted=entry,
        message=messages.called(db, entry.message_id),
        gone=[mailbox.address for mailbox in (sender, recipient) if mailbox.removed_at is not None],
        day=days.get(db, sender.id, today),
        used=sum(message.data_at is not None and message.refused_at is None for message in planned),
        most=ramp.top,
        late=config.submission.late,
        held=[pause for pause in pauses.history(db) if pause.covers(entry.at, sender, recipient)],
    )


def _everything(
    db: Connection, at: datetime
) -> tuple[list[Mailbox], list[Any], list[Message], list[Pause], frozenset[int]]:
    """The whole memory, and who mayn't be looked into at that instant. A work of the store."""
    pool = mailboxes.every(db, removed=True)
    known = [day for mailbox in pool for day, _ in days.history(db, mailbox.id)]
    dates = sorted({day.local_date for day in known})
    rows = [message for on in dates for message in messages.planned(db, None, on)]
    held = pauses.history(db)
    shut = {p.mailbox for p in held if p.lifted_at is None and (p.until is None or p.until > at) and _shuts(p)}
    gone = {mailbox.id for mailbox in pool if mailbox.removed_at is not None}
    return pool, known, rows, held, frozenset(gone | {number for number in shut if number is not None})


def _shuts(pause: Pause) -> bool:
    """It holds visits as well: IMAP's own trouble, a sign-in that was refused, what waits for a person."""
    if pause.scope is Scope.ACCESS:
        return True
    signing_in = pause.response is not None and pause.response.stage in {Stage.AUTH, Stage.LOGIN}
    own = pause.scope is Scope.MAILBOX and pause.cause is not Cause.OPERATOR
    return own and (pause.until is None or signing_in)


@cache
def _usual() -> Config:
    """The configuration all houses begin with, and its templates, which are compiled once."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "warmup.toml"
        file.write_text('[ramp]\ncurve = "gentle"\njitter = 0.3\n' + _SETTINGS)
        config = load(file, {})
    config.corpus.check()
    submission = replace(config.submission, connect=2.0, command=2.0, data=_HANG, dot=_HANG)
    reading = replace(config.reading, connect=2.0, command=2.0)
    # Who is killed leaves nothing to wait for.
    service = replace(config.service, stop_within=timedelta())
    return replace(config, submission=submission, reading=reading, service=service, credentials=_folder() / "keys")


@cache
def _folder() -> Path:
    """Where the houses of this process are."""
    folder = tempfile.mkdtemp(prefix="warmup-model-", dir=_SCRATCH if _SCRATCH.is_dir() else None)
    atexit.register(shutil.rmtree, folder)
    return Path(folder)


@cache
def _store() -> Mortal:
    store = Mortal.made(_folder() / "warmup.db")
    atexit.register(store.close)  # before its folder is removed
    return store


__all__ = ["ADDRESSES", "House", "JumpClock", "changed"]
