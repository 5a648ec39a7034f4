"""How late mail goes when a hundred thousand mailboxes have work, and what becomes of it when that is too much.

The real daemon, whole, on the machine's clock, against submission servers that only wait (`stub`). Three stretches,
each on a copy of the same store, in which every mailbox has the rest of its day planned:

    all at once     a pile that is due when the daemon starts: how many messages a second it carries
    a good hour     part of that rate, spread by chance as a busy hour spreads them: how late each is claimed and sent
    a bad hour      several times that rate, with one minute until a slot counts as missed: what is dropped, and whether
                    any second sees more than the others

Nothing is read meanwhile: there is nobody to read it from. An hour is not lived to its end: what its rate does shows
within a minute or two. Every hundredth mailbox may send less
than is planned for it, and no mailbox's allowance may be passed, no message may come twice: that raises.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import statistics
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Row, func, select

from warmup.config import Config, load
from warmup.daemon.clock import SystemClock
from warmup.daemon.log import Fact
from warmup.daemon.run import Daemon, opened
from warmup.daemon.systemd import Manager
from warmup.model import Slot
from warmup.plan import local_date
from warmup.secrets import Vault
from warmup.store import Connection, Store
from warmup.store.messages.claims import MISSED
from warmup.store.tables import day, message

from . import crowd
from .meter import Cost, metered, spread
from .stub import Stubs, Taken

_SIZE = 100_000
_LATER = 3  # slots of each mailbox that are planned for later in the day: weight for the store
_HOSTS, _WAITS = 20, 0.05
_PILE = 4000
_GOOD, _BAD = 0.7, 2.5  # times the rate that was carried
_STRETCH = timedelta(seconds=40)
_BAD_STRETCH = timedelta(seconds=80)
_TIGHT = 100
_LEAD = timedelta(seconds=20)  # in which the stretch is written down and the daemon starts
_GRACE = 240  # seconds for what a stretch leaves; what is missed takes time to be dropped, too
_SETTINGS = """
database = "sqlite:///warmup.db"
credentials = "credentials"
[hours]
days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
from = "00:00"
to = "23:59"
[smtp]
late = "{late}"
[mail]
count_sent = false
[replies]
read = "2d"
[dns]
servers = ["127.0.0.1"]
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """What came of one. Rates are messages a second, lateness is in seconds."""

    name: str
    planned: int
    rate: float
    sent: int
    missed: int
    dropped: int  # for other reasons
    carried: float
    claimed: tuple[float, float, float]  # lateness when claimed: p50, p99, the most
    accepted: tuple[float, float, float]
    usual: float  # messages accepted in a second, the median
    most: int
    at_a_host: int  # connections
    cpu: float  # ms of the daemon's CPU a message


def measure(*, repeat: int, as_json: bool) -> None:
    """Prints what `repeat` runs came to."""
    runs = []
    for number in range(1, repeat + 1):
        print(f"run {number} of {repeat} …", file=sys.stderr, flush=True)
        runs.append(run())
    if as_json:
        print(json.dumps([[asdict(stretch) for stretch in stretches] for stretches in runs], indent=2))
    else:
        print(_table(runs))


def run(size: int = _SIZE) -> list[Stretch]:
    """The three stretches with a crowd of `size`."""
    with Stubs(_HOSTS, _WAITS) as stubs, tempfile.TemporaryDirectory(prefix="warmup-bench-") as folder:
        ground = _Ground(Path(folder), stubs, size)
        pile = ground.live("all at once", _PILE, timedelta(0), late="30m")
        good = pile.carried * _GOOD
        usual = ground.live("a good hour", round(good * _STRETCH.total_seconds()), _STRETCH, late="30m")
        bad = pile.carried * _BAD
        worst = ground.live("a bad hour", round(bad * _BAD_STRETCH.total_seconds()), _BAD_STRETCH, late="1m")
        return [pile, usual, worst]


class _Ground:
    """The store that every stretch begins with: a crowd, and what it is to send later in the day."""

    def __init__(self, folder: Path, stubs: Stubs, size: int) -> None:
        self._folder = folder
        self._stubs = stubs
        self._size = size
        now = SystemClock().now()
        zone = f"Etc/GMT{now.hour - 12:+d}"  # where it is noon: the day doesn't end while it is measured
        self._on = local_date(now, zone)
        later = now + timedelta(hours=2)
        self._later = crowd.slots(_LATER * size, size, self._on, later, timedelta(hours=8), seed="later")
        config = _config(folder, late="30m")
        with Store.open(config.database, create=True, seed="bench") as store:
            crowd.register(store, Vault(config.credentials), size, stubs.endpoints, zone, now)
            crowd.plan(store, self._later)

    def live(self, name: str, count: int, within: timedelta, *, late: str) -> Stretch:
        """`count` slots that fall due within a stretch."""
        place = self._folder / name.replace(" ", "-")
        shutil.copytree(self._folder, place, ignore=lambda *_: [path.name for path in self._folder.glob("*-*")])
        config = _config(place, late=late)
        now = SystemClock().now()
        due = crowd.slots(count, self._size, self._on, now + _LEAD if within else now, within, seed="due")
        with Store.open(config.database) as store:
            crowd.allow(store, [*self._later, *due], self._size, self._on, now, tight=_TIGHT)
            crowd.plan(store, due)
        self._stubs.taken()
        with metered() as cost:
            asyncio.run(_serve(config, count, (_LEAD + within).total_seconds() + _GRACE))
        told = _told(name, config, due, cost, self._stubs.taken())
        shutil.rmtree(place)
        return told


def _config(folder: Path, *, late: str) -> Config:
    file = folder / "warmup.toml"
    file.write_text(_SETTINGS.format(late=late))
    return load(file, {})


async def _serve(config: Config, count: int, seconds: float) -> None:
    """Until `count` slots have come to an end."""
    ended, left = asyncio.Event(), [count]

    def tell(fact: Fact) -> None:
        if fact.event in {"sent", "dropped"}:
            left[0] -= 1
            if not left[0]:
                ended.set()
        elif fact.event in {"bug", "stalled", "held", "refused", "uncertain"}:
            raise RuntimeError(f"the daemon met trouble, so that this measures something else: {fact}")

    with opened(config, SystemClock(), tell, {}) as office:
        daemon = Daemon(office, Manager({}))
        async with asyncio.timeout(seconds), asyncio.TaskGroup() as group:
            group.create_task(daemon.serve(lambda: config))
            await ended.wait()
            daemon.stop()


def _told(name: str, config: Config, due: Sequence[Slot], cost: Cost, taken: Taken) -> Stretch:
    """What the store and the servers say of it. Raises if a law was broken."""
    with Store.open(config.database) as store:
        rows = store.run(_rows)
        above = store.run(_above)
    if (
        above
        or taken.often.keys() != {row.message_id for row in rows if row.sent_at}
        or taken.often.total() != len(taken.often)
    ):
        raise RuntimeError(
            f"a law was broken: {len(above)} mailboxes above their allowance, {taken.often.most_common(3)}"
        )
    sent = [row for row in rows if row.sent_at]
    reasons = Counter(row.reason for row in rows if row.dropped_at)
    began, ended = min(row.claimed_at for row in sent), max(row.sent_at for row in sent)
    span = (max(slot.due_at for slot in due) - min(slot.due_at for slot in due)).total_seconds()
    inner = [number for _, number in sorted(taken.seconds.items())[1:-1]]  # the first and the last aren't whole
    return Stretch(
        name=name,
        planned=len(due),
        rate=len(due) / span if span else 0.0,
        sent=len(sent),
        missed=reasons.pop(MISSED, 0),
        dropped=reasons.total(),
        carried=len(sent) / (ended - began).total_seconds(),
        claimed=_lateness([row.claimed_at - row.due_at for row in sent]),
        accepted=_lateness([row.sent_at - row.due_at for row in sent]),
        usual=statistics.median(inner),
        most=max(inner),
        at_a_host=taken.most,
        cpu=cost.each(len(sent)) / 1e3,
    )


def _rows(db: Connection) -> Sequence[Row[*tuple[Any, ...]]]:
    """What was due."""
    return db.execute(select(message).where(message.c.message_id.like("<due.%"))).all()


def _above(db: Connection) -> list[int]:
    """The mailboxes that sent more than their day allowed."""
    sent = select(message.c.sender).join(day, day.c.mailbox == message.c.sender).where(message.c.sent_at.is_not(None))
    return list(db.scalars(sent.group_by(message.c.sender, day.c.allowance).having(func.count() > day.c.allowance)))


def _lateness(late: Sequence[timedelta]) -> tuple[float, float, float]:
    """p50, p99 and the most, in seconds."""
    seconds = sorted(one.total_seconds() for one in late)
    return seconds[len(seconds) // 2], seconds[len(seconds) * 99 // 100], seconds[-1]


def _table(runs: Sequence[Sequence[Stretch]]) -> str:
    """A stretch is a column; each figure is the median of the runs, and the least and the most."""
    columns = list(zip(*runs, strict=True))

    def row(told: str, figure: Callable[[Stretch], float], digits: int = 0) -> str:
        return _line(told, *(spread([figure(stretch) for stretch in column], digits) for column in columns))

    return "\n".join(
        (
            f"{_SIZE:,} mailboxes at {_HOSTS} hosts that take {_WAITS:g} s for a message",
            _line("", *(column[0].name for column in columns)),
            row("slots due", lambda of: of.planned),
            row("  a second", lambda of: of.rate),
            row("sent", lambda of: of.sent),
            row("  a second, from the first to the last", lambda of: of.carried),
            row("missed: later than the configuration allows", lambda of: of.missed),
            row("dropped: the allowance was used", lambda of: of.dropped),
            row("lateness when claimed, s: p50", lambda of: of.claimed[0], 2),
            row("  p99", lambda of: of.claimed[1], 2),
            row("  most", lambda of: of.claimed[2], 2),
            row("lateness when accepted, s: p50", lambda of: of.accepted[0], 2),
            row("  p99", lambda of: of.accepted[1], 2),
            row("  most", lambda of: of.accepted[2], 2),
            row("accepted in a second: usual", lambda of: of.usual),
            row("  most", lambda of: of.most),
            row("connections at a host, most", lambda of: of.at_a_host),
            row("daemon's CPU a message, ms", lambda of: of.cpu, 2),
        )
    )


def _line(name: str, *columns: str) -> str:
    return f"{name:<46}" + "".join(f"{column:>28}" for column in columns)
