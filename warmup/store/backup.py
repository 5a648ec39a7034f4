"""Copies of a database in SQLite: made while it is in use, and put back in its place.

A copy is whole or isn't there: it is made beside its place under another name, looked through, written to the disk, and
only then given its name. What a restored database replaces is kept.

Owns: the files, and refusing what is no copy of ours. Does not own: what must not be sent after a restore (`anew`);
PostgreSQL, which has its own programs for this.
Sources: https://www.sqlite.org/lang_vacuum.html#vacuuminto (consistent, of one moment, and not synced),
https://www.sqlite.org/wal.html (a database is three files while it is in use).
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from pathlib import Path

from sqlalchemy import URL

from warmup.errors import StoreError, UsageError

from . import lock
from .anew import Anew, begin_anew
from .engine import Place, engine_for, locate
from .store import Store

_BUSY = 30.0  # seconds to wait for another process's lock: a guess
_BESIDE = ("-wal", "-shm", "-journal")  # what SQLite keeps beside a database
_COUNTED = ("mailbox", "message", "day")


@dataclass(frozen=True, slots=True)
class Contents:
    """What is in a copy."""

    mailboxes: int
    messages: int
    days: int


@dataclass(frozen=True, slots=True)
class Restored:
    """`aside` is where the database that was replaced is kept, if there was one."""

    contents: Contents
    anew: Anew
    aside: Path | None


def back_up(url: str, file: Path, *, replace: bool = False) -> Contents:
    """A copy of the database as it is at one moment, in `file`, that its owner alone can read. Raises `UsageError` if
    the file is there and isn't to be replaced; `StoreError` if the database can't be read or the file not be written.
    """
    place = locate(url)
    path = _path(place, f"pg_dump --format=custom --file={file} {_named(place)}")
    if not path.is_file():
        raise StoreError(f"{path}: there is no database to back up")
    _apart(path, file)
    if file.exists() and not replace:
        raise UsageError(f"{file}: is there already; --force replaces it")
    with _appearing(file.with_name(f".{file.name}.partial")) as partial:
        contents = _copy(path, partial)
        _give_name(partial, file)
    return contents


def restore(url: str, file: Path, now: datetime) -> Restored:
    """The database is what `file` holds, begun anew. Raises `StoreError` if a daemon is at work on it, or if the file
    is no copy of ours or newer than this program; then nothing has changed.
    """
    place = locate(url)
    command = f"pg_restore --clean --if-exists --no-owner --dbname={_named(place)} {file}"
    path = _path(place, f"stop the daemon, then {command}, then warmup restore --in-place")
    if not file.is_file():
        raise StoreError(f"{file}: there is no such file")
    _apart(path, file)
    give_back = lock.take(place, engine_for(place)).give_back
    try:
        with _appearing(path.with_name(f"{path.name}.restoring")) as fresh:
            contents = _copy(file, fresh)
            anew = _made_ready(fresh, file, now)
            aside = _set_aside(path, now)
            _give_name(fresh, path)
    finally:
        give_back()
    return Restored(contents, anew, aside)


def _path(place: Place, instead: str) -> Path:
    if place.path is None:
        raise UsageError(f"{place.name}: PostgreSQL has programs of its own for this: {instead}")
    return place.path


def _named(place: Place) -> str:
    """The URL as PostgreSQL's programs take it, without its password."""
    url = place.url
    return URL.create(
        "postgresql", url.username, host=url.host, port=url.port, database=url.database
    ).render_as_string()


def _apart(path: Path, file: Path) -> None:
    if file.resolve() in {path.with_name(path.name + end).resolve() for end in ("", *_BESIDE, ".lock")}:
        raise UsageError(f"{file}: is the database itself; give another file")


@contextmanager
def _appearing(path: Path) -> Iterator[Path]:
    """An empty file for its owner alone, which is gone afterwards unless it was given another name."""
    try:
        path.unlink(missing_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except OSError as error:
        raise StoreError(f"{path}: can't be written: {error.strerror}") from error
    try:
        yield path
    finally:
        for end in ("", *_BESIDE):
            path.with_name(path.name + end).unlink(missing_ok=True)


def _copy(source: Path, target: Path) -> Contents:
    """The database of `source` at one moment, in the empty file `target`, once it was looked through."""
    with _opened(source, source) as db:
        found = {str(name) for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if not {"alembic_version", "install", *_COUNTED} <= found:
            raise StoreError(f"{source}: isn't a database of warmup")
        _look_through(db, source)  # copying would hide the damage
        db.execute("VACUUM INTO ?", (str(target),))
    with _opened(target, source) as db:
        _look_through(db, source)
        return Contents(*(db.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in _COUNTED))  # noqa: S608


def _look_through(db: sqlite3.Connection, named: Path) -> None:
    """Raises `StoreError` if it is damaged."""
    wrong = [str(text).partition("\n")[0] for (text,) in db.execute("PRAGMA integrity_check(1)") if text != "ok"]
    wrong += [f"a row of {row[0]} refers to nothing" for row in db.execute("PRAGMA foreign_key_check").fetchmany(1)]
    if wrong:
        raise StoreError(f"{named}: is damaged: {wrong[0]}")


@contextmanager
def _opened(path: Path, named: Path) -> Iterator[sqlite3.Connection]:
    """For reading. Its trouble is that of the file `named`."""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=_BUSY)) as db:
            yield db
    except sqlite3.Error as error:
        raise StoreError(f"{named}: {error}") from error


def _made_ready(fresh: Path, file: Path, now: datetime) -> Anew:
    """Upgraded if it is older than this program, and begun anew."""
    try:
        with Store.open(str(fresh), create=True) as store:
            return store.run(begin_anew, now)
    except StoreError as error:
        raise StoreError(str(error).replace(str(fresh), str(file))) from error


def _set_aside(path: Path, now: datetime) -> Path | None:
    """Another name for the database that is there, with what lies beside it."""
    if not path.exists():
        return None
    names = (f"{path.name}.before-{now:%Y%m%dT%H%M%SZ}{f'-{number}' if number else ''}" for number in count())
    aside = next(other for name in names if not (other := path.with_name(name)).exists())
    # The log first: beside another database than its own it would be taken for that one's.
    for end in (*_BESIDE, ""):
        beside = path.with_name(path.name + end)
        if beside.exists():
            beside.rename(aside.with_name(aside.name + end))
    return aside


def _give_name(file: Path, name: Path) -> None:
    """Replaces what has that name, once all is on the disk."""
    try:
        for path in (file, name.absolute().parent):
            if path != file:
                file.replace(name)
            descriptor = os.open(path, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
    except OSError as error:
        raise StoreError(f"{name}: can't be written: {error.strerror}") from error
