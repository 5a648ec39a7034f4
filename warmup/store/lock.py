"""One daemon per database, or several that share the work.

A file's lock is the process's, and PostgreSQL's is a session's: it is lost with that, when the server is restarted or
the network cut. So a daemon writes over that very session, and what it can't write it isn't allowed to. Nodes hold it
together: so a daemon that is alone keeps them away, and they it, and whoever must have the database for themselves.

Owns: the lock, for as long as its holder lives: the kernel or the server lets go of it, however that ends; and that the
server ends the session of a node that says nothing, for its machine or its process may be frozen.
Does not own: transactions; a command may write while a daemon holds this.
Sources: flock(2); https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS,
…/runtime-config-client.html (idle_session_timeout).
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError, OperationalError

from warmup.errors import StoreError, StoreTaken, UsageError

from .engine import PROGRAM, Place

KEY = 0x7761726D  # "warm": advisory locks of one database share one space of numbers
_PATIENCE = "5s"
_NODES_SINCE = (14,)  # the first PostgreSQL with idle_session_timeout
_GLANCE = 0.01  # seconds; far longer than `taken` holds a file's lock to see whether it is free
_GLANCES = 5
_LOCK_NOT_AVAILABLE = "55P03"  # https://www.postgresql.org/docs/current/errcodes-appendix.html

_SET = text("SELECT set_config(:name, :value, false)")
_GIVE_ALL = text("SELECT pg_advisory_unlock_all()")
_HOLDER = text(
    "SELECT activity.pid, host(activity.client_addr) FROM pg_locks JOIN pg_stat_activity AS activity USING (pid)"
    " WHERE locktype = 'advisory' AND classid = 0 AND objid = :key AND objsubid = 1 AND granted"
    " AND activity.datname = current_database()"
)


@dataclass(frozen=True, slots=True)
class Held:
    """A lock, and on PostgreSQL the session it is tied to."""

    give_back: Callable[[], None]
    session: Connection | None = None

    @property
    def lost(self) -> bool:
        return self.session is not None and self.session.invalidated


def beside(path: Path) -> Path:
    """The file that is locked. It stays: removing it would let a third process lock a new one while a second waits for
    the old. So where it is, a daemon has been at work.
    """
    return path.with_name(path.name + ".lock")


def take(place: Place, engine: Engine, node: str = "") -> Held:
    """Takes the lock, as a daemon of that name. Raises `StoreError` naming who has it."""
    if place.path is not None:
        return _take_file(place.path)
    held = _take_advisory(place, engine)
    _call(held, node)
    return held


def taken(place: Place, engine: Engine) -> bool:
    """Whether somebody has the lock."""
    if place.path is None:
        with engine.connect() as db, db.begin():
            return db.execute(_HOLDER, {"key": KEY}).first() is not None
    return holder(place.path) is not None


def holder(path: Path) -> str | None:
    """The process that has a file's lock, by its number, as far as that is known; None if nobody has."""
    try:
        descriptor = os.open(beside(path), os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StoreError(f"{beside(path)}: {error.strerror}") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _number_in(descriptor)
    finally:
        os.close(descriptor)
    return None


def _number_in(descriptor: int) -> str:
    return os.read(descriptor, 20).decode(errors="replace").strip() or "unknown"


def _take_file(path: Path) -> Held:
    file = beside(path)
    try:
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise StoreError(f"{file}: {error.strerror}; the daemon needs to write beside its database") from error
    try:
        _lock(descriptor)
    except OSError as error:
        pid = _number_in(descriptor)
        os.close(descriptor)
        raise StoreTaken(f"{path}: a daemon (process {pid}) is at work on this database; stop it first") from error
    os.ftruncate(descriptor, 0)
    with suppress(OSError):  # a full disk; the number is for people
        os.write(descriptor, b"%d\n" % os.getpid())
    return Held(lambda: os.close(descriptor))


def _lock(descriptor: int) -> None:
    """Somebody who only looks holds it for an instant, and isn't to be taken for a daemon. Raises OSError."""
    for _ in range(_GLANCES):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(_GLANCE)
        else:
            return
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def join(place: Place, engine: Engine, node: str, silent: timedelta) -> Held:
    """Takes the lock together with other nodes, as one that is to be heard of more often than that. Raises
    `StoreTaken` if a daemon is at work alone, `UsageError` if the database isn't for many.
    """
    if place.path is not None:
        raise UsageError(f"{place.name}: nodes share a database of PostgreSQL; SQLite's is for one daemon")
    held = _take_advisory(place, engine, "pg_advisory_lock_shared")
    session = _call(held, node)
    if (session.dialect.server_version_info or ()) < _NODES_SINCE:
        held.give_back()
        raise StoreError(f"{place.name}: nodes need PostgreSQL {_NODES_SINCE[0]} or newer")
    with session.begin():
        # Between two statements too: what it has changed until then, others would have to wait for.
        for name in ("idle_session_timeout", "idle_in_transaction_session_timeout"):
            session.execute(_SET, {"name": name, "value": f"{1000 * silent.total_seconds():.0f}"})
    return held


def _call(held: Held, node: str) -> Connection:
    """The session, with a name by which the server shows it."""
    session = held.session
    assert session is not None
    with session.begin():
        session.execute(_SET, {"name": "application_name", "value": f"{PROGRAM} {node}".strip()})
    return session


def _take_advisory(place: Place, engine: Engine, how: str = "pg_advisory_lock") -> Held:
    session = engine.connect()
    session.detach()  # the pool would keep the session open, and the session the lock
    try:
        with session.begin():
            # The server may notice only after a moment that a daemon which was killed has gone.
            session.execute(text(f"SET LOCAL lock_timeout = '{_PATIENCE}'"))
            session.execute(text(f"SELECT {how}(:key)"), {"key": KEY})
    except OperationalError as error:
        if getattr(error.orig, "sqlstate", None) != _LOCK_NOT_AVAILABLE:
            session.close()
            raise
        with session.begin():
            holder = session.execute(_HOLDER, {"key": KEY}).first()
        session.close()
        pid, address = holder or ("unknown", None)
        where = f" from {address}" if address else ""
        raise StoreTaken(
            f"{place.name}: a daemon (server process {pid}{where}) is at work on this database; stop it first"
        ) from error

    def give_back() -> None:
        # Before hanging up: the server may notice a closed session only after the next daemon has asked. One that has
        # gone took the lock with it.
        if not session.invalidated:
            with suppress(DBAPIError), session.begin():
                session.execute(_GIVE_ALL)
        session.close()

    return Held(give_back, session)
