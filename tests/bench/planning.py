"""What planning a day costs, beside the least that SQLite would take for the same rows; and what a pool at rest costs.

Everybody's day begins at the same midnight, and everybody may send some 30 messages. Each size is planned in a process
of its own by the daemon's planner, a circle after another as it does it, into a file whose commits wait for the disk.
The floor is the same rows put into a copy of the same schema by the sqlite3 module, circle by circle and many in a
statement, with nothing decided and nothing translated.

Once more on a private PostgreSQL, that day and the next beside it. Its data isn't written through to the disk.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import resource
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import chain, islice
from pathlib import Path
from typing import TypeVar
from unittest.mock import patch

from sqlalchemy import Connection, insert

from tests.postgres import Cluster, fresh_database, lacking
from warmup.config import Config, load
from warmup.daemon import planner
from warmup.daemon.clock import JumpClock
from warmup.daemon.log import Fact
from warmup.daemon.run import Daemon, opened
from warmup.daemon.systemd import Manager
from warmup.plan import CIRCLE
from warmup.store import Store
from warmup.store.days import batches
from warmup.store.rows import SLOT
from warmup.store.tables import mailbox

from .meter import cpu_of_family, metered, spread

T = TypeVar("T")

SIZES = (1_000, 10_000, 100_000)
SERVED = 10_000  # on PostgreSQL

_MIDNIGHT = datetime(2026, 3, 1, 23, tzinfo=UTC)  # in Berlin; a Monday begins
_EACH = 30  # messages a day
_BATCH = CIRCLE * _EACH  # rows in one transaction of the floor, as many as in one of the planner's
_PAGE = os.sysconf("SC_PAGE_SIZE")
_SETTINGS = f"""
database = "{{database}}"
credentials = "credentials"
[curves.bench]
kind = "steps"
table = [[1, {_EACH}]]
[ramp]
curve = "bench"
"""
_SCHEMA = """SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND tbl_name IN ('mailbox', 'message')
    ORDER BY rootpage"""
# Who receives, in hundredths of the pool; the rest are at home in their own domains, eight to one.
_PROVIDERS = (("google", 40), ("microsoft", 30), ("yahoo", 5), ("gmx", 5))


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """A day of `mailboxes` planned: `rows` written. CPU and times in seconds, memory in bytes."""

    mailboxes: int
    rows: int
    cpu: float
    wall: float
    longest: float  # for which the store was busy with one circle
    floor: float  # CPU of the bare rows
    peak: int
    file: int
    rest: float  # above that of an empty pool, for one mailbox, on a day on which nobody writes

    @property
    def each(self) -> float:
        """CPU for one mailbox, in microseconds."""
        return self.cpu / self.mailboxes * 1e6


@dataclass(frozen=True, slots=True)
class Served:
    """A day planned on PostgreSQL: seconds of CPU of the daemon and of the server, and others as in `Day`."""

    cpu: float
    database: float
    wall: float
    longest: float


def measure(*, repeat: int, as_json: bool) -> None:
    """Prints what `repeat` runs came to."""
    runs, served, missing = [], [], lacking()
    for number in range(1, repeat + 1):
        print(f"run {number} of {repeat} …", file=sys.stderr, flush=True)
        runs.append([day_of(size) for size in SIZES])
        served.append([] if missing else _apart(_serve, SERVED))
    if as_json:
        told = [{"sqlite": sqlite, "postgresql": days} for sqlite, days in zip(runs, served, strict=True)]
        print(json.dumps(told, default=asdict, indent=2))
    else:
        print("\n".join((*_table(runs), *([missing] if missing else _table_served(served)))))


def day_of(size: int) -> Day:
    """Each figure in a new process: what others of this one have used isn't its own."""
    resting = _apart(_rest, size) - _apart(_rest, 0)
    return replace(_apart(_plan, size), rest=resting / size)


def _apart(work: Callable[[int], T], size: int) -> T:
    with multiprocessing.get_context("spawn").Pool(1) as one:
        return one.apply(work, (size,))


def _rest(size: int) -> int:
    """What is resident of a daemon that has lived through a Sunday with a pool of that size."""
    with tempfile.TemporaryDirectory(prefix="warmup-bench-") as name:
        config = _pool(Path(name), size)
        clock = JumpClock(_MIDNIGHT - timedelta(days=1))
        with opened(config, clock, _unheard, {}) as office:
            asyncio.run(Daemon(office, Manager({})).jump(clock, _MIDNIGHT - timedelta(hours=1)))
            return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE


def _pool(folder: Path, size: int, database: str = "sqlite:///warmup.db") -> Config:
    """A database with so many mailboxes in it; none of them is ever dialled."""
    file = folder / "warmup.toml"
    file.write_text(_SETTINGS.format(database=database))
    config = load(file, {})
    with Store.open(config.database, create=True, seed="bench") as store:
        if size:
            store.run(_register, size)
    return config


def _plan(size: int) -> Day:
    """A day of a pool of that size."""
    with tempfile.TemporaryDirectory(prefix="warmup-bench-") as name:
        folder = Path(name)
        config = _pool(folder, size)
        with opened(config, JumpClock(_MIDNIGHT), _unheard, {}) as office, _longest() as longest:
            with metered() as cost:
                asyncio.run(planner.Planner(office).tick())
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        file = folder / "warmup.db"
        rows, floor = _floor(file, folder / "floor.db")
        return Day(
            mailboxes=size,
            rows=rows,
            cpu=cost.cpu,
            wall=cost.wall,
            longest=max(longest),
            floor=floor,
            peak=peak,
            file=file.stat().st_size,
            rest=0.0,
        )


def _serve(size: int) -> list[Served]:
    """Two days of a pool of that size on PostgreSQL."""
    days = []
    with tempfile.TemporaryDirectory(prefix="warmup-bench-") as name, Cluster() as cluster:
        config, clock = _pool(Path(name), size, fresh_database(cluster.url)), JumpClock(_MIDNIGHT)
        with opened(config, clock, _unheard, {}) as office:
            for _ in range(2):
                database = cpu_of_family(cluster.pid)
                with _longest() as longest, metered() as cost:
                    asyncio.run(planner.Planner(office).tick())
                days.append(Served(cost.cpu, cpu_of_family(cluster.pid) - database, cost.wall, max(longest)))
                clock.jump(clock.now() + timedelta(days=1))
    return days


def _register(db: Connection, size: int) -> None:
    for some in batches(range(size)):  # so that this isn't what the most memory was used for
        db.execute(insert(mailbox), [_row(number) for number in some])


def _row(number: int) -> dict[str, object]:
    domain = f"d{number // 8}.test"
    left = number % 100
    provider = domain
    for name, share in _PROVIDERS:
        if left < share:
            provider = name
            break
        left -= share
    address = f"person{number}@{domain}"
    servers = {
        f"{kind}_{part}": value
        for kind in ("smtp", "imap")
        for part, value in {"host": f"{kind}.{provider}.test", "port": 993, "security": "tls"}.items()
    }
    plain = {"name": f"Person {number}", "zone": "Europe/Berlin", "provider": provider, "curve": None}
    return {"address": address, "login": address, "credential": address, "added_at": _MIDNIGHT} | plain | servers


def _unheard(fact: Fact) -> None:
    """The log's place."""


@contextmanager
def _longest() -> Iterator[list[float]]:
    """For how long each circle keeps the store's thread."""
    plan_circle, taken = planner.plan_circle, list[float]()

    def timed(*args: object) -> object:
        begun = time.perf_counter()
        try:
            return plan_circle(*args)  # type: ignore[arg-type]
        finally:
            taken.append(time.perf_counter() - begun)

    with patch.object(planner, "plan_circle", timed):
        yield taken


def _floor(planned: Path, copy: Path) -> tuple[int, float]:
    """How many rows there are, and the CPU of writing them down once more in their order."""
    rows, cpu = 0, 0.0
    with closing(_database(planned)) as there, closing(_database(copy)) as here:
        for (sql,) in there.execute(_SCHEMA):
            here.execute(sql)
        everybody = there.execute("SELECT * FROM mailbox").fetchall()
        here.executemany(f"INSERT INTO mailbox VALUES {_places(len(everybody[0]))}", everybody)
        columns = ", ".join((*SLOT, "attempts", "visits"))
        cursor = there.execute(f"SELECT {columns} FROM message ORDER BY id")
        while batch := list(islice(cursor, _BATCH)):
            with metered() as cost:
                here.execute("BEGIN IMMEDIATE")
                for some in batches(batch):
                    places = ", ".join([_places(len(some[0]))] * len(some))
                    here.execute(f"INSERT INTO message ({columns}) VALUES {places}", list(chain.from_iterable(some)))
                here.execute("COMMIT")
            rows += len(batch)
            cpu += cost.cpu
    return rows, cpu


def _database(file: Path) -> sqlite3.Connection:
    """With the settings of the daemon's own connection."""
    db = sqlite3.connect(file, isolation_level=None)
    for setting in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "cache_size = -65536"):
        db.execute(f"PRAGMA {setting}")
    return db


def _places(width: int) -> str:
    return f"({', '.join('?' * width)})"


def _table(runs: Sequence[Sequence[Day]]) -> Iterator[str]:
    for days in zip(*runs, strict=True):
        first = days[0]
        yield f"{first.mailboxes:,} mailboxes, {first.rows:,} messages"
        figures = {
            "rows per second of CPU": [day.rows / day.cpu for day in days],
            "CPU s": [day.cpu for day in days],
            "  times the bare rows": [day.cpu / day.floor for day in days],
            "CPU us per mailbox": [day.each for day in days],
            "wall s": [day.wall for day in days],
            "longest that others waited, s": [day.longest for day in days],
            "peak RSS MB": [day.peak / 1e6 for day in days],
            "RSS at rest, bytes per mailbox": [day.rest for day in days],
            "file, bytes per message": [day.file / day.rows for day in days],
        }
        for name, values in figures.items():
            yield f"  {name:<38}{spread(values, 2 if max(values) < 1000 else 0):>32}"
    ratios = [run[-1].each / run[0].each for run in runs]
    yield f"cost per mailbox at {SIZES[-1]:,} over that at {SIZES[0]:,}: {spread(ratios, 2)}"


def _table_served(runs: Sequence[Sequence[Served]]) -> Iterator[str]:
    for name, days in zip(("a day", "the next, beside it"), zip(*runs, strict=True), strict=True):
        yield f"{SERVED:,} mailboxes on PostgreSQL, {name}"
        figures = {
            "CPU s": [day.cpu for day in days],
            "PostgreSQL's CPU s": [day.database for day in days],
            "wall s": [day.wall for day in days],
            "longest that others waited, s": [day.longest for day in days],
        }
        for what, values in figures.items():
            yield f"  {what:<38}{spread(values, 2):>32}"
