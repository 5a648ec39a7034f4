"""Whether a database is ours, and of which age; and making it ours and new.

Owns: refusing what can't be used, upgrading what is old. Does not own: the steps (`migrations`).
Everything is found out before anything is changed: a file that isn't ours is left as it is.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, inspect, text

from warmup.errors import StoreError

from . import installs, lock
from .analyze import analyze_if_unknown
from .engine import Place

MIGRATIONS = Path(__file__).with_name("migrations")

_MAKING = 0x7761726E  # the advisory lock of whoever makes or upgrades: two daemons may be started at once
_REVISION = text("SELECT version_num FROM alembic_version")


def prepare(place: Place, engine: Engine, *, create: bool, seed: str | None) -> None:
    """Returns when the database has the tables of this program; makes or upgrades them if `create`.

    `seed` becomes the install's when this makes it. Raises `StoreError` if there is no database, or it isn't ours, is
    newer than the program, or is older and not `create`, or a daemon is at work that the upgrade would trip up.
    """
    if place.path is not None:
        _look_at_file(place.path, create=create)
    with engine.connect() as db, _without_foreign_keys(db), db.begin():
        if create and place.path is None:
            db.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MAKING})
        if not _current(db, place, create=create):
            _refuse_beside_daemons(db, place)
            _upgrade(db)
            installs.mint(db, seed=seed)
    if place.path is not None:
        _remember_wal(engine)


def recheck(place: Place, engine: Engine) -> None:
    """To be asked once the daemon's lock is held: until then somebody newer may have upgraded the database. Raises
    `StoreError` as `prepare` does. What it is to work on will be known to PostgreSQL.
    """
    with engine.connect() as db, db.begin():
        _current(db, place, create=False)
        analyze_if_unknown(db)


def _look_at_file(path: Path, *, create: bool) -> None:
    if path.is_dir():
        raise StoreError(f"{path}: is a directory; the database is a file in it")
    if not path.parent.is_dir():
        raise StoreError(f"{path}: there is no directory {path.parent}; create it, and the database, with: warmup init")
    if path.exists():
        return
    if not create:
        raise StoreError(f"{path}: there is no database; create it with: warmup init")
    if lock.beside(path).exists():
        # An empty one in its place would have another key: nothing of the pool's mail would be known as ours.
        raise StoreError(
            f"{path}: there was a database, and it is gone; put it back, or: warmup restore; or, to begin anew without "
            f"it, remove {lock.beside(path)}"
        )
    try:
        # Mail and the install's key are in it. SQLite gives its -wal and -shm files the same permissions.
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        pass  # another process was quicker
    except OSError as error:
        raise StoreError(f"{path}: can't be created: {error.strerror}") from error


def _current(db: Connection, place: Place, *, create: bool) -> bool:
    """Whether the database is of this program's revision; False if it is to be upgraded."""
    tables = set(inspect(db).get_table_names())
    if tables and not {"alembic_version", "install", "mailbox", "message"} <= tables:
        raise StoreError(f"{place.name}: isn't a database of warmup; give another one")
    if not tables:
        if not create:
            raise StoreError(f"{place.name}: the database is empty; fill it with: warmup init")
        return False
    revision = db.scalar(_REVISION)
    scripts = ScriptDirectory(str(MIGRATIONS))
    if revision not in {script.revision for script in scripts.walk_revisions()}:
        raise StoreError(f"{place.name}: database revision {revision} is newer than this program; upgrade warmup")
    if revision == scripts.get_current_head():
        return True
    if not create:
        raise StoreError(
            f"{place.name}: database revision {revision} is older than this program; upgrade it with: warmup init"
        )
    return False


def _refuse_beside_daemons(db: Connection, place: Place) -> None:
    """Raises `StoreError` if one is at work that couldn't go on with what is to be changed."""
    if not inspect(db).has_table("alembic_version"):
        return
    pending = ScriptDirectory(str(MIGRATIONS)).iterate_revisions("head", db.scalar(_REVISION))
    stopping = [script.revision for script in pending if not getattr(script.module, "rolling", False)]
    if stopping and not _taken_until_done(db, place):
        raise StoreError(
            f"{place.name}: what is at work on it is of an older version and couldn't go on with revision"
            f" {stopping[0]}; stop all daemons, then start the new ones"
        )


def _taken_until_done(db: Connection, place: Place) -> bool:
    """Whether no daemon is at work; on PostgreSQL none can begin either until the end of the transaction."""
    if place.path is not None:
        return lock.holder(place.path) is None
    return bool(db.scalar(text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": lock.KEY}))


def _upgrade(db: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = db
    command.upgrade(config, "head")
    if db.dialect.name == "sqlite":
        broken = db.exec_driver_sql("PRAGMA foreign_key_check").all()
        assert not broken, f"a migration left rows without the row they refer to: {broken[:3]}"


@contextmanager
def _without_foreign_keys(db: Connection) -> Iterator[None]:
    """SQLite changes a table by making another and dropping the first, which its rows' references wouldn't outlive.
    The switch does nothing within a transaction (https://www.sqlite.org/lang_altertable.html#otheralter).
    """
    if db.dialect.name != "sqlite":
        yield
        return
    driver = db.connection.cursor()
    driver.execute("PRAGMA foreign_keys = OFF")
    try:
        yield
    finally:
        driver.execute("PRAGMA foreign_keys = ON")
        driver.close()


def _remember_wal(engine: Engine) -> None:
    """Readers don't wait for the writer. The file remembers it, so it is asked for only once the file is known ours."""
    with engine.connect() as db:
        driver = db.connection.cursor()
        driver.execute("PRAGMA journal_mode = WAL")
        driver.close()
