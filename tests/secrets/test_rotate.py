"""A new key: at every instant every credential can be opened, and at the end the old key is gone."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from warmup.errors import SecretError
from warmup.secrets import Form, Vault
from warmup.secrets.keys import Key

from .test_keys import provide

ROOT = Path(__file__).parents[2]
SECRETS = {"ann": "hunter2", "ben": "hunter3", "clara": "hunter4"}


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    vault = Vault(tmp_path / "credentials")
    for name, secret in SECRETS.items():
        vault.put(name, secret)
    return vault


def secrets(vault: Vault) -> dict[str, str]:
    return {name: vault.get(name) for name in vault.names()}


@contextmanager
def meanwhile(work: Callable[[], object]) -> Iterator[None]:
    """`work` again and again on another thread; what it raises is raised at the end."""
    stop, failed = threading.Event(), list[BaseException]()

    def go() -> None:
        try:
            while not stop.is_set():
                work()
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=go)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
    assert not failed, failed


def test_everything_is_encrypted_with_a_new_key_and_the_old_one_is_dropped(vault: Vault) -> None:
    (old,) = vault.keys.own()
    done = vault.rotate()
    (new,) = vault.keys.own()
    assert new != old
    assert (done.key, done.place, done.dropped) == (new.id, vault.keys.file, (old.id,))
    assert done.names == tuple(SECRETS)
    assert secrets(vault) == SECRETS
    assert {vault.look(name).key for name in SECRETS} == {new.id}
    assert vault.keys.file.stat().st_mode & 0o777 == 0o600


def test_plain_files_of_earlier_versions_are_encrypted(vault: Vault) -> None:
    (vault.directory / "ann").write_text(SECRETS["ann"])
    (vault.directory / "ben").write_text(SECRETS["ben"] + "\n")
    vault.keys.file.unlink()
    (vault.directory / "clara").unlink()
    vault.rotate()
    assert secrets(vault) == {"ann": SECRETS["ann"], "ben": SECRETS["ben"]}
    assert {vault.look(name).form for name in vault.names()} == {Form.SEALED}


def test_killed_between_any_two_of_its_lines_it_leaves_everything_readable() -> None:
    memory = Path("/dev/shm")  # for it makes hundreds of places, and has every file brought to the disk
    with tempfile.TemporaryDirectory(prefix="warmup-", dir=memory if memory.is_dir() else None) as folder:
        command = [sys.executable, "-m", "tests.secrets.killed", folder]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 100


def test_a_daemon_reads_whatever_goes_on(vault: Vault) -> None:
    def read() -> None:
        assert secrets(vault) == SECRETS
        vault.ready()

    with meanwhile(read):
        for _ in range(20):
            vault.rotate()


def test_what_is_put_meanwhile_is_neither_lost_nor_left_behind(vault: Vault) -> None:
    last = 0

    def put() -> None:
        nonlocal last
        vault.put("ann", f"hunter{last + 1}")
        last += 1

    with meanwhile(put):
        for _ in range(20):
            vault.rotate()
    assert secrets(vault) == {**SECRETS, "ann": f"hunter{last}"}
    assert len(vault.keys.own()) == 1


def test_what_is_removed_meanwhile_stays_away(vault: Vault) -> None:
    def come_and_go() -> None:
        vault.put("dora", "x")
        vault.delete("dora")

    with meanwhile(come_and_go):
        for _ in range(20):
            vault.rotate()
    assert secrets(vault) == SECRETS


def test_two_at_once_end_with_one_key(vault: Vault) -> None:
    with meanwhile(vault.rotate):
        for _ in range(10):
            vault.rotate()
    assert secrets(vault) == SECRETS
    vault.rotate()
    assert len(vault.keys.own()) == 1


def test_one_that_can_not_be_opened_stops_it_before_anything_is_changed(vault: Vault) -> None:
    (vault.directory / "ann").chmod(0o644)
    (vault.directory / "ben").write_bytes(Key.new().seal("ben", b"gone"))
    keys = vault.keys.own()
    with pytest.raises(SecretError) as refused:
        vault.rotate()
    lines = str(refused.value).splitlines()
    assert [line.split(";")[0].split(":")[0] for line in lines] == [
        f"{vault.directory}/ann is open to other users",
        "the credential 'ben' is encrypted",
        "no key was changed",
    ]
    assert vault.keys.own() == keys


def test_a_full_disk_costs_nothing(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    real, syncs = os.fsync, 0

    def full(descriptor: int) -> None:
        nonlocal syncs
        syncs += 1
        if syncs == 5:  # the key is there, and the first credential
            raise OSError(28, "No space left on device")
        real(descriptor)

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(SecretError, match=r"'ben' can't be written to .*: No space left on device"):
            vault.rotate()
    assert secrets(vault) == SECRETS
    assert [vault.look(name).form for name in SECRETS] == [Form.SEALED, Form.STALE, Form.STALE]
    vault.rotate()
    assert (secrets(vault), len(vault.keys.own())) == (SECRETS, 1)


def test_a_key_from_systemd_takes_over_and_the_key_file_goes(vault: Vault, tmp_path: Path) -> None:
    (old,) = vault.keys.own()
    key = Key.new()
    served = Vault(vault.directory, provide(tmp_path / "provided", key))
    assert secrets(served) == SECRETS
    assert {served.look(name).form for name in SECRETS} == {Form.STALE}
    done = served.rotate()
    assert (done.key, done.place, done.dropped) == (key.id, tmp_path / "provided" / "warmup.key", (old.id,))
    assert not vault.keys.file.exists()
    assert secrets(served) == SECRETS


def test_the_same_key_handed_over_to_systemd_needs_no_file_any_more(vault: Vault, tmp_path: Path) -> None:
    served = Vault(vault.directory, provide(tmp_path / "provided", *vault.keys.own()))
    done = served.rotate()
    assert (done.names, done.dropped) == ((), ())
    assert not vault.keys.file.exists()
    assert secrets(served) == SECRETS


def test_a_key_of_systemds_is_changed_by_the_one_after_it(vault: Vault, tmp_path: Path) -> None:
    (old,) = vault.keys.own()
    provided = provide(tmp_path / "provided", old)
    served = Vault(vault.directory, provided)
    served.rotate()
    with pytest.raises(SecretError, match=f"key {old.id} comes from systemd, which has to change it"):
        served.rotate()
    new = Key.new()
    provide(provided, new, old)
    assert served.rotate().names == tuple(SECRETS)
    provide(provided, new)
    assert secrets(served) == SECRETS
