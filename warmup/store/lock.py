"""One daemon per database.

Owns: the lock, for as long as the process lives: the kernel or the server lets go of it, however that ends.
Does not own: transactions; a command may write while a daemon holds this.
Sources: flock(2); https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError, OperationalError

from warmup.errors import StoreError

from .engine import Place

_KEY = 0x7761726D  # "warm": advisory locks of one database share one space of numbers
_PATIENCE = "5s"
_LOCK_NOT_AVAILABLE = "55P03"  # https://www.postgresql.org/docs/current/errcodes-appendix.html

_HOLDER = text(
    "SELECT activity.pid, host(activity.client_addr) FROM pg_locks JOIN pg_stat_activity AS activity USING (pid)"
    " WHERE locktype = 'advisory' AND classid = 0 AND objid = :key AND objsubid = 1 AND granted"
    " AND activity.datname = current_database()"
)


def take(place: Place, engine: Engine) -> Callable[[], None]:
    """Takes the lock; what is returned gives it back. Raises `StoreError` naming who has it."""
    if place.path is not None:
        return _take_file(place.path)
    return _take_advisory(place, engine)


def _take_file(path: Path) -> Callable[[], None]:
    beside = path.with_name(path.name + ".lock")
    try:
        descriptor = os.open(beside, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise StoreError(f"{beside}: {error.strerror}; the daemon needs to write beside its database") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        pid = os.read(descriptor, 20).decode(errors="replace").strip() or "unknown"
        os.close(descriptor)
        raise StoreError(f"{path}: a daemon (process {pid}) is at work on this database; stop it first") from error
    os.ftruncate(descriptor, 0)
    os.write(descriptor, b"%d\n" % os.getpid())
    # The file stays: removing it would let a third process lock a new one while a second waits for the old.
    return lambda: os.close(descriptor)


def _take_advisory(place: Place, engine: Engine) -> Callable[[], None]:
    # If the server restarts, the lock is lost with the session; claims stay single even then, since each is a statement
    # that only one can win.
    connection = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    connection.detach()  # the pool would keep the session open, and the session the lock
    # The server may notice only after a moment that a daemon which was killed has gone.
    connection.execute(text(f"SET lock_timeout = '{_PATIENCE}'"))
    try:
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _KEY})
    except OperationalError as error:
        if getattr(error.orig, "sqlstate", None) != _LOCK_NOT_AVAILABLE:
            raise
        holder = connection.execute(_HOLDER, {"key": _KEY}).first()
        connection.close()
        pid, address = holder or ("unknown", None)
        where = f" from {address}" if address else ""
        raise StoreError(
            f"{place.name}: a daemon (server process {pid}{where}) is at work on this database; stop it first"
        ) from error

    def give_back() -> None:
        with suppress(DBAPIError):  # a server that has gone took the lock with it
            # Before hanging up: the server may notice a closed session only after the next daemon has asked.
            connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _KEY})
        connection.close()

    return give_back
