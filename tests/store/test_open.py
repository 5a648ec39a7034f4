"""What can't be used is refused in one line that says what to do; what can is made, upgraded, and locked."""

from __future__ import annotations

import fcntl
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import threading
from pathlib import Path

import psycopg
import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from warmup.errors import StoreError
from warmup.store import Store, installs, mailboxes, schema

from .conftest import Databases
from .pool import Pool

HEAD = ScriptDirectory(str(schema.MIGRATIONS)).get_current_head()
NEXT = f"""
import sqlalchemy as sa
from alembic import op

revision = "tomorrow"
down_revision = "{HEAD}"


def upgrade() -> None:
    with op.batch_alter_table("mailbox") as mailbox:
        mailbox.alter_column("name", type_=sa.Text())  # SQLite makes another table and drops this one
"""


@pytest.fixture
def newer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The program of tomorrow: its migrations have one more step. Not in force before `monkeypatch` says so."""
    migrations = tmp_path / "100% newer"
    shutil.copytree(schema.MIGRATIONS, migrations)
    (migrations / "versions" / "r9999_tomorrow.py").write_text(NEXT)
    return migrations


def refused(url: str, *, create: bool = False) -> str:
    with pytest.raises(StoreError) as error:
        Store.open(url, create=create)
    assert "\n" not in str(error.value)
    return str(error.value)


def foreign(url: str, *statements: str) -> None:
    """Another program's tables."""
    if url.startswith("postgresql"):
        with psycopg.connect(url) as server:
            for statement in statements:
                server.execute(statement)
    else:
        file = sqlite3.connect(url)
        for statement in statements:
            file.execute(statement)
        file.commit()
        file.close()


def test_a_made_database_has_an_install_of_its_own(databases: Databases) -> None:
    made = []
    for url in (databases.empty(), databases.empty()):
        with Store.open(url, create=True) as store:
            made.append(store.run(installs.get))
        with Store.open(url, create=True, seed="too late") as store:
            assert store.run(installs.get) == made[-1]
    assert made[0].seed != made[1].seed
    assert made[0].key != made[1].key


def test_a_seed_can_be_given_when_a_database_is_made(databases: Databases) -> None:
    with Store.open(databases.empty(), create=True, seed="demo") as store:
        assert store.run(installs.get).seed == "demo"


def test_an_empty_database_is_made_only_when_asked(databases: Databases, tmp_path: Path) -> None:
    url = databases.empty()
    assert "warmup init" in refused(url)
    assert list(tmp_path.iterdir()) == []
    Store.open(url, create=True).close()
    Store.open(url).close()


def test_a_database_of_another_program_is_refused_and_left_alone(databases: Databases) -> None:
    url = databases.empty()
    foreign(url, "CREATE TABLE orders (id INTEGER)")
    content = Path(url).read_bytes() if Path(url).exists() else None
    for create in (False, True):
        assert "isn't a database of warmup" in refused(url, create=create)
    assert content is None or Path(url).read_bytes() == content
    foreign(url, "CREATE TABLE alembic_version (version_num TEXT)", "INSERT INTO alembic_version VALUES ('0001')")
    assert "isn't a database of warmup" in refused(url, create=True)


def test_a_database_newer_than_the_program_is_refused(databases: Databases) -> None:
    url = databases.filled()
    foreign(url, "UPDATE alembic_version SET version_num = '9999'")
    for create in (False, True):
        assert refused(url, create=create).endswith(
            ": database revision 9999 is newer than this program; upgrade warmup"
        )


def test_an_older_database_is_upgraded_when_asked_and_keeps_what_it_holds(
    databases: Databases, newer: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = databases.filled()
    with Store.open(url) as store:
        pool = Pool(store)
        sent = pool.sent(pool.ann, pool.bob)
    monkeypatch.setattr(schema, "MIGRATIONS", newer)
    assert refused(url).endswith(f": database revision {HEAD} is older than this program; upgrade it with: warmup init")
    with Store.open(url, create=True) as store:
        assert pool.ann in store.run(mailboxes.every)
        pool.store = store
        assert pool.again(sent) == sent
    Store.open(url).close()
    monkeypatch.undo()
    assert "database revision tomorrow is newer" in refused(url)


def test_a_step_that_fails_leaves_the_database_as_it_was(
    databases: Databases, newer: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = databases.filled()
    step = newer / "versions" / "r9999_tomorrow.py"
    step.write_text(NEXT + '    op.execute("SELECT nonsense")\n')
    monkeypatch.setattr(schema, "MIGRATIONS", newer)
    refused(url, create=True)
    monkeypatch.undo()
    Store.open(url).close()


def test_only_one_daemon_at_a_time_and_the_second_is_told_of_the_first(url: str) -> None:
    first, second = Store.open(url), Store.open(url)
    first.lock()
    with pytest.raises(StoreError, match=r"a daemon \((server )?process \d+.*\) is at work on this database"):
        second.lock()
    if not url.startswith("postgresql"):
        assert Path(url + ".lock").read_text() == f"{os.getpid()}\n"
    first.close()
    second.lock()
    second.close()


def test_whether_a_daemon_is_at_work_can_be_seen_and_looking_takes_nothing_from_it(url: str) -> None:
    with Store.open(url) as onlooker, Store.open(url) as daemon:
        assert not onlooker.served()
        daemon.lock()
        assert [onlooker.served() for _ in range(2)] == [True, True]
        daemon.close()
        assert not onlooker.served()


def test_a_glance_at_the_lock_is_not_taken_for_a_daemon(tmp_path: Path) -> None:
    with Store.open(str(tmp_path / "w.db"), create=True) as store:
        store.lock()
    with (tmp_path / "w.db.lock").open() as glance, Store.open(str(tmp_path / "w.db")) as store:
        fcntl.flock(glance, fcntl.LOCK_SH)
        over = threading.Timer(0.02, fcntl.flock, (glance, fcntl.LOCK_UN))
        over.start()
        store.lock()
        over.join()


def test_the_lock_of_a_killed_daemon_is_free(url: str) -> None:
    program = f"""
import sys
from warmup.store import Store
store = Store.open({url!r})
store.lock()
print("locked", flush=True)
sys.stdin.read()
"""
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as daemon:
        assert daemon.stdout is not None
        assert daemon.stdout.readline() == "locked\n"
        with Store.open(url) as store:
            with pytest.raises(StoreError, match="stop it first"):
                store.lock()
            daemon.kill()
            daemon.wait()
            if url.startswith("postgresql"):
                # The server notices a moment later that nobody is there.
                with psycopg.connect(url, autocommit=True) as server:
                    server.execute("SELECT pg_advisory_lock(%s)", [0x7761726D])
            store.lock()


def test_the_file_and_what_lies_beside_it_are_the_owners_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        with Store.open(str(tmp_path / "w.db"), create=True) as store:
            store.lock()
            store.run(installs.get)
            modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    finally:
        os.umask(before)
    assert modes == dict.fromkeys(("w.db", "w.db-wal", "w.db-shm", "w.db.lock"), 0o600)


def test_the_settings_our_laws_rest_on_are_in_force(store: Store) -> None:
    def ask(db: Connection, setting: str) -> object:
        return db.scalar(text(setting))

    if store.name.startswith("postgresql"):
        settings: dict[str, object] = {
            "SHOW synchronous_commit": "on",
            "SHOW transaction_isolation": "read committed",
            "SHOW jit": "off",
        }
    else:
        settings = {"PRAGMA journal_mode": "wal", "PRAGMA synchronous": 2, "PRAGMA foreign_keys": 1}
    assert {setting: store.run(ask, setting) for setting in settings} == settings


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("", "needs a file"),
        ("sqlite://", "needs a file"),
        (":memory:", "needs a file"),
        ("mysql://user:hunter2@db.test/warmup", "a mysql database can't be used"),
        ("postgresql://user:hunter2@db.test:port/warmup", "can't be read"),
        ("postgresql://user:hunter2@127.0.0.1:1/warmup", "127.0.0.1:1/warmup: connection "),
        ("postgresql://user:hunter2@127.0.0.1:1/warmup?password=hunter2", "127.0.0.1:1/warmup: connection "),
    ],
)
def test_a_url_that_leads_nowhere_says_so_without_its_password(url: str, words: str) -> None:
    for create in (False, True):
        message = refused(url, create=create)
        assert words in message
        assert "hunter2" not in message


def test_a_path_and_its_url_are_the_same_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    with Store.open("w.db", create=True) as store:
        install = store.run(installs.get)
    for url in (f"sqlite:///{tmp_path}/w.db", "sqlite:///w.db", "~/w.db"):
        with Store.open(url) as store:
            assert store.run(installs.get) == install
            assert store.name == str(tmp_path / "w.db")


def test_a_directory_that_is_missing_and_a_file_that_is_no_database_are_named(tmp_path: Path) -> None:
    nowhere, letter = tmp_path / "nowhere" / "w.db", tmp_path / "letter.txt"
    letter.write_text("Dear Ann,\n" * 200)
    missing = f"{nowhere}: there is no directory {nowhere.parent}; create it, and the database, with: warmup init"
    assert refused(str(nowhere), create=True) == missing
    assert refused(str(tmp_path), create=True) == f"{tmp_path}: is a directory; the database is a file in it"
    assert refused(str(letter), create=True) == f"{letter}: file is not a database"
    assert refused(str(tmp_path / "w.db")) == f"{tmp_path}/w.db: there is no database; create it with: warmup init"
    assert letter.read_text() == "Dear Ann,\n" * 200
