"""Where a database is, and an engine for it.

Owns: reading a database URL, the settings of SQLite and PostgreSQL that our laws rest on, and a database's trouble as
one line. Does not own: what is in it (`schema`), or who may write (`lock`).

A password can be part of a URL, so neither the URL nor what SQLAlchemy says about it ever becomes part of a message.
Sources: https://www.sqlite.org/pragma.html, https://www.sqlite.org/rescode.html,
https://www.sqlite.org/howtocorrupt.html §4.2 (a file deleted or renamed while in use);
https://www.postgresql.org/docs/current/wal-async-commit.html, …/runtime-config-client.html (lock_timeout),
…/libpq-connect.html (keepalives).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, DBAPIError, InterfaceError, InternalError, OperationalError
from sqlalchemy.pool import ConnectionPoolEntry

from warmup.errors import StoreDown, StoreError

from .kept import driven

if TYPE_CHECKING:
    import psycopg

PROGRAM = "warmup"  # what the server calls our sessions
_READING = "warmup_reading"  # of SQLAlchemy's execution options: the transaction writes nothing
_CACHE = 64 * 1024  # KiB that a connection keeps of an SQLite file, if it has read as much
_BUSY = 10  # seconds to wait for another process's write: a guess, far above any transaction of ours
_CONNECT = 10  # seconds to wait for a PostgreSQL server: a guess
# Seconds until a PostgreSQL server that has vanished from the network is noticed, without a word from it: 15 + 3 * 5.
_ALIVE = {"keepalives_idle": 15, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 30_000}
# The same at the server, which holds the lock of a daemon whose machine has vanished for that long.
_NOTICED = " ".join(f"-c tcp_{name}={value}" for name, value in _ALIVE.items() if name.startswith("keep"))
# PostgreSQL thinks that some of our statements find far more than they do, and compiled those at each run for a quarter
# of a second.
_AT_ONCE = "-c jit=off"
_DEADLOCK = "40P01"  # https://www.postgresql.org/docs/current/errcodes-appendix.html
# What may pass by itself: somebody else writes, the disk is full, read-only or in trouble, files can't be opened.
_PASSING = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PROTOCOL,
    }
)


@dataclass(frozen=True, slots=True)
class Place:
    """A database: `name` is what messages call it, `path` is SQLite's file, None for PostgreSQL."""

    name: str
    path: Path | None
    url: URL = field(repr=False)


def locate(text: str) -> Place:
    """The place a setting names: a path or sqlite:///PATH is a file, postgresql://… a server's database.

    Raises `StoreError` for anything else, without the text: it may hold a password.
    """
    if "://" not in text:
        return _file(text)
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise StoreError("the database URL can't be read; give a path or postgresql://USER@HOST/NAME") from None
    match url.drivername:
        case "sqlite":
            return _file(url.database or "")
        case "postgresql" | "postgres" | "postgresql+psycopg":
            port = f":{url.port}" if url.port else ""
            name = f"postgresql://{url.host or ''}{port}/{url.database or ''}"
            return Place(name, None, url.set(drivername="postgresql+psycopg"))
        case other:
            raise StoreError(f"a {other} database can't be used; give a path (SQLite) or postgresql://USER@HOST/NAME")


def _file(text: str) -> Place:
    if not text or text.startswith(":"):
        raise StoreError("the database needs a file: give its path")
    path = Path(text).expanduser().absolute()
    # "rw": a file that has been deleted is never made anew by connecting to it.
    url = URL.create("sqlite", database=path.as_uri(), query={"mode": "rw", "uri": "true"})
    return Place(str(path), path, url)


def engine_for(place: Place) -> Engine:
    """An engine that connects when it is first used. Parameters, among them the install's key, are in no exception."""
    if place.path is not None:
        engine = create_engine(place.url, hide_parameters=True, connect_args={"timeout": _BUSY})
        file = _File(place.path)
        event.listen(engine, "connect", file.prepare)
        event.listen(engine, "begin", file.begin)
        return engine
    try:
        engine = create_engine(
            place.url,
            hide_parameters=True,
            isolation_level="READ COMMITTED",
            pool_pre_ping=True,  # a restarted server costs nobody a transaction
            connect_args={
                "connect_timeout": _CONNECT,
                "application_name": PROGRAM,
                "options": f"-c lock_timeout={1000 * _BUSY:.0f} {_AT_ONCE} {_NOTICED}",
                **_ALIVE,
            },
        )
    except ModuleNotFoundError as error:
        raise StoreError(f"{place.name}: psycopg isn't installed; install warmup[postgres]") from error
    event.listen(engine, "connect", _prepare_postgres)
    return engine


def reading(place: Place, engine: Engine) -> Connection:
    """A connection for looking only: it sees one moment, waits for no writer and has none wait."""
    if place.path is not None:
        return engine.connect().execution_options(**{_READING: True})
    return engine.connect().execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def wait_for_others(db: Connection, patient: bool) -> None:
    """Whether a transaction on this connection to a file waits while another process writes. It does, to begin with."""
    driven(db, f"PRAGMA busy_timeout = {1000 * _BUSY if patient else 0}")


def wait_for_the_disk(db: Connection, wait: bool) -> None:
    """Whether a transaction on this connection to a file ends when it and all before it are on the disk; or as soon as
    it is in the file, whose last transactions are gone if the power fails. It waits, to begin with.
    """
    driven(db, f"PRAGMA synchronous = {'FULL' if wait else 'NORMAL'}")


class _File:
    """An SQLite file, that has to stay the one that was connected to first: SQLite goes on writing into one that has no
    name any more, and writes the transactions that wait beside it into whatever has its name by then.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: tuple[int, int] | None = None

    def prepare(self, connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
        """A new connection."""
        self._known = self._known or _file_at(self._path)
        try:
            self._check()  # before it has looked into the file
        except StoreError:
            connection.close()
            raise
        connection.isolation_level = None  # the driver begins no transaction by itself: `begin` does
        # NORMAL can forget the last commits when the power fails, and a mail whose DATA is forgotten is a doubled one.
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        # The indices' pages that the planning of one circle changes; with the 2 MB that are usual they are written and
        # read again and again, and it takes half as long again.
        connection.execute(f"PRAGMA cache_size = {-_CACHE}")

    def begin(self, db: Connection) -> None:
        """A transaction."""
        self._check()
        # One that reads before it writes would fail instead of waiting, if another wrote in between.
        driven(db, "BEGIN" if db.get_execution_options().get(_READING) else "BEGIN IMMEDIATE")

    def _check(self) -> None:
        if _file_at(self._path) != self._known:
            raise StoreError(
                f"{self._path}: was deleted or replaced while it was in use; put it back, or: warmup restore"
            )


def _file_at(path: Path) -> tuple[int, int] | None:
    """Which file that is; None if there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _prepare_postgres(connection: psycopg.Connection, _record: object) -> None:
    # A server may be set to forget the last commits when it crashes: not ours.
    connection.autocommit = True
    connection.execute("SET synchronous_commit TO on")
    connection.autocommit = False


@contextmanager
def trouble_of(place: Place, *, all_of_it: bool = False) -> Iterator[None]:
    """Turns a database's trouble (full, locked, gone, damaged) into a `StoreError` of one line, a `StoreDown` if it may
    pass.

    What only a bug can cause passes, unless `all_of_it`: while a database is being opened, a missing privilege or a
    damaged schema is the operator's to mend, and looks the same.
    """
    try:
        yield
    except DBAPIError as error:
        code = getattr(error.orig, "sqlite_errorcode", None)
        outside = isinstance(error, OperationalError | InterfaceError | InternalError) or type(error) is DatabaseError
        wrong = code == sqlite3.SQLITE_ERROR  # for SQLite "operational" too
        if not all_of_it and (wrong or not outside):
            raise
        # A session that the server has ended in the middle of a transaction is "internal" for it.
        gone = isinstance(error, OperationalError | InterfaceError) or error.connection_invalidated
        passing = gone if code is None else code & 0xFF in _PASSING
        raise (StoreDown if passing else StoreError)(f"{place.name}: {_line(error.orig)}") from error


def deadlocked(error: BaseException) -> bool:
    """Whether it is that two transactions waited for each other, and the server has undone this one."""
    return getattr(getattr(error.__cause__, "orig", None), "sqlstate", None) == _DEADLOCK


def _line(said: object) -> str:
    """What a database said, in one line and without PostgreSQL's DETAIL, which shows values."""
    return " ".join(str(said).partition("\nDETAIL:")[0].split())
