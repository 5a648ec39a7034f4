"""A database that fails says so in one line, to all who wait for it at once; and one that is lost is never taken for
another.
"""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Connection

from warmup.errors import StoreDown, StoreError, UsageError
from warmup.store import Store, installs

from .conftest import Server

WAIT = 0.3  # seconds, in place of ten
MANY = 50


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("warmup.store.engine._BUSY", WAIT)
    monkeypatch.setattr("warmup.store.lock._PATIENCE", "50ms")


@pytest.fixture
def file(tmp_path: Path, pattern: Path) -> Path:
    """A filled SQLite database."""
    return Path(shutil.copy(pattern, tmp_path / "w.db"))


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """An entry each time a transaction is begun, or a connection made."""
    seen: list[Path] = []

    def looking(path: Path) -> tuple[int, int]:
        seen.append(path)
        return 0, 0

    monkeypatch.setattr("warmup.store.engine._file_at", looking)
    return seen


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """By another process."""
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    yield
    other.close()


async def outcomes(store: Store) -> list[BaseException]:
    """What becomes of many works that are asked for at once."""
    asked = (store.do(installs.get) for _ in range(MANY))
    return [result for result in await asyncio.gather(*asked, return_exceptions=True) if isinstance(result, Exception)]


async def test_all_who_wait_for_a_locked_database_wait_together_and_not_each_in_turn(
    file: Path, looks: list[Path]
) -> None:
    with Store.open(str(file)) as store:
        with locked(file):
            looks.clear()
            told = await outcomes(store)
            assert len(looks) <= 3  # the first may have been alone, and the rest are another batch
        assert len(told) == MANY
        assert {(type(error), str(error)) for error in told} == {(StoreDown, f"{file}: database is locked")}
        assert await outcomes(store) == []


async def test_a_file_that_took_the_place_of_another_is_not_connected_to(file: Path) -> None:
    def name(db: Connection, text: str) -> None:
        db.exec_driver_sql("UPDATE install SET seed = ?", (text,))

    aside = file.with_name("aside.db")

    def take() -> None:
        file.rename(aside)
        shutil.copy(aside, file)

    with Store.open(str(file)) as store:
        await store.quickly(name, "kept")  # in the log beside the file, over the one connection that there is
        take()
        with pytest.raises(StoreError, match="was deleted or replaced while it was in use"):
            store.run(installs.get)
        aside.replace(file)
        store.run(installs.get)
    with Store.open(str(file)) as store:
        assert store.run(lambda db: db.exec_driver_sql("SELECT seed FROM install").scalar()) == "kept"


async def test_the_loop_goes_on_while_a_quick_work_waits_for_another_process_that_writes(file: Path) -> None:
    def name(db: Connection, text: str) -> None:
        db.exec_driver_sql("UPDATE install SET seed = ?", (text,))

    with Store.open(str(file)) as store, closing(sqlite3.connect(file, isolation_level=None)) as other:
        await store.quickly(name, "one")
        for turn in ("two", "three"):
            other.execute("BEGIN IMMEDIATE")
            waiting = asyncio.ensure_future(store.quickly(name, turn))
            for _ in range(5):
                await asyncio.sleep(0)
            assert not waiting.done()
            other.execute("COMMIT")
            await waiting
            assert store.run(lambda db: db.exec_driver_sql("SELECT seed FROM install").scalar()) == turn


async def test_a_database_that_is_locked_while_works_are_done_again_one_by_one_is_waited_for_once(
    file: Path, looks: list[Path]
) -> None:
    other = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    held, gate = threading.Event(), threading.Event()
    tries: list[int] = []

    def hold(_: Connection) -> None:
        held.set()
        gate.wait()

    def fail(db: Connection) -> None:
        tries.append(1)
        if len(tries) == 1:
            db.exec_driver_sql("COMMIT")
            other.execute("BEGIN IMMEDIATE")
        raise UsageError("this one's own trouble")

    with Store.open(str(file)) as store:
        holding = asyncio.ensure_future(store.do(hold))
        await asyncio.to_thread(held.wait)
        asked = [
            asyncio.ensure_future(work) for work in (store.do(fail), *(store.do(installs.get) for _ in range(MANY)))
        ]
        await asyncio.sleep(0)
        looks.clear()
        gate.set()
        await holding
        told = await asyncio.gather(*asked, return_exceptions=True)
        other.close()
    assert {type(error) for error in told} == {StoreDown}
    assert len(looks) == 2  # together, and the first alone


@pytest.mark.parametrize("how", ["deleted", "replaced"])
def test_a_file_that_was_deleted_or_replaced_is_not_written_to_and_not_made_anew(file: Path, how: str) -> None:
    with Store.open(str(file)) as store:
        store.run(installs.get)
        file.unlink()
        if how == "replaced":
            file.write_bytes(b"")
        with pytest.raises(StoreError, match="was deleted or replaced while it was in use") as told:
            store.run(installs.get)
        assert not isinstance(told.value, StoreDown)
        with pytest.raises(StoreError):
            store.run(installs.get)
    assert file.exists() == (how == "replaced")


def test_where_a_daemon_was_at_work_a_missing_database_is_not_made_anew(file: Path) -> None:
    with Store.open(str(file)) as store:
        store.lock()
    file.unlink()
    with pytest.raises(StoreError, match=r"there was a database, and it is gone; .* remove .*\.db\.lock$"):
        Store.open(str(file), create=True)
    assert not file.exists()


@pytest.mark.postgres
async def test_who_lost_the_lock_with_the_connection_writes_nothing_before_having_it_again(server: Server) -> None:
    url = server.filled()
    first, second = Store.open(url), Store.open(url)
    first.lock()
    await first.do(installs.get)
    with psycopg.connect(url, autocommit=True) as postgres:
        postgres.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    for _ in range(2):
        with pytest.raises(StoreDown):
            await first.do(installs.get)
    second.lock()
    with pytest.raises(StoreError, match=r"a daemon .* is at work on this database") as told:
        first.lock()
    assert not isinstance(told.value, StoreDown)
    with pytest.raises(StoreDown, match="the connection is lost, and the daemon's lock with it"):
        await first.do(installs.get)
    second.close()
    first.lock()
    await first.do(installs.get)
    first.close()


@pytest.mark.postgres
async def test_a_row_that_somebody_else_holds_is_not_waited_for_for_ever(server: Server) -> None:
    url = server.filled()
    with Store.open(url) as store:
        store.lock()
        with psycopg.connect(url) as other:
            other.execute("LOCK TABLE install")
            with pytest.raises(StoreDown, match="canceling statement due to lock timeout"):
                await store.do(installs.get)
        assert await store.do(installs.get)


def test_an_interruption_among_quick_works_is_heard_and_they_are_done(file: Path) -> None:
    done: list[str] = []

    def interrupted(_: Connection) -> None:
        if not done:  # as by a signal, which comes once
            done.append("interrupted")
            raise KeyboardInterrupt
        done.append("whole")

    def other(_: Connection) -> None:
        done.append("other")

    async def both() -> None:
        await asyncio.gather(store.quickly(interrupted), store.quickly(other))

    with Store.open(str(file)) as store, pytest.raises(KeyboardInterrupt):
        asyncio.run(both())
    assert done == ["interrupted", "whole", "other"]  # closing has waited for them
