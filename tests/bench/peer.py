"""The daemon beside a script of smtplib and imaplib: the same exchanges between the same mailboxes on the same servers.

A message and its answer are one exchange, and both are looked for, read and marked. The daemon lives its day on a
clock that jumps from ring to ring, so both are as fast as they can be. It is measured twice: with all that it does
unless told otherwise, of which the script does nothing (a copy of each message in Sent, looks into Sent for the
owner's own mail and into the inbox for what came back, each message put away at last), and with as little of that as
can be set: looks for what came back, when it visits an inbox anyway. In both it plans, checks the allowance and every
hold when a message goes, and has it on the disk before and after.

The servers' time to deliver is part of everybody's wall clock, and part of nobody's CPU.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from pkgutil import resolve_name
from time import thread_time
from unittest.mock import patch

from warmup.config import load
from warmup.daemon.run import jump
from warmup.daemon.trust import SERVICES, known
from warmup.store import Store, mailboxes, messages

from .life import BEGIN, RingClock, no_trouble, register
from .meter import metered, spread
from .real import Ends, ends
from .script import Script

_PEOPLE = 24
_RING = 60  # seconds of the day between two looks: about as many rounds as the script's
_SETTINGS = """
database = "sqlite:///warmup.db"
credentials = "credentials"
{authorities}
[curves.bench]
kind = "steps"
table = [[1, 12]]
[ramp]
curve = "bench"
jitter = 0
[hours]
days = ["mon"]
from = "09:00"
to = "09:20"
[pool]
gap = "1s"
inbound_cap = 1000
[replies]
rate = 1.0
max_turns = 2
read = "1m"
think = "0s"
"""
_LEAST = """
[mail]
sent_copy = false
count_sent = false
unread = 0.0
flagged = 0.0
asks = ["7d"]
file_after = "365d"
"""
# The script's ways: how many mailboxes are served at once; whether what one has to send in a round shares a connection.
_SCRIPTS: Mapping[str, tuple[int, bool]] = {
    "script: one by one": (1, False),
    "script: 10 threads": (10, False),
    "script: 10, kept": (10, True),
}
_WIDTH = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What some exchanges took. CPU and `wall` are seconds; `submissions` and `visits` connections."""

    exchanges: int
    messages: int
    read: int
    wall: float
    cpu: float
    servers: float
    submissions: int
    visits: int


@dataclass(frozen=True, slots=True)
class Run:
    """One time all of it, each on servers of its own."""

    name: str  # the servers'
    figures: Mapping[str, Figures]


def measure(*, repeat: int, as_json: bool) -> None:
    """Prints what `repeat` runs came to."""
    runs = []
    for number in range(1, repeat + 1):
        print(f"run {number} of {repeat} …", file=sys.stderr, flush=True)
        runs.append(run())
    values = [{name: asdict(figures) for name, figures in run.figures.items()} for run in runs]
    print(json.dumps(values, indent=2) if as_json else _table(runs))


def run() -> Run:
    """The daemon's two lives, then the script's ways, each with the exchanges that came about in the first life."""
    figures: dict[str, Figures] = {}
    letters: Mapping[str, Sequence[str]] = {}
    for name, more in (("daemon: the least", _LEAST), ("daemon: all of it", "")):
        with ends(_PEOPLE) as servers, tempfile.TemporaryDirectory(prefix="warmup-bench-") as folder:
            figures[name], exchanged = _live(Path(folder), servers, more)
            letters = letters or exchanged
    for name, (threads, kept) in _SCRIPTS.items():
        with ends(_PEOPLE) as servers:
            figures[name] = _loop(servers, letters, threads=threads, kept=kept)
    return Run(servers.name, figures)


class _Settled:
    """Waits until what was sent has been delivered, and knows the CPU that this took, which is nobody's."""

    def __init__(self, settle: Callable[[], None]) -> None:
        self.cpu = 0.0
        self._settle = settle

    def __call__(self) -> None:
        before = thread_time()
        self._settle()
        self.cpu += thread_time() - before


class _Clock(RingClock):
    """Goes on when the mail of the last ring has been delivered, which takes part of a second and not of a minute."""

    def __init__(self, settle: Callable[[], None]) -> None:
        super().__init__(BEGIN, _RING)
        self._settle = settle

    def jump(self, to: datetime) -> None:
        self._settle()
        super().jump(to)


def _live(folder: Path, servers: Ends, more: str) -> tuple[Figures, Mapping[str, Sequence[str]]]:
    """What a day came to, and who wrote to whom and was answered."""
    file = folder / "warmup.toml"
    trusting = f'authorities = "{servers.authority}"' if servers.authority else ""
    file.write_text(_SETTINGS.format(authorities=trusting) + more)
    config = load(file, {})
    passwords = {person.address: person.password for person in servers.people}
    register(config, passwords, smtp=servers.smtp, imap=servers.imap)
    config.corpus.check()  # compiles all templates; this and the TLS context are made once in a process
    for service in SERVICES:
        known(config, service)
    settled = _Settled(servers.settle)
    until = BEGIN + timedelta(days=1 if more else 3)  # by then all has been read, and put away
    with _counted("sender.dial") as dialled, _counted("reader.sign_in") as signed_in:
        before = servers.cpu()
        with metered() as cost:
            asyncio.run(jump(config, _Clock(settled), until, no_trouble))
        used = servers.cpu() - before
    with Store.open(config.database) as store:
        address = {mailbox.id: mailbox.address for mailbox in store.run(mailboxes.every)}
        sent = [message for message in store.run(messages.recent, 10**6) if message.sent_at]
    answered = [message for message in sent if message.answered_at]
    letters = defaultdict[str, list[str]](list)
    for message in sorted(answered, key=lambda message: message.due_at):
        letters[address[message.sender]].append(address[message.recipient])
    return Figures(
        exchanges=len(answered),
        messages=len(sent),
        read=sum(message.opened_at is not None for message in sent),
        wall=cost.wall,
        cpu=cost.cpu - settled.cpu,
        servers=used,
        submissions=len(dialled),
        visits=len(signed_in),
    ), letters


@contextmanager
def _counted(name: str) -> Iterator[list[None]]:
    """As many as the daemon's connections of a kind."""
    calls: list[None] = []
    call = resolve_name(f"warmup.daemon.{name}")

    def counted(*args: object, **kwargs: object) -> object:
        calls.append(None)
        return call(*args, **kwargs)

    with patch(f"warmup.daemon.{name}", counted):
        yield calls


def _loop(servers: Ends, letters: Mapping[str, Sequence[str]], *, threads: int, kept: bool) -> Figures:
    passwords = {person.address: person.password for person in servers.people}
    script = Script(servers.smtp, servers.imap, servers.tls, passwords, threads=threads, kept=kept)
    settled = _Settled(servers.settle)
    before = servers.cpu()
    with metered() as cost:
        script.run(letters, settled)
    tally = script.tally
    wanted = sum(map(len, letters.values()))
    if (tally.answered, tally.read) != (wanted, 2 * wanted):
        raise RuntimeError(
            f"of {wanted} exchanges the script answered {tally.answered}, and read {tally.read} messages"
        )
    return Figures(
        exchanges=tally.answered,
        messages=tally.sent,
        read=tally.read,
        wall=cost.wall,
        cpu=cost.cpu - settled.cpu,
        servers=servers.cpu() - before,
        submissions=tally.submissions,
        visits=tally.visits,
    )


def _table(runs: Sequence[Run]) -> str:
    """Each way is a column; below, as ratios to the first."""
    names = list(runs[0].figures)
    first = names[0]

    def row(told: str, figure: Callable[[Figures], float], digits: int = 1) -> str:
        return _line(told, *(spread([figure(run.figures[name]) for run in runs], digits) for name in names))

    def ratio(told: str, figure: Callable[[Figures], float]) -> str:
        columns = ([figure(run.figures[name]) / figure(run.figures[first]) for run in runs] for name in names)
        return _line(told, *(spread(column, 2) for column in columns))

    return "\n".join(
        (
            f"{_PEOPLE} mailboxes on {runs[0].name}",
            _line("", *names),
            row("exchanges", lambda of: of.exchanges, 0),
            row("messages sent", lambda of: of.messages, 0),
            row("messages read", lambda of: of.read, 0),
            row("SMTP connections per exchange", lambda of: of.submissions / of.exchanges, 2),
            row("IMAP connections per exchange", lambda of: of.visits / of.exchanges, 2),
            row("exchanges per second (wall)", _speed),
            row("client CPU ms per exchange", lambda of: of.cpu / of.exchanges * 1e3),
            row("servers' CPU ms per exchange", lambda of: of.servers / of.exchanges * 1e3),
            "",
            _line(f"TIMES '{first}'"),
            ratio("exchanges per second (wall)", _speed),
            ratio("client CPU per exchange", lambda of: of.cpu / of.exchanges),
            ratio("servers' CPU per exchange", lambda of: of.servers / of.exchanges),
        )
    )


def _speed(of: Figures) -> float:
    return of.exchanges / of.wall


def _line(name: str, *columns: str) -> str:
    return f"{name:<34}" + "".join(f"{column:>{_WIDTH}}" for column in columns)
