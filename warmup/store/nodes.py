"""Nodes: several daemons on one database, each with a share of the pool.

All of it is PostgreSQL's advisory locks, held by the very session over which a node writes: its part in the work, the
shards it holds, whether it leads, its places on ways that are narrow for all nodes together. So there is no row that
could be out of date, and none to clean up: a node that has died, or whose session the server has ended, has lost all of
it at once, and can't commit anything either.

A session's lock outlives a transaction that is undone, so each work here looks first at what the session has: done
twice it does the same.

Owns: those locks, and who has which. Does not own: how much a node may have (`warmup.daemon.steward`).
Sources: https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS, …/view-pg-locks.html.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Set
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b

from sqlalchemy import Connection, text

from .engine import PROGRAM
from .lock import KEY
from .shards import SHARDS, Shards, spread

Way = tuple[str, str]  # what it is a way of, and to whom

_SHARD, _LEADING = 0x77617270, 0x77617271  # the first of a lock's two numbers; those of ways are made of their names

_HERE = "locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
_OF = f"FROM pg_locks WHERE {_HERE} AND objsubid = 2 AND classid = :kind AND granted"
_MINE = text(f"SELECT objid {_OF} AND pid = pg_backend_pid()")
_ANYBODYS = text(f"SELECT objid {_OF}")
_TAKEN = text(f"SELECT classid, count(*) FROM pg_locks WHERE {_HERE} AND objsubid = 2 AND granted GROUP BY classid")  # noqa: S608
_EVERYBODYS = text(f"SELECT pid, objid {_OF}")
_TAKE = text("SELECT number FROM unnest(CAST(:numbers AS int[])) AS number WHERE pg_try_advisory_lock(:kind, number)")
_GIVE = text("SELECT pg_advisory_unlock(:kind, number) FROM unnest(CAST(:numbers AS int[])) AS number")
_GIVE_WAYS = text(
    "SELECT pg_advisory_unlock(CAST(classid AS int), CAST(objid AS int)) FROM pg_locks"  # noqa: S608 - ours alone
    f" WHERE {_HERE} AND objsubid = 2 AND classid NOT IN ({_SHARD}, {_LEADING}) AND granted AND pid = pg_backend_pid()"
)
_NODES = text(
    "SELECT pid, application_name, host(client_addr) AS address, backend_start, mode = 'ExclusiveLock' AS alone"  # noqa: S608
    f" FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE {_HERE} AND objsubid = 1 AND objid = {KEY} AND granted"
    " ORDER BY backend_start, pid"
)
_COUNT = text(f"SELECT count(*) FROM pg_locks WHERE {_HERE} AND objsubid = 1 AND objid = {KEY} AND granted")  # noqa: S608

# A guess, several times what planning a day of 100,000 mailboxes takes.
_AT_LENGTH = text("SET LOCAL idle_in_transaction_session_timeout = '10min'")


@dataclass(frozen=True, slots=True)
class Node:
    """A daemon at work: by what name it signs claims, from where, since when; if it is `alone`, all is its."""

    name: str
    address: str | None
    since: datetime | None
    leads: bool
    shards: Shards
    alone: bool


def at_work(db: Connection) -> list[Node]:
    """All of them, who came first first."""
    held = defaultdict[int, set[int]](set)
    for pid, number in db.execute(_EVERYBODYS, {"kind": _SHARD}):
        held[pid].add(number)
    leading = {pid for pid, _ in db.execute(_EVERYBODYS, {"kind": _LEADING})}
    return [
        Node(
            name=row.application_name.removeprefix(PROGRAM).strip(),
            address=row.address,
            since=row.backend_start,
            leads=row.alone or row.pid in leading,
            shards=frozenset(range(SHARDS)) if row.alone else frozenset(held[row.pid]),
            alone=row.alone,
        )
        for row in db.execute(_NODES)
    ]


def count(db: Connection) -> int:
    """How many nodes there are."""
    return int(db.scalar(_COUNT) or 0)


def shards(db: Connection) -> frozenset[int]:
    """Those that this session holds."""
    return frozenset(db.scalars(_MINE, {"kind": _SHARD}))


def take_shards(db: Connection, most: int) -> frozenset[int]:
    """Those that this session holds after it has taken free ones, until they are so many or there is none."""
    return _take(db, _SHARD, SHARDS, most)


def give_shards(db: Connection, numbers: Collection[int]) -> None:
    """Back to all."""
    _give(db, _SHARD, numbers)


def lead(db: Connection) -> bool:
    """Whether this session leads, now if nobody else does: what has to be done once is done by one."""
    return bool(_take(db, _LEADING, 1, 1))


def take_places(db: Connection, way: Way, there: int, most: int) -> frozenset[int]:
    """The places that this session holds, of so many there are on a way, after it has taken free ones."""
    return _take(db, _kind(way), there, most)


def places_taken(db: Connection, ways: Collection[Way]) -> dict[Way, int]:
    """How many all nodes hold together on each way."""
    taken = {row[0]: row[1] for row in db.execute(_TAKEN)}
    return {way: taken.get(_kind(way), 0) for way in ways}


def give_places(db: Connection, way: Way, numbers: Collection[int]) -> None:
    """Back to all."""
    _give(db, _kind(way), numbers)


def give_all_places(db: Connection) -> None:
    """What this session holds on whatever way, back to all."""
    db.execute(_GIVE_WAYS)


def at_length(db: Connection) -> None:
    """This transaction may stand still between two statements while somebody thinks about the whole pool: who does
    isn't silent.
    """
    if db.dialect.name == "postgresql":
        db.execute(_AT_LENGTH)


def _take(db: Connection, kind: int, there: int, most: int) -> frozenset[int]:
    mine: Set[int] = frozenset(db.scalars(_MINE, {"kind": kind}))
    free = sorted(set(range(there)) - set(db.scalars(_ANYBODYS, {"kind": kind})), key=spread)
    wanted = free[: max(0, most - len(mine))]
    # Of two who want the same one gets it; the other looks again the next time.
    got = db.scalars(_TAKE, {"kind": kind, "numbers": wanted}) if wanted else ()
    return frozenset(mine) | frozenset(got)


def _give(db: Connection, kind: int, numbers: Collection[int]) -> None:
    mine = frozenset(db.scalars(_MINE, {"kind": kind})) & frozenset(numbers)
    if mine:
        db.execute(_GIVE, {"kind": kind, "numbers": sorted(mine)})


def _kind(way: Way) -> int:
    """A number for a way. Two ways with the same would be one, and narrower than they need be."""
    return int.from_bytes(blake2b("\0".join(way).encode(), digest_size=4).digest()) & 0x3FFFFFFF
