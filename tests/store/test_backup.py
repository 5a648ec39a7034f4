"""A copy is whole, of one moment and its owner's alone; what is put back sends nothing twice."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from threading import Event, Thread

import pytest
from sqlalchemy import Connection, make_url, text

from tests.postgres import fresh_database, programs
from warmup.errors import OperatorError, StoreError, UsageError
from warmup.store import Store, back_up, begin_anew, installs, mailboxes, messages, restore

from .pool import NOON, Pool

LATER = datetime(2026, 3, 2, 18, tzinfo=UTC)


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[tuple[Path, Path, Pool]]:
    """A database in use, a backup of it, and its pool."""
    database, backup = tmp_path / "warmup.db", tmp_path / "copy" / "backup.db"
    backup.parent.mkdir()
    with Store.open(str(database), create=True) as store:
        pool = Pool(store)
        pool.sent(pool.ann, pool.bob)
        back_up(str(database), backup)
        yield database, backup, pool


def content(file: Path) -> bytes | None:
    return file.read_bytes() if file.exists() else None


def refused(database: Path, file: Path, kind: type[OperatorError] = StoreError) -> str:
    """What is said to a restore that must change nothing."""
    before = content(database), set(database.parent.iterdir()) - {database.with_name(f"{database.name}.lock")}
    with pytest.raises(kind) as error:
        restore(str(database), file, LATER)
    now = content(database), set(database.parent.iterdir()) - {database.with_name(f"{database.name}.lock")}
    assert now == before
    return str(error.value)


def test_a_copy_holds_what_is_in_the_log_of_a_database_in_use(kept: tuple[Path, Path, Pool]) -> None:
    database, backup, pool = kept
    assert database.with_name("warmup.db-wal").stat().st_size > 0
    with closing(sqlite3.connect(backup)) as copy:
        assert copy.execute("PRAGMA journal_mode").fetchone() == ("delete",)  # one file, complete in itself
        assert copy.execute("SELECT count(*) FROM message WHERE sent_at IS NOT NULL").fetchone() == (1,)
    with Store.open(str(backup)) as store:
        assert store.run(installs.get) == pool.store.run(installs.get)


def test_a_copy_is_of_one_moment_however_much_is_written_meanwhile(tmp_path: Path) -> None:
    database, done = str(tmp_path / "warmup.db"), Event()

    def write(db: Connection, number: int) -> None:
        """Two tables that never differ."""
        db.execute(text("UPDATE day SET volume = :number"), {"number": number})
        db.execute(text("UPDATE mailbox SET curve = :number"), {"number": str(number)})

    def keep_writing(store: Store) -> None:
        for number in count():
            if done.is_set():
                break
            store.run(write, number)

    with Store.open(database, create=True) as store:
        Pool(store)
        store.run(write, 0)
        writer = Thread(target=keep_writing, args=(store,))
        writer.start()
        try:
            seen = []
            for number in range(5):
                back_up(database, tmp_path / f"{number}.db")
                with closing(sqlite3.connect(tmp_path / f"{number}.db")) as copy:
                    seen += copy.execute("SELECT DISTINCT day.volume, mailbox.curve FROM day, mailbox").fetchall()
        finally:
            done.set()
            writer.join()
    assert len(seen) == 5
    assert all(str(volume) == curve for volume, curve in seen)


def test_a_copy_is_its_owners_alone_and_takes_the_place_of_another_only_when_forced(
    kept: tuple[Path, Path, Pool],
) -> None:
    database, backup, pool = kept
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    before = backup.read_bytes()
    pool.plan(pool.bob, 1)
    pool.sent(pool.bob, pool.ann)
    with pytest.raises(UsageError, match=r"backup\.db: is there already; --force replaces it"):
        back_up(str(database), backup)
    assert backup.read_bytes() == before
    assert back_up(str(database), backup, replace=True).messages == 2
    assert [file.name for file in backup.parent.iterdir()] == ["backup.db"]


@pytest.mark.parametrize("end", ["", "-wal", "-shm", ".lock"])
def test_no_copy_takes_the_place_of_the_database_itself(kept: tuple[Path, Path, Pool], end: str) -> None:
    database, _, _ = kept
    before = database.read_bytes()
    with pytest.raises(UsageError, match="is the database itself"):
        back_up(str(database), database.with_name(database.name + end), replace=True)
    assert database.read_bytes() == before


def test_what_can_not_be_copied_says_so_and_leaves_nothing(kept: tuple[Path, Path, Pool], tmp_path: Path) -> None:
    database, backup, _ = kept
    letter = tmp_path / "letter.txt"
    letter.write_text("Dear Ann,\n" * 200)
    for source, target, words in (
        (tmp_path / "none.db", tmp_path / "x.db", "none.db: there is no database to back up"),
        (letter, tmp_path / "x.db", "letter.txt: file is not a database"),
        (database, tmp_path / "nowhere" / "x.db", r"x.db.partial: can't be written: No such file or directory"),
    ):
        with pytest.raises(StoreError, match=words):
            back_up(str(source), target)
    assert not list(tmp_path.glob("*x.db*"))
    assert backup.exists()


def test_a_backup_comes_back_and_what_it_replaces_is_kept(kept: tuple[Path, Path, Pool]) -> None:
    database, backup, pool = kept
    pool.plan(pool.bob, 1)
    pool.sent(pool.bob, pool.cid)
    pool.store.close()
    restored = restore(str(database), backup, LATER)
    assert (restored.contents.mailboxes, restored.contents.messages, restored.contents.days) == (3, 1, 1)
    assert restored.anew.made_at == NOON
    assert restored.aside == database.with_name("warmup.db.before-20260302T180000Z")
    with Store.open(str(database)) as now, Store.open(str(restored.aside)) as then:
        assert [len(store.run(messages.recent, 9)) for store in (now, then)] == [1, 2]
        assert now.run(installs.get).key == then.run(installs.get).key
    assert stat.S_IMODE(database.stat().st_mode) == 0o600
    again = restore(str(database), backup, LATER)
    assert again.aside == database.with_name("warmup.db.before-20260302T180000Z-1")


def test_a_log_that_a_crash_left_goes_aside_with_its_database(kept: tuple[Path, Path, Pool], tmp_path: Path) -> None:
    database, backup, pool = kept
    crashed = tmp_path / "crashed" / "warmup.db"
    crashed.parent.mkdir()
    for end in ("", "-wal"):  # as they lie there while it is in use
        crashed.with_name(crashed.name + end).write_bytes(database.with_name(database.name + end).read_bytes())
    restored = restore(str(crashed), backup, LATER)
    assert restored.aside is not None
    with Store.open(str(crashed)) as now, Store.open(str(restored.aside)) as then:
        assert [row.sent_at for store in (now, then) for row in store.run(messages.recent, 9)] == [NOON, NOON]
        assert pool.ann in then.run(mailboxes.every)


def test_a_backup_comes_back_where_no_database_is(kept: tuple[Path, Path, Pool], tmp_path: Path) -> None:
    _, backup, pool = kept
    elsewhere = tmp_path / "elsewhere" / "warmup.db"
    elsewhere.parent.mkdir()
    assert restore(str(elsewhere), backup, LATER).aside is None
    with Store.open(str(elsewhere)) as store:
        assert pool.ann in store.run(mailboxes.every)


def test_nothing_is_put_in_the_place_of_a_database_at_which_a_daemon_works(kept: tuple[Path, Path, Pool]) -> None:
    database, backup, pool = kept
    pool.store.lock()
    assert "is at work on this database; stop it first" in refused(database, backup)


def test_what_is_no_backup_of_ours_is_refused_and_changes_nothing(
    kept: tuple[Path, Path, Pool], tmp_path: Path
) -> None:
    database, backup, pool = kept
    pool.store.close()
    aside = tmp_path / "others"
    aside.mkdir()
    letter, foreign, empty, broken = (aside / name for name in ("letter", "foreign.db", "empty.db", "broken.db"))
    letter.write_text("Dear Ann,\n" * 200)
    empty.touch()
    with closing(sqlite3.connect(foreign)) as db:
        db.execute("CREATE TABLE orders (id INTEGER)")
    octets = backup.read_bytes()
    broken.write_bytes(octets[:8192] + bytes(4096) + octets[12288:])
    assert refused(database, aside / "none") == f"{aside}/none: there is no such file"
    assert refused(database, letter) == f"{letter}: file is not a database"
    assert refused(database, empty) == f"{empty}: isn't a database of warmup"
    assert refused(database, foreign) == f"{foreign}: isn't a database of warmup"
    assert refused(database, broken).startswith(f"{broken}: is damaged: ")
    assert "is the database itself" in refused(database, database, UsageError)


def test_a_row_that_refers_to_nothing_is_damage(kept: tuple[Path, Path, Pool]) -> None:
    database, backup, pool = kept
    pool.store.close()
    with closing(sqlite3.connect(backup)) as db:
        db.execute("DELETE FROM mailbox WHERE id = 2")
        db.commit()
    assert refused(database, backup) == f"{backup}: is damaged: a row of message refers to nothing"


def test_a_backup_of_a_newer_program_is_refused(kept: tuple[Path, Path, Pool]) -> None:
    database, backup, pool = kept
    pool.store.close()
    with closing(sqlite3.connect(backup)) as db:
        db.execute("UPDATE alembic_version SET version_num = '9999'")
        db.commit()
    assert refused(database, backup) == f"{backup}: database revision 9999 is newer than this program; upgrade warmup"


def test_what_is_said_of_postgresql_backs_it_up_and_restores_it(
    postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, bin_ = fresh_database(postgres_url), programs()
    monkeypatch.setenv("PGPASSWORD", make_url(url).password or "")
    monkeypatch.setenv("PATH", f"{bin_}:{os.environ['PATH']}")
    with Store.open(url, create=True) as store:
        pool = Pool(store)
        sent = pool.sent(pool.ann, pool.bob)
        with pytest.raises(UsageError) as told:
            back_up(url, tmp_path / "w.dump")
        run(str(told.value).partition("for this: ")[2])
        later = pool.planned(pool.ann, pool.bob)
    with pytest.raises(UsageError) as told:
        restore(url, tmp_path / "w.dump", LATER)
    run(str(told.value).split(", then ")[1])
    with Store.open(url) as store:
        assert store.run(messages.called, sent.message_id) == sent
        assert store.run(messages.called, later.message_id) is None
        assert store.run(begin_anew, LATER).made_at == NOON


def run(command: str) -> None:
    done = subprocess.run(command.split(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_postgresql_is_left_to_its_own_programs(postgres_url: str, tmp_path: Path) -> None:
    url = fresh_database(postgres_url)
    shown = url.replace(url.split(":")[2].partition("@")[0], "", 1).replace(":@", "@")
    with pytest.raises(UsageError) as error:
        back_up(url, tmp_path / "w.dump")
    assert str(error.value).endswith(f": pg_dump --format=custom --file={tmp_path}/w.dump {shown}")
    with pytest.raises(UsageError) as error:
        restore(url, tmp_path / "w.dump", LATER)
    assert f"pg_restore --clean --if-exists --no-owner --dbname={shown} {tmp_path}/w.dump" in str(error.value)
    assert str(error.value).endswith("then warmup restore --in-place")
