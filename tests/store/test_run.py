"""Works are committed whole; those that wait together are committed together, and fail alone."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Connection, RootTransaction, text
from sqlalchemy.exc import DBAPIError

from tests.need import wait_until
from warmup.errors import StoreError, UsageError
from warmup.store import Store, installs, mailboxes

from .pool import Pool

Way = Callable[..., Coroutine[None, None, object]]


def rename(db: Connection, id: int, name: str) -> str:
    return mailboxes.change(db, id, name=name).name


def fail(db: Connection, id: int) -> None:
    rename(db, id, "lost")
    raise UsageError("this one's own trouble")


def first_name(db: Connection) -> str:
    return mailboxes.every(db)[0].name


async def together(store: Store, *works: Coroutine[None, None, object]) -> list[object]:
    """What becomes of works that the writer finds waiting all at once."""
    gate = threading.Event()

    def wait(_db: Connection) -> None:
        gate.wait()

    holding = asyncio.ensure_future(store.do(wait))
    waiting = [asyncio.ensure_future(work) for work in works]
    await asyncio.sleep(0)
    gate.set()
    await holding
    return list(await asyncio.gather(*waiting, return_exceptions=True))


async def test_what_waits_together_is_committed_together(pool: Pool) -> None:
    seen: list[RootTransaction | None] = []

    def note(db: Connection, name: str) -> str:
        seen.append(db.get_transaction())
        return rename(db, pool.ann.id, name)

    assert await together(pool.store, *(pool.store.do(note, str(number)) for number in range(9))) == [
        str(number) for number in range(9)
    ]
    assert len(seen) == 9
    assert len(set(seen)) == 1
    assert pool.store.run(mailboxes.get, "ann@one.test").name == "8"


async def test_quick_works_of_some_turns_of_the_loop_are_committed_together(pool: Pool) -> None:
    seen: list[RootTransaction | None] = []

    def note(db: Connection) -> None:
        seen.append(db.get_transaction())

    async def later(turns: int) -> None:
        for _ in range(turns):
            await asyncio.sleep(0)
        await pool.store.quickly(note)

    await asyncio.gather(*(later(turns) for turns in range(5)))
    assert len(seen) == 5
    assert len(set(seen)) == 1


async def test_one_callers_failure_is_only_its_own(pool: Pool) -> None:
    do = pool.store.do
    first, second, third = await together(
        pool.store, do(rename, pool.ann.id, "Anna"), do(fail, pool.bob.id), do(rename, pool.cid.id, "Sid")
    )
    assert (first, third) == ("Anna", "Sid")
    assert isinstance(second, UsageError)
    names = {mailbox.name for mailbox in pool.store.run(mailboxes.every)}
    assert names == {"Anna", "Bob", "Sid"}


async def test_an_error_of_the_database_leaves_the_others_whole_too(pool: Pool) -> None:
    def broken(db: Connection) -> None:
        db.execute(text("SELECT nonsense"))

    kept, failed = await together(pool.store, pool.store.do(rename, pool.ann.id, "Anna"), pool.store.do(broken))
    assert kept == "Anna"
    assert isinstance(failed, Exception)
    assert pool.store.run(mailboxes.get, "ann@one.test").name == "Anna"


async def test_a_result_is_told_only_after_the_commit(url: str, pool: Pool) -> None:
    assert await pool.store.do(rename, pool.ann.id, "Anna") == "Anna"
    with Store.open(url) as another:
        assert another.run(mailboxes.get, "ann@one.test").name == "Anna"


async def test_cancelling_who_waits_does_not_undo_the_work(pool: Pool) -> None:
    gate = threading.Event()

    def slow(db: Connection) -> None:
        gate.wait()
        rename(db, pool.ann.id, "Anna")

    waiting = asyncio.ensure_future(pool.store.do(slow))
    queued = asyncio.ensure_future(pool.store.do(rename, pool.bob.id, "Rob"))
    await asyncio.sleep(0)
    assert waiting.cancel()
    assert queued.cancel()
    gate.set()
    for cancelled in (waiting, queued):
        with pytest.raises(asyncio.CancelledError):
            await cancelled
    await pool.store.do(installs.get)
    assert {mailbox.name for mailbox in pool.store.run(mailboxes.every)} == {"Anna", "Rob", "Cid"}


@pytest.mark.parametrize("way", [Store.do, Store.quickly])
async def test_closing_finishes_what_waits_and_refuses_what_comes_after(url: str, pool: Pool, way: Way) -> None:
    store = Store.open(url)
    waiting = [asyncio.ensure_future(way(store, rename, pool.ann.id, str(number))) for number in range(600)]
    await asyncio.sleep(0)
    store.close()
    assert await asyncio.gather(*waiting) == [str(number) for number in range(600)]
    with pytest.raises(StoreError, match="closed"):
        await way(store, rename, pool.ann.id, "late")
    store.close()


def test_closing_waits_for_a_thread_that_looks_and_leaves_no_connection_open(url: str, pool: Pool) -> None:
    looking, seen = threading.Event(), threading.Event()
    done: list[str] = []

    def look(db: Connection) -> None:
        looking.set()
        seen.wait()
        done.append(first_name(db))

    def close() -> None:
        store.close()
        done.append("closed")

    def refuses() -> bool:
        try:
            store.run(first_name)
        except StoreError as error:
            return str(error).endswith(": closed")
        return False

    store = Store.open(url)
    with ThreadPoolExecutor() as threads:
        reading = threads.submit(store.read, look)
        looking.wait()
        closing = threads.submit(close)
        wait_until(refuses, "nobody new is let in")
        seen.set()
        reading.result()
        closing.result()
    assert done == ["Ann", "closed"]
    gc.collect()  # a connection that nobody has closed complains


async def test_a_quick_work_is_done_in_the_loops_thread_where_nobody_is_waited_for(url: str, pool: Pool) -> None:
    threads: list[int] = []

    def note(db: Connection, name: str) -> str:
        threads.append(threading.get_ident())
        return rename(db, pool.ann.id, name)

    async with asyncio.TaskGroup() as group:
        for number in range(9):
            group.create_task(pool.store.quickly(note, str(number)))
    here = threading.get_ident()
    assert [thread == here for thread in threads] == [not url.startswith("postgresql")] * 9  # a server is waited for
    with Store.open(url) as another:
        assert another.run(mailboxes.get, "ann@one.test").name == "8"


async def test_a_look_waits_for_no_turn_of_the_loop_and_sees_what_was_asked_for_before_it(pool: Pool, url: str) -> None:
    def name(db: Connection) -> str:
        return mailboxes.get(db, "ann@one.test").name

    turns: list[int] = []
    renaming = asyncio.ensure_future(pool.store.quickly(rename, pool.ann.id, "Anna"))
    await asyncio.sleep(0)
    asyncio.get_running_loop().call_soon(turns.append, 1)
    assert await pool.store.look(0, name) == "Anna"
    assert turns == ([1] if url.startswith("postgresql") else [])  # a server is waited for
    assert await renaming == "Anna"


async def test_only_for_what_must_not_be_forgotten_the_disk_is_waited_for(tmp_path: Path) -> None:
    def level(db: Connection) -> int:
        found: int = db.exec_driver_sql("PRAGMA synchronous").scalar_one()
        return found

    normal, full = 1, 2
    with Store.open(str(tmp_path / "warmup.db"), create=True) as store:
        assert store.run(level) == full
        assert await store.quickly(level) == await store.do(level) == full
        assert await store.lightly(level) == await store.look(0, level) == await store.look(None, level) == normal
        assert await store.do(level) == full
        assert list(await asyncio.gather(store.lightly(level), store.quickly(level))) == [full, full]
        assert list(await asyncio.gather(store.lightly(level), store.lightly(level))) == [normal, normal]


@pytest.mark.parametrize(("found", "here"), [(None, False), (0, True), (49, True), (50, False)])
async def test_a_look_keeps_the_loop_only_where_little_was_found(
    url: str, pool: Pool, found: int | None, here: bool
) -> None:
    thread = await pool.store.look(found, lambda _: threading.get_ident())
    assert (thread == threading.get_ident()) is (here and not url.startswith("postgresql"))


async def test_a_quick_work_comes_after_those_that_were_asked_for_before_it(pool: Pool) -> None:
    done: list[str] = []

    def long(_: Connection) -> None:
        begun.set()
        gate.wait()
        done.append("long")

    def quick(_: Connection) -> None:
        done.append("quick")

    begun, gate = threading.Event(), threading.Event()
    waiting = [asyncio.ensure_future(pool.store.do(long))]
    await asyncio.to_thread(begun.wait)
    waiting += [asyncio.ensure_future(pool.store.quickly(quick)) for _ in range(3)]
    await asyncio.sleep(0)
    assert done == []
    gate.set()
    await asyncio.gather(*waiting)
    assert done == ["long", "quick", "quick", "quick"]


async def test_of_quick_works_too_one_callers_failure_is_only_its_own(pool: Pool) -> None:
    quickly = pool.store.quickly
    first, second, third = await asyncio.gather(
        quickly(rename, pool.ann.id, "Anna"),
        quickly(fail, pool.bob.id),
        quickly(rename, pool.cid.id, "Sid"),
        return_exceptions=True,
    )
    assert (first, third) == ("Anna", "Sid")
    assert isinstance(second, UsageError)
    with pytest.raises(UsageError):
        await quickly(fail, pool.bob.id)
    assert {mailbox.name for mailbox in pool.store.run(mailboxes.every)} == {"Anna", "Bob", "Sid"}


async def test_a_work_that_raises_is_undone(pool: Pool) -> None:
    with pytest.raises(UsageError):
        pool.store.run(fail, pool.ann.id)
    with pytest.raises(UsageError):
        await pool.store.do(fail, pool.ann.id)
    assert pool.store.run(mailboxes.get, "ann@one.test").name == "Ann"


async def test_works_of_other_threads_and_of_the_writer_wait_for_each_other(pool: Pool) -> None:
    def elsewhere() -> None:
        for number in range(20):
            pool.store.run(rename, pool.bob.id, str(number))

    others = asyncio.to_thread(elsewhere)
    mine = (pool.store.do(rename, pool.ann.id, str(number)) for number in range(20))
    await asyncio.gather(others, *mine)
    assert pool.store.run(mailboxes.get, "bob@one.test").name == "19"


def test_the_installs_key_is_in_no_message(pool: Pool) -> None:
    key = pool.store.run(installs.get).key

    def broken(db: Connection) -> None:
        db.execute(text("SELECT nonsense WHERE :key = 'a'"), {"key": key})

    with pytest.raises(DBAPIError) as failed:
        pool.store.run(broken)
    assert key not in str(failed.value)


def test_a_database_that_fails_is_one_line_with_its_name(pool: Pool) -> None:
    def full(db: Connection) -> None:
        """What SQLite and PostgreSQL say when something is wrong outside."""
        if db.dialect.name == "sqlite":
            db.execute(text("PRAGMA max_page_count = 1"))
            db.execute(text("CREATE TABLE more AS SELECT zeroblob(100000) AS data"))
        else:
            db.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    with pytest.raises(StoreError) as failed:
        pool.store.run(full)
    assert str(failed.value).startswith(f"{pool.store.name}: ")
    assert "\n" not in str(failed.value)


async def test_after_a_lost_connection_the_next_work_gets_another(pool: Pool) -> None:
    def end(db: Connection) -> None:
        if db.dialect.name == "postgresql":
            mine = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            db.execute(text(f"{mine} WHERE datname = current_database() AND pid <> pg_backend_pid()"))

    await asyncio.gather(*(pool.store.do(rename, pool.ann.id, "Anna") for _ in range(3)))
    await asyncio.to_thread(pool.store.run, end)
    assert await pool.store.do(rename, pool.ann.id, "Anita") == "Anita"


def test_who_only_reads_waits_for_no_writer_sees_one_moment_and_changes_nothing(pool: Pool) -> None:
    def look(db: Connection) -> tuple[str, str]:
        before = first_name(db)
        pool.store.run(rename, pool.ann.id, "somebody else")  # by another connection, in the middle of ours
        return before, first_name(db)

    assert pool.store.read(look) == ("Ann", "Ann")
    assert pool.store.run(first_name) == "somebody else"
    assert pool.store.run(lambda _: pool.store.read(first_name)) == "somebody else"
    if pool.store.name.startswith("postgresql"):
        with pytest.raises(StoreError, match="read-only"):
            pool.store.read(rename, pool.ann.id, "lost")
    else:
        pool.store.read(rename, pool.ann.id, "lost")
    assert pool.store.run(first_name) == "somebody else"
