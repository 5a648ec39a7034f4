"""What one daemon carries, on SQLite and on PostgreSQL, and what two nodes on one PostgreSQL carry.

Real processes, each on the same pile of messages that are due at once, against submission servers that only wait
(`stub`), on forty addresses, so that no host's limit is met:

    waiting     each message takes four seconds: a daemon's limit is how many connections it has at once
    at once     each is taken at once: the limit is the processors, which daemons, PostgreSQL and servers share

and once more waiting, with one of two nodes killed in the middle. No message may come twice in any of it: that raises.
What is in hand when a node is killed is uncertain and looked for, so it is counted, and isn't sent again.

The private PostgreSQL doesn't write through to the disk, and SQLite does: between them the figures aren't a comparison.
"""

from __future__ import annotations

import json
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path

from tests.need import wait_until
from tests.nodes.house import House
from tests.postgres import Cluster, fresh_database

from .meter import cpu_of, cpu_of_family, spread
from .stub import Stubs

_HOSTS = 40
_EACH = 2  # messages of a mailbox
_LEAD = timedelta(seconds=20)  # until they are due; the nodes have shared the pool by then
_PATIENCE = 240.0  # seconds for a pile
_LOOK = 0.2  # seconds from one look at what has come to the next, which costs too


@dataclass(frozen=True, slots=True)
class Stretch:
    """A pile, sent: messages a second between the first and the last tenth; CPU in microseconds a message, of all
    daemons together and of PostgreSQL; how many were never seen to arrive.
    """

    name: str
    rate: float
    daemons: float
    database: float
    missing: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Manner:
    name: str
    waits: float
    mailboxes: int
    nodes: int  # 0: a daemon that is alone
    postgres: bool = True
    killed: bool = False


MANNERS = (
    _Manner(name="waiting: SQLite, a daemon alone", waits=4.0, mailboxes=600, nodes=0, postgres=False),
    _Manner(name="waiting: PostgreSQL, a daemon alone", waits=4.0, mailboxes=600, nodes=0),
    _Manner(name="waiting: PostgreSQL, one node", waits=4.0, mailboxes=600, nodes=1),
    _Manner(name="waiting: PostgreSQL, two nodes", waits=4.0, mailboxes=1200, nodes=2),
    _Manner(name="waiting: two nodes, one is killed", waits=4.0, mailboxes=1200, nodes=2, killed=True),
    _Manner(name="at once: PostgreSQL, one node", waits=0.0, mailboxes=2000, nodes=1),
    _Manner(name="at once: PostgreSQL, two nodes", waits=0.0, mailboxes=2000, nodes=2),
)
_ONE, _TWO = MANNERS[2], MANNERS[3]


def measure(*, repeat: int, as_json: bool) -> None:
    """Prints what `repeat` runs came to."""
    runs = []
    for number in range(1, repeat + 1):
        print(f"run {number} of {repeat} …", file=sys.stderr, flush=True)
        runs.append([stretch(manner) for manner in MANNERS])
    if as_json:
        print(json.dumps([[asdict(one) for one in run] for run in runs], indent=2))
    else:
        print(_table(runs))


def stretch(manner: _Manner) -> Stretch:
    """One pile, by servers, a database and daemons of its own."""
    with tempfile.TemporaryDirectory(prefix="warmup-bench-") as folder, Stubs(_HOSTS, manner.waits) as stubs:
        if not manner.postgres:
            return _sent(manner, House(Path(folder), "sqlite:///warmup.db", stubs.endpoints), stubs, lambda: 0.0)
        with Cluster() as cluster:
            house = House(Path(folder), fresh_database(cluster.url), stubs.endpoints)
            return _sent(manner, house, stubs, lambda: cpu_of_family(cluster.pid))


def _sent(manner: _Manner, house: House, stubs: Stubs, database_cpu: Callable[[], float]) -> Stretch:
    pile = manner.mailboxes * _EACH
    with house:
        house.settle(manner.mailboxes, _EACH, lead=_LEAD)
        nodes = [house.node() for _ in range(manner.nodes)] or [house.alone()]
        part = 64 // len(nodes)
        wait_until(lambda: [len(node.shards) for node in house.nodes] == [part] * len(nodes), "shared out", 60)
        daemons, database = sum(cpu_of(node.pid) for node in nodes), database_cpu()
        seconds, often, killed = Counter[int](), Counter[str](), False

        def all_taken() -> bool:
            nonlocal killed
            time.sleep(_LOOK)
            taken = stubs.taken()
            seconds.update(taken.seconds)
            often.update(taken.often)
            if manner.killed and not killed and len(often) > pile / 4:
                nodes[-1].hears(signal.SIGKILL)
                killed = True
            return len(often) == pile or (killed and not house.unfinished)

        wait_until(all_taken, f"a pile of {pile} is sent", _PATIENCE)
        doubled = [message_id for message_id, times in often.items() if times > 1]
        assert not doubled, f"sent twice: {doubled[:3]}"
        left = nodes[:-1] if killed else nodes
        return Stretch(
            manner.name,
            _rate(seconds),
            (sum(cpu_of(node.pid) for node in left) - daemons) / pile * 1e6,
            (database_cpu() - database) / pile * 1e6,
            pile - len(often),
        )


def _rate(seconds: Counter[int]) -> float:
    """Messages a second while the middle eight tenths came, idle seconds included."""
    total, so_far, began, ended = sum(seconds.values()), 0, 0, 0
    middle = 0
    for second in sorted(seconds):
        if so_far >= total / 10:
            began = began or second
            middle += seconds[second]
            ended = second
        so_far += seconds[second]
        if so_far >= total * 9 / 10:
            break
    return middle / (ended - began + 1)


def _table(runs: Sequence[Sequence[Stretch]]) -> str:
    lines = [f"{'':36}{'messages/s':>24}{'daemons, us CPU each':>24}{'PostgreSQL':>24}{'in doubt':>12}"]
    for column in zip(*runs, strict=True):
        rate, daemons, database = (
            spread([getattr(one, of) for one in column]) for of in ("rate", "daemons", "database")
        )
        missing = spread([one.missing for one in column])
        lines.append(f"{column[0].name:36}{rate:>24}{daemons:>24}{database:>24}{missing:>12}")
    places = [manner.name for manner in MANNERS]
    for one, two, what in (
        (_ONE, _TWO, "servers that wait"),
        (MANNERS[5], MANNERS[6], "servers that don't, on these processors"),
    ):
        ratio = [run[places.index(two.name)].rate / run[places.index(one.name)].rate for run in runs]
        lines.append(f"\ntwo nodes over one, {what}: {spread(ratio, 2)}")
    return "\n".join(lines)
