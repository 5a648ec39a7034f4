"""`warmup backup` and `warmup restore`, beside a daemon and without one."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.postgres import fresh_database
from warmup.store import Store

from .hand import Hand, Process, Servers

Start = Callable[..., Process]


def test_a_running_daemon_is_backed_up_and_restored_once_it_has_ended(
    pool: Hand, servers: Servers, process: Start
) -> None:
    daemon = process("run")
    daemon.says(f"planned mailbox={servers.addresses[-1]}")
    assert pool.does("backup", "copy.db").startswith("copy.db: 6 mailboxes, ")
    assert Path("copy.db").stat().st_mode & 0o777 == 0o600
    pool.does("mailbox", "remove", servers.addresses[0])
    code, lines = pool.errs("restore", "copy.db")
    assert (code, lines[0].endswith("is at work on this database; stop it first")) == (74, True)
    code, lines = pool.errs("restore", "--in-place")
    assert (code, lines[0].endswith("is at work on this database; stop it first")) == (74, True)
    daemon.hears(signal.SIGTERM)
    assert daemon.ends() == 0
    restored, aside, *more = pool.does("restore", "copy.db").splitlines()
    assert restored.startswith("copy.db: 6 mailboxes, ")
    assert restored.endswith(" planned messages dropped, nothing is sent before tomorrow")
    assert aside.startswith(f"{pool.folder}/warmup.db.before-")
    assert more[-1].endswith("warmup audit")
    assert len(pool.reads("mailbox", "list")) == 6
    assert len(pool.reads("mailbox", "list", "--database", aside.partition(": ")[0])) == 5


def test_a_backup_replaces_no_file_unless_it_is_forced(pool: Hand) -> None:
    pool.does("backup", "copy.db")
    assert pool.errs("backup", "copy.db") == (2, ["copy.db: is there already; --force replaces it"])
    pool.does("backup", "copy.db", "--force")
    assert pool.errs("backup", "warmup.db", "--force") == (2, ["warmup.db: is the database itself; give another file"])


def test_a_backup_holds_no_password(pool: Hand, servers: Servers) -> None:
    pool.does("backup", "copy.db")
    octets = Path("copy.db").read_bytes()
    assert servers.addresses[0].encode() in octets
    assert not [row["password"] for row in servers.rows if row["password"].encode() in octets]


def test_a_restore_wants_a_file_or_a_database_that_is_in_place(pool: Hand) -> None:
    wrong = (2, ["give the FILE of a backup, or --in-place"])
    assert pool.errs("restore") == wrong
    assert pool.errs("restore", "copy.db", "--in-place") == wrong
    Path("letter").write_text("Dear Ann,\n" * 200)
    assert pool.errs("restore", "letter") == (74, ["letter: file is not a database"])
    assert len(pool.reads("mailbox", "list")) == 6


def test_a_backup_is_restored_on_a_new_machine(pool: Hand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pool.does("backup", str(tmp_path / "copy.db"))
    new = tmp_path / "new"
    new.mkdir()
    monkeypatch.chdir(new)
    monkeypatch.setenv("HOME", str(new))
    said = Hand(new).does("restore", str(tmp_path / "copy.db"))
    assert "that was there" not in said
    assert len(Hand(new).reads("mailbox", "list")) == 6


def test_a_database_in_postgresql_that_was_put_back_begins_anew(house: Hand, postgres_url: str) -> None:
    url = fresh_database(postgres_url)
    Store.open(url, create=True).close()
    for words, program in ((("backup", "x"), "pg_dump"), (("restore", "x"), "pg_restore")):
        code, lines = house.errs(*words, "--database", url)
        assert (code, len(lines)) == (2, 1)
        assert f"{program} --" in lines[0]
    said = house.does("restore", "--in-place", "--database", url)
    assert "0 planned messages dropped, nothing is sent before tomorrow" in said
