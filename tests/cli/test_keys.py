"""`warmup secrets`: what is wrong with a key or a credential is told, and a new key comes while the daemon runs."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.need import wait_until
from warmup.secrets.keys import Key

from .hand import WARMUP, Hand, Process, Servers


def checked(pool: Hand) -> tuple[int, dict[str, dict[str, object]]]:
    result = pool.types("secrets", "check", "--json")
    return result.exit_code, {row["name"]: row for row in json.loads(result.stdout)}


def key_of(pool: Hand) -> str:
    return Key(bytes.fromhex((pool.folder / "warmup.key").read_text())).id


def test_all_is_well_where_every_credential_is_encrypted_with_the_key_that_is_there(
    pool: Hand, servers: Servers
) -> None:
    code, rows = checked(pool)
    assert code == 0
    assert rows.keys() == {"key", *servers.addresses}
    assert {(row["fine"], row["key"]) for row in rows.values()} == {(True, key_of(pool))}
    assert rows["key"]["says"] == f"{pool.folder}/warmup.key"
    assert {rows[address]["mailbox"] for address in servers.addresses} == set(servers.addresses)


def test_before_the_first_mailbox_there_is_nothing_to_mend(house: Hand) -> None:
    assert checked(house)[0] == 0
    (house.folder / "warmup.key").unlink()
    code, rows = checked(house)
    assert (code, rows["key"]["says"]) == (0, "none yet; it is made with the first password")


def test_whatever_is_wrong_with_a_credential_is_told_by_its_name(pool: Hand, servers: Servers) -> None:
    ann, ben, clara, david, emma = servers.addresses[:5]
    folder = pool.folder / "credentials"
    (folder / ann).unlink()
    (folder / ben).chmod(0o640)
    (folder / clara).write_text("hunter2")
    (folder / david).write_bytes((folder / emma).read_bytes())
    (folder / "nobodys@x.test").write_bytes(Key.new().seal("nobodys@x.test", b"hunter2"))
    (folder / "nobodys@x.test").chmod(0o600)
    code, rows = checked(pool)
    assert code == 77
    wrong = {name: str(row["says"]) for name, row in rows.items() if not row["fine"]}
    assert wrong.keys() == {ann, ben, clara, david, "nobodys@x.test"}
    assert wrong[ann].startswith("there is no credential ")
    assert f"chmod 600 {folder / ben}" in wrong[ben]
    assert wrong[clara] == "plain text, as earlier versions wrote it; `warmup secrets rotate` encrypts it"
    assert "is damaged, or was another's" in wrong[david]
    assert f"and only {key_of(pool)} is there" in wrong["nobodys@x.test"]
    assert rows["nobodys@x.test"]["mailbox"] is None
    assert pool.types("secrets", "check").stderr == "warmup: 5 things to mend\n"


def test_a_new_key_comes_while_the_daemon_runs(pool: Hand, servers: Servers, process: Callable[..., Process]) -> None:
    old = key_of(pool)
    daemon = process("run", "--json", "--jump", "--start", "2027-03-01", "--until", "2029-01-01")
    daemon.says('"sent"')
    lines = pool.does("secrets", "rotate").splitlines()
    new = key_of(pool)
    assert lines == [f"{pool.folder}/warmup.key: 6 credentials encrypted anew, with key {new}", f"dropped: key {old}"]
    sent = daemon.told.count('"sent"')
    wait_until(lambda: daemon.told.count('"sent"') > sent + 10, "it signs in with what the new key opens")
    assert '"held"' not in daemon.told
    assert checked(pool)[0] == 0


def test_plain_files_of_an_earlier_version_work_and_are_encrypted_by_a_rotation(pool: Hand, servers: Servers) -> None:
    (pool.folder / "warmup.key").unlink()
    for row in servers.rows:
        (pool.folder / "credentials" / row["address"]).write_text(row["password"])
    assert pool.does("mailbox", "test").count("signed in to both servers") == 6
    assert checked(pool)[0] == 77
    pool.does("secrets", "rotate")
    assert checked(pool)[0] == 0
    assert pool.does("mailbox", "test").count("signed in to both servers") == 6


def test_without_its_key_every_command_that_needs_it_says_so_in_a_line_and_nothing_is_lost(
    pool: Hand, servers: Servers, tmp_path: Path
) -> None:
    row, id = servers.rows[0], key_of(pool)
    key = (pool.folder / "warmup.key").rename(tmp_path / "key")
    before = {path: path.read_bytes() for path in (pool.folder / "credentials").iterdir()}
    needed = f"key {id} is needed, and there is none in {pool.folder}/warmup.key; put that key back "
    for command in (
        ("run",),
        ("run", "--jump", "--until", "2099-01-01"),
        ("init",),
        ("secrets", "rotate"),
        ("mailbox", "set", row["address"], "--password-file", "-"),
    ):
        result = pool.types(*command, stdin=row["password"])
        (line,) = [line for line in result.stderr.splitlines() if line.startswith("warmup: ")]
        assert result.exit_code == 77
        assert needed in line
    new = ("mailbox", "add", "new@x.test", "--login", row["address"], *servers.options(row), "--password-file", "-")
    assert pool.types(*new, stdin=row["password"]).exit_code == 77
    assert checked(pool)[0] == 77
    assert len(pool.reads("mailbox", "list")) == 6
    assert pool.types("status").exit_code == 0
    assert {path: path.read_bytes() for path in (pool.folder / "credentials").iterdir()} == before
    assert not (pool.folder / "warmup.key").exists()
    key.rename(pool.folder / "warmup.key")
    assert checked(pool)[0] == 0


def test_a_stray_credential_survives_a_registration_that_fails(house: Hand, servers: Servers, tmp_path: Path) -> None:
    row = servers.rows[0]
    stray = house.folder / "credentials" / row["address"]
    stray.write_bytes(Key.new().seal(row["address"], b"of an earlier life"))
    stray.chmod(0o600)
    before = stray.read_bytes()
    add = ("mailbox", "add", row["address"], *servers.options(row), "--password-file", "-")
    assert house.types(*add, stdin=row["password"]).exit_code == 77
    assert stray.read_bytes() == before


def test_a_key_can_come_from_systemd(
    pool: Hand, servers: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (pool.folder / "warmup.key").rename(tmp_path / "warmup.key")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    code, rows = checked(pool)
    assert (code, rows["key"]["says"]) == (0, f"{tmp_path}/warmup.key")
    assert pool.does("mailbox", "test").count("signed in to both servers") == 6
    code, lines = pool.errs("secrets", "rotate")
    assert (code, len(lines)) == (77, 1)
    assert "comes from systemd, which has to change it" in lines[0]


def test_a_key_of_systemds_is_changed_as_its_file_says(
    pool: Hand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    new = f"{'0123456789abcdef' * 4}\n"  # as `openssl rand -hex 32` writes it
    (tmp_path / "warmup.key").write_text(new + (pool.folder / "warmup.key").read_text())
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert "6 credentials encrypted anew" in pool.does("secrets", "rotate")
    assert not (pool.folder / "warmup.key").exists()
    (tmp_path / "warmup.key").write_text(new)
    assert checked(pool)[0] == 0


def test_a_process_without_its_key_ends_with_ex_noperm(pool: Hand) -> None:
    (pool.folder / "warmup.key").unlink()
    done = subprocess.run((*WARMUP, "run"), capture_output=True, text=True, check=False)
    assert done.returncode == 77
    assert "Traceback" not in done.stderr
