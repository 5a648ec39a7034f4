"""What lies in the credentials' directory says nothing without the key, and a key that is missing costs nothing."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from tests.need import missing
from warmup.errors import SecretError
from warmup.secrets import Form, Vault
from warmup.secrets.keys import Key

SECRET = "hunter2"


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault(tmp_path / "credentials")


def file(vault: Vault, name: str = "ann") -> Path:
    return vault.directory / name


def everything(vault: Vault) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in vault.directory.iterdir()}


def provide(folder: Path, *keys: Key) -> Path:
    """systemd's $CREDENTIALS_DIRECTORY, with a key as `openssl rand -hex 32` writes it."""
    folder.mkdir(exist_ok=True)
    (folder / "warmup.key").write_text("".join(f"{key.secret.hex()}\n" for key in keys))
    return folder


def test_a_secret_lies_nowhere_as_it_is(vault: Vault) -> None:
    vault.put("ann", SECRET)
    assert SECRET.encode() not in file(vault).read_bytes() + vault.keys.file.read_bytes()
    assert file(vault).read_bytes().startswith(b"warmup\0\1" + bytes.fromhex(vault.keys.own()[0].id))


def test_the_same_secret_twice_looks_different(vault: Vault) -> None:
    vault.put("ann", SECRET)
    first = everything(vault)
    vault.put("ann", SECRET)
    assert everything(vault) != first


def test_the_first_secret_makes_the_key_for_the_owner_alone_whatever_the_umask(vault: Vault) -> None:
    before = os.umask(0)
    try:
        vault.put("ann", SECRET)
    finally:
        os.umask(before)
    assert vault.keys.file == vault.directory.parent / "warmup.key"
    assert vault.keys.file.stat().st_mode & 0o777 == 0o600
    assert [len(line) for line in vault.keys.file.read_text().splitlines()] == [64]


def test_the_key_is_where_it_is_wanted(tmp_path: Path) -> None:
    vault = Vault(tmp_path / "credentials", key=tmp_path / "elsewhere" / "key")
    assert vault.prepare() == tmp_path / "elsewhere" / "key"
    assert vault.prepare() is None
    vault.put("ann", SECRET)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["credentials", "elsewhere"]


def test_many_who_come_first_make_one_key(vault: Vault) -> None:
    names = [f"m{n}" for n in range(8)]
    threads = [threading.Thread(target=vault.put, args=(name, SECRET)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(vault.keys.own()) == 1
    assert [vault.get(name) for name in names] == [SECRET] * 8


def test_nothing_that_is_shown_of_a_key_is_the_key(vault: Vault) -> None:
    key = Key.new()
    assert repr(key) == "Key()"
    assert key.secret.hex() not in f"{key} {key.id}"


def test_a_credential_under_anothers_name_is_not_opened(vault: Vault) -> None:
    vault.put("ann", SECRET)
    vault.put("ben", "other")
    file(vault).rename(file(vault, "ben"))
    with pytest.raises(SecretError, match="'ben' is damaged, or was another's"):
        vault.get("ben")


def test_a_changed_credential_is_not_opened_wherever_it_was_changed(vault: Vault) -> None:
    vault.put("ann", SECRET)
    whole = file(vault).read_bytes()
    for place in range(len(whole)):
        file(vault).write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(SecretError):
            vault.get("ann")
    for end in range(len(whole)):
        file(vault).write_bytes(whole[:end])
        if whole[:end] not in b"warmup":  # which may be somebody's password
            with pytest.raises(SecretError):
                vault.get("ann")


def test_what_a_newer_version_wrote_is_left_to_it(vault: Vault) -> None:
    vault.put("ann", SECRET)
    file(vault).write_bytes(file(vault).read_bytes().replace(b"warmup\0\1", b"warmup\0\2"))
    with pytest.raises(SecretError, match="'ann' was written by a newer warmup; upgrade"):
        vault.get("ann")
    with pytest.raises(SecretError, match="no key was changed"):
        vault.rotate()


def test_a_plain_file_of_an_earlier_version_is_read(vault: Vault) -> None:
    vault.directory.mkdir(mode=0o700)
    file(vault).touch(0o600)
    file(vault).write_text(SECRET)
    assert (vault.get("ann"), vault.look("ann").form) == (SECRET, Form.PLAIN)
    vault.put("ann", SECRET)
    assert vault.look("ann").form == Form.SEALED


def test_without_its_key_nothing_is_opened_overwritten_or_begun_anew(vault: Vault) -> None:
    vault.put("ann", SECRET)
    key = vault.keys.own()[0]
    before = everything(vault)
    aside = vault.keys.file.rename(vault.directory.parent / "aside")
    said = f"key {key.id} is needed, and there is none in {vault.keys.file}; put that key back"
    for attempt in (
        vault.ready,
        vault.prepare,
        vault.rotate,
        lambda: vault.get("ann"),
        lambda: vault.put("ann", "new"),
        lambda: vault.put("ben", "new"),
    ):
        with pytest.raises(SecretError) as refused:
            attempt()
        assert said in str(refused.value)
        assert "\n" not in str(refused.value)
    assert everything(vault) == before
    assert not vault.keys.file.exists()
    aside.rename(vault.keys.file)
    vault.ready()
    assert vault.get("ann") == SECRET


def test_another_key_is_as_good_as_none_and_is_named(vault: Vault) -> None:
    vault.put("ann", SECRET)
    key, other = vault.keys.own()[0], Key.new()
    vault.keys.keep((other,))
    with pytest.raises(SecretError, match=f"key {key.id} is needed, and only {other.id} is there"):
        vault.put("ben", SECRET)


def test_one_credential_of_a_lost_key_does_not_stop_the_others(vault: Vault) -> None:
    vault.put("ann", SECRET)
    vault.put("ben", SECRET)
    file(vault, "ben").write_bytes(Key.new().seal("ben", b"gone"))
    vault.ready()
    assert vault.get("ann") == SECRET
    vault.put("ben", "given anew")
    assert vault.get("ben") == "given anew"


@pytest.mark.parametrize("bits", [0o640, 0o604, 0o620])
def test_a_key_open_to_others_is_refused_with_the_command_that_mends_it(vault: Vault, bits: int) -> None:
    vault.put("ann", SECRET)
    vault.keys.file.chmod(bits)
    with pytest.raises(SecretError, match=f"chmod 600 {vault.keys.file}"):
        vault.get("ann")


def test_a_key_or_a_credential_behind_a_link_is_refused(vault: Vault, tmp_path: Path) -> None:
    vault.put("ann", SECRET)
    for path in (vault.keys.file, file(vault)):
        there = path.rename(tmp_path / f"{path.name} moved")
        path.symlink_to(there)
        with pytest.raises(SecretError, match="can't be read: Too many levels of symbolic links"):
            vault.get("ann")
        there.rename(path)


def test_what_belongs_to_another_user_is_refused(vault: Vault) -> None:
    if os.geteuid() != 0:
        missing("only root can give a file away")
    vault.put("ann", SECRET)
    for path in (vault.keys.file, file(vault), vault.directory):
        os.chown(path, 65534, 65534)
        with pytest.raises(SecretError, match=f"{path} belongs to another user, uid 65534"):
            vault.get("ann")
        os.chown(path, 0, 0)


@pytest.mark.parametrize("content", ["", "hunter2\n", f"{'0' * 64}\nhunter2\n", "0" * 63, "ü" * 64])
def test_what_is_no_key_is_refused_without_showing_it(vault: Vault, content: str) -> None:
    vault.put("ann", SECRET)
    vault.keys.file.write_text(content)
    with pytest.raises(SecretError) as refused:
        vault.get("ann")
    assert str(refused.value) == (
        f"{vault.keys.file} holds no key; put a key file of warmup there: 64 hexadecimal digits a line"
    )


def test_the_key_that_systemd_provides_seals_and_no_file_is_made(tmp_path: Path) -> None:
    key = Key.new()
    vault = Vault(tmp_path / "credentials", provide(tmp_path / "provided", key))
    assert vault.prepare() is None
    vault.put("ann", SECRET)
    assert (vault.get("ann"), vault.look("ann").key) == (SECRET, key.id)
    assert not vault.keys.file.exists()


def test_a_key_from_systemd_takes_over_by_and_by(vault: Vault, tmp_path: Path) -> None:
    vault.put("ann", SECRET)
    served = Vault(vault.directory, provide(tmp_path / "provided", Key.new()))
    served.put("ben", SECRET)
    assert {name: served.look(name).form for name in served.names()} == {"ann": Form.STALE, "ben": Form.SEALED}
