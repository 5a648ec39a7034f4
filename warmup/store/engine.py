"""Where a database is, and an engine for it.

Owns: reading a database URL, the settings of SQLite and PostgreSQL that our laws rest on, and a database's trouble as
one line. Does not own: what is in it (`schema`), or who may write (`lock`).

A password can be part of a URL, so neither the URL nor what SQLAlchemy says about it ever becomes part of a message.
Sources: https://www.sqlite.org/pragma.html, https://www.postgresql.org/docs/current/wal-async-commit.html.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, DBAPIError, InterfaceError, OperationalError

from warmup.errors import StoreError

if TYPE_CHECKING:
    import psycopg

_BUSY = 30  # seconds to wait for another process's write: a guess, far above any transaction of ours
_CONNECT = 10  # seconds to wait for a PostgreSQL server: a guess


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
    return Place(str(path), path, URL.create("sqlite", database=str(path)))


def engine_for(place: Place) -> Engine:
    """An engine that connects when it is first used. Parameters, among them the install's key, are in no exception."""
    if place.path is not None:
        engine = create_engine(place.url, hide_parameters=True, connect_args={"timeout": _BUSY})
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_at_once)
        return engine
    try:
        engine = create_engine(
            place.url,
            hide_parameters=True,
            isolation_level="READ COMMITTED",
            pool_pre_ping=True,  # a restarted server costs nobody a transaction
            connect_args={"connect_timeout": _CONNECT, "application_name": "warmup"},
        )
    except ModuleNotFoundError as error:
        raise StoreError(f"{place.name}: psycopg isn't installed; install warmup[postgres]") from error
    event.listen(engine, "connect", _prepare_postgres)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # the driver begins no transaction by itself: `_begin_at_once` does
    # NORMAL can forget the last commits when the power fails, and a forgotten claim is a doubled mail.
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")


def _begin_at_once(db: Connection) -> None:
    # A transaction that reads before it writes would fail instead of waiting, if another wrote in between.
    db.exec_driver_sql("BEGIN IMMEDIATE")


def _prepare_postgres(connection: psycopg.Connection, _record: object) -> None:
    # A server may be set to forget the last commits when it crashes: not ours.
    connection.autocommit = True
    connection.execute("SET synchronous_commit TO on")
    connection.autocommit = False


@contextmanager
def trouble_of(place: Place, *, all_of_it: bool = False) -> Iterator[None]:
    """Turns a database's trouble (full, locked, gone, damaged) into a `StoreError` of one line.

    What only a bug can cause passes, unless `all_of_it`: while a database is being opened, a missing privilege or a
    damaged schema is the operator's to mend, and looks the same.
    """
    try:
        yield
    except DBAPIError as error:
        outside = isinstance(error, OperationalError | InterfaceError) or type(error) is DatabaseError
        wrong = getattr(error.orig, "sqlite_errorcode", 0) == sqlite3.SQLITE_ERROR  # for SQLite "operational" too
        if not all_of_it and (wrong or not outside):
            raise
        raise StoreError(f"{place.name}: {_line(error.orig)}") from error


def _line(said: object) -> str:
    """What a database said, in one line and without PostgreSQL's DETAIL, which shows values."""
    return " ".join(str(said).partition("\nDETAIL:")[0].split())
