"""The memory fails under the daemon: what may pass is waited for and told in one line, what can't ends it with one; and
nothing is lost, sent twice or begun anew in its place.
"""

from __future__ import annotations

import os
import resource
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from tests.need import missing
from tests.postgres import Cluster, fresh_database, lacking
from warmup.errors import StoreDown, StoreError
from warmup.model import Response
from warmup.smtp import Session

from .service import NOON, due, serving
from .world import MONDAY, World

HOUR = timedelta(hours=1)
LATER = MONDAY + timedelta(hours=20)  # all of Monday's mail has been read
Harm = Callable[[Path], Callable[[], None]]


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("warmup.store.engine._BUSY", 0.05)
    monkeypatch.setattr("warmup.store.lock._PATIENCE", "50ms")
    monkeypatch.setattr("warmup.daemon.run._AGAIN", 0.05)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small real one."""
    place = tmp_path / "disk"
    place.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", place], check=False).returncode:
        missing("a disk of its own needs the right to mount a tmpfs (root)")
    yield place
    subprocess.run(["umount", "--lazy", place], check=True)


def database(folder: Path) -> str:
    return f"sqlite:///{folder}/warmup.db"


def lock(folder: Path) -> Callable[[], None]:
    other = sqlite3.connect(folder / "warmup.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    return other.close


def fill(folder: Path) -> Callable[[], None]:
    """All there is left is taken, to the last octet."""
    filler = os.open(folder / "filler", os.O_CREAT | os.O_WRONLY)
    for size in (4096, 1):
        while True:
            try:
                os.write(filler, b"x" * size)
            except OSError:
                break
    os.close(filler)
    return (folder / "filler").unlink


def break_down(_: Path) -> Callable[[], None]:
    """Nothing can be written any more, as on a disk that the kernel has made read-only in its trouble: SQLite hears
    EROFS then, and EFBIG here; both are an I/O error to it.
    """
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, before)


FAULTS: dict[str, tuple[Harm, str]] = {
    "locked by another process": (lock, "database is locked"),
    "disk full": (fill, "database or disk is full"),
    "disk read-only": (break_down, "disk I/O error"),
}


def finished(world: World) -> None:
    """The laws hold, and everything that was sent on Monday has arrived."""
    world.check_laws()
    assert not world.pauses
    assert not world.events("bug")
    sent = [message for message in world.messages if message.data_at and message.local_date == MONDAY.date()]
    assert sent
    assert [message.state for message in sent if not message.found_at] == []


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_database_that_can_not_be_written_is_waited_for_and_told_in_one_line(disk: Path, fault: str) -> None:
    harm, words = FAULTS[fault]
    async with World(disk, size=3, database=database(disk)) as world:
        everybody = [account.address for account in world.accounts]
        due(world, everybody, NOON, NOON + HOUR)
        world.clock.jump(NOON)
        async with serving(world) as service:
            await service.hears("sent", 3)
            heal = harm(disk)
            try:
                world.clock.jump(NOON + HOUR)
                await service.hears("stalled")
            finally:
                heal()
            await service.hears("resumed")
            await service.hears("sent", 6)
        (stalled,) = world.events("stalled")
        assert stalled.fields["why"] == f"{disk}/warmup.db: {words}"
        assert [fact.fields["stalled_since"] for fact in world.events("resumed")] == [NOON + HOUR]
        assert len(world.servers.ledger.accepted) == 6
        await world.live(LATER)
        finished(world)


@pytest.mark.parametrize("fault", FAULTS)
async def test_what_a_server_took_while_nothing_could_be_written_is_found_and_never_sent_again(
    disk: Path, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    harm, _ = FAULTS[fault]
    data = Session.data
    heals: list[Callable[[], None]] = []

    async def taken(session: Session, message: bytes) -> Response:
        said = await data(session, message)
        if not heals:
            heals.append(harm(disk))
        return said

    async with World(disk, size=3, database=database(disk)) as world:
        ann = world.accounts[0].address
        due(world, [ann], NOON)
        world.clock.jump(NOON)
        with monkeypatch.context() as patched:
            patched.setattr(Session, "data", taken)
            async with serving(world) as service:
                await service.hears("stalled")
                heals[0]()
                await service.hears("resumed")
        (message,) = (message for message in world.messages if message.data_at)
        assert (message.state, message.reason) == ("uncertain", "interrupted before the server's answer")
        await world.live(LATER)
        assert [fact.fields["id"] for fact in world.events("settled")] == [message.message_id]
        finished(world)


async def test_a_daemon_that_is_told_to_stop_while_it_waits_for_the_database_does(disk: Path) -> None:
    async with World(disk, size=3, database=database(disk)) as world:
        async with serving(world) as service:
            await service.hears("started")
            heal = lock(disk)
            await service.hears("stalled")
        heal()
        assert [fact.event for fact in world.facts[-2:]] == ["stopping", "stopped"]


def remount(place: Path, how: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{how}", place], check=True)


async def test_on_a_read_only_disk_no_daemon_starts_and_it_says_why_in_one_line(disk: Path) -> None:
    async with World(disk, size=3, database=database(disk)) as world:
        await world.live(NOON)
        remount(disk, "ro")
        with pytest.raises(StoreDown) as told:
            await world.live(LATER)
        assert str(told.value) in {
            f"{disk}/warmup.db: attempt to write a readonly database",
            f"{disk}/warmup.db: unable to open database file",
        }
        remount(disk, "rw")
        await world.live(LATER)
        world.check_laws()


async def ended(world: World, event: str, times: int, harm: Callable[[], None]) -> StoreError:
    """What the daemon ends with, when it is harmed after so many facts."""
    try:
        async with serving(world) as service:
            await service.hears(event, times)
            harm()
            await service.ends()
    except StoreError as trouble:
        return trouble
    raise AssertionError("it went on")


def scribble(path: Path) -> None:
    """Overwrites the file in use, but for its first page, in a moment in which its owner believes nothing it has read
    before.
    """
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    other.execute("BEGIN IMMEDIATE")
    other.execute("UPDATE mailbox SET name = name || ''")
    with path.open("r+b") as file:
        size = file.seek(4096)
        file.write(b"\xa5" * (path.stat().st_size - size))
    other.execute("COMMIT")
    other.close()


async def test_a_database_that_is_damaged_under_the_daemon_ends_it_with_one_line(tmp_path: Path) -> None:
    async with World(tmp_path, size=3) as world:
        due(world, [account.address for account in world.accounts], NOON)
        trouble = await ended(world, "started", 1, lambda: scribble(tmp_path / "warmup.db"))
        assert str(trouble) == f"{tmp_path}/warmup.db: database disk image is malformed"
        assert not isinstance(trouble, StoreDown)
        assert not world.events("bug", "stalled")
        with pytest.raises(StoreError, match="malformed"):
            await world.live(LATER)
        assert not world.servers.ledger.accepted


@pytest.mark.parametrize("how", ["moved away", "replaced"])
async def test_a_database_that_is_taken_from_under_the_daemon_ends_it_and_put_back_it_goes_on(
    tmp_path: Path, how: str
) -> None:
    path, aside = tmp_path / "warmup.db", tmp_path / "aside.db"
    async with World(tmp_path, size=3) as world:
        everybody = [account.address for account in world.accounts]
        due(world, everybody, NOON, NOON + HOUR)
        world.clock.jump(NOON)

        def take() -> None:
            path.rename(aside)
            if how == "replaced":
                shutil.copy(aside, path)
            world.clock.jump(NOON + HOUR)

        trouble = await ended(world, "sent", 3, take)
        words = "was deleted or replaced while it was in use; put it back, or: warmup restore"
        assert str(trouble) == f"{path}: {words}"
        assert len(world.servers.ledger.accepted) == 3
        aside.replace(path)
        await world.live(LATER)
        assert len(world.servers.ledger.accepted) == 6
        finished(world)


async def test_in_the_place_of_a_deleted_database_no_empty_one_is_made(tmp_path: Path) -> None:
    path, lock_file = tmp_path / "warmup.db", tmp_path / "warmup.db.lock"
    async with World(tmp_path, size=3) as world:
        await world.live(MONDAY + HOUR)
        path.unlink()
        with pytest.raises(StoreError, match=r"warmup\.db: there was a database, and it is gone; put it back, or: "):
            await world.live(LATER)
        assert not path.exists()
        lock_file.unlink()  # as the line says
        await world.live(LATER)
        assert not world.pool


@contextmanager
def postgres() -> Iterator[Cluster]:
    if reason := lacking():
        missing(reason)
    with Cluster() as cluster:
        yield cluster


@pytest.mark.postgres
async def test_a_postgresql_that_is_restarted_is_waited_for_and_told_in_one_line(tmp_path: Path) -> None:
    with postgres() as cluster:
        async with World(tmp_path, size=3, database=fresh_database(cluster.url)) as world:
            everybody = [account.address for account in world.accounts]
            due(world, everybody, NOON, NOON + HOUR)
            world.clock.jump(NOON)
            async with serving(world) as service:
                await service.hears("sent", 3)
                cluster.stop()
                world.clock.jump(NOON + HOUR)
                await service.hears("stalled")
                cluster.start()
                await service.hears("resumed")
                await service.hears("sent", 6)
                with pytest.raises(StoreError, match="is at work on this database; stop it first"):
                    await world.live(LATER)  # another daemon: the lock, lost with the server, was taken again
            assert len(world.events("stalled")) == len(world.events("resumed")) == 1
            await world.live(LATER)
            finished(world)
