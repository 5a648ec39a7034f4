"""Secrets come back as they were given, from files that nobody else can read, and nobody without the key."""

import os
import stat
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmup.errors import SecretError
from warmup.secrets import Vault

SECRET = "hunter2 \N{SNOWMAN}"


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault(tmp_path / "state" / "credentials")


def kept(vault: Vault) -> Path:
    (path,) = vault.directory.iterdir()
    return path


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_secret_comes_back_as_it_was_given(vault: Vault) -> None:
    vault.put("ann@example.org", SECRET)
    assert vault.get("ann@example.org") == SECRET


def test_a_later_secret_takes_the_place_of_an_earlier_one(vault: Vault) -> None:
    vault.put("ann", "old")
    vault.put("ann", "new")
    assert vault.get("ann") == "new"
    assert vault.names() == ("ann",)


def test_only_the_owner_can_read_what_is_kept_whatever_the_umask(vault: Vault) -> None:
    before = os.umask(0)
    try:
        vault.put("ann", SECRET)
    finally:
        os.umask(before)
    assert mode(vault.directory) == 0o700
    assert mode(kept(vault)) == 0o600


@pytest.mark.parametrize("bits", [0o640, 0o604, 0o620, 0o601])
def test_a_file_open_to_others_is_refused_with_the_command_that_mends_it(vault: Vault, bits: int) -> None:
    vault.put("ann", SECRET)
    kept(vault).chmod(bits)
    with pytest.raises(SecretError, match=f"chmod 600 {kept(vault)}"):
        vault.get("ann")


def test_a_directory_open_to_others_is_refused_for_reading_and_writing(vault: Vault) -> None:
    vault.put("ann", SECRET)
    vault.directory.chmod(0o750)
    with pytest.raises(SecretError, match=f"chmod 700 {vault.directory}"):
        vault.get("ann")
    with pytest.raises(SecretError, match=f"chmod 700 {vault.directory}"):
        vault.put("ann", SECRET)


def test_a_missing_secret_is_named(vault: Vault) -> None:
    with pytest.raises(SecretError, match="no credential 'ann'"):
        vault.get("ann")


def test_a_deleted_secret_is_gone_and_may_be_deleted_again(vault: Vault) -> None:
    vault.put("ann", SECRET)
    vault.delete("ann")
    vault.delete("ann")
    assert vault.names() == ()
    with pytest.raises(SecretError, match="no credential"):
        vault.get("ann")


def test_what_can_not_be_deleted_or_listed_says_so(vault: Vault) -> None:
    (vault.directory / "ann").mkdir(parents=True)
    with pytest.raises(SecretError, match="can't be removed"):
        vault.delete("ann")
    with pytest.raises(SecretError, match="can't be listed"):
        Vault(Path(__file__)).names()


def test_names_are_sorted_and_leave_out_unfinished_writes(vault: Vault) -> None:
    for name in ("zoe@example.org", "ann@example.org", ".hidden"):
        vault.put(name, SECRET)
    (vault.directory / ".tmp1234").write_text("half")
    assert vault.names() == (".hidden", "ann@example.org", "zoe@example.org")


@pytest.mark.parametrize("name", ["..", ".", "../../etc/passwd", "/etc/passwd", "a/b", "a%2Fb", "a\0b", "jürgen", "%"])
def test_a_name_is_never_a_path(vault: Vault, name: str) -> None:
    vault.put(name, SECRET)
    assert kept(vault).is_file()
    assert vault.names() == (name,)
    assert vault.get(name) == SECRET


@given(
    secrets=st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20),
        st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1),
        max_size=4,
    )
)
def test_any_names_and_any_secrets_are_kept_apart(secrets: dict[str, str]) -> None:
    with tempfile.TemporaryDirectory() as place:
        vault = Vault(Path(place))
        for name, secret in secrets.items():
            vault.put(name, secret)
        assert {name: vault.get(name) for name in vault.names()} == secrets


def test_a_secret_needs_a_name(vault: Vault) -> None:
    with pytest.raises(SecretError, match="needs a name"):
        vault.put("", SECRET)


@pytest.mark.parametrize("secret", ["", "two\nlines", "nul\0", "\udc80"])
def test_a_secret_that_no_server_could_take_is_refused_without_showing_it(vault: Vault, secret: str) -> None:
    with pytest.raises(SecretError) as refused:
        vault.put("ann", secret)
    assert str(refused.value) == "the secret for 'ann' is empty or holds control characters; give it on one line"


def test_a_line_break_left_by_an_editor_is_not_part_of_the_secret(vault: Vault) -> None:
    vault.put("ann", "x")
    kept(vault).write_bytes(b"hunter2\r\n")
    assert vault.get("ann") == "hunter2"


@pytest.mark.parametrize("content", [b"", b"\n", b"two\nlines", b"hunter2\0"])
def test_a_file_that_no_server_could_take_is_refused_without_showing_it(vault: Vault, content: bytes) -> None:
    vault.put("ann", "x")
    kept(vault).write_bytes(content)
    with pytest.raises(SecretError) as refused:
        vault.get("ann")
    assert str(refused.value) == "the credential 'ann' isn't one line of text"


def test_a_failed_write_keeps_the_old_secret_and_leaves_nothing_behind(
    vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault.put("ann", "old")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(SecretError, match=r"'ann' can't be written to .*: No space left on device"):
        vault.put("ann", "new")
    assert vault.get("ann") == "old"
    assert kept(vault).name == "ann"


def test_what_systemd_provides_wins_whatever_its_permissions_look_like(tmp_path: Path) -> None:
    provided = tmp_path / "provided"
    provided.mkdir()
    vault = Vault(tmp_path / "credentials", provided)
    vault.put("ann@example.org", "from the vault")
    gift = provided / "ann@example.org"
    gift.write_text("from systemd\n")
    gift.chmod(0o440)
    assert vault.get("ann@example.org") == "from systemd"
    vault.delete("ann@example.org")
    assert vault.get("ann@example.org") == "from systemd"


def test_what_systemd_does_not_provide_comes_from_the_vault(tmp_path: Path) -> None:
    vault = Vault(tmp_path / "credentials", tmp_path)
    vault.put("ann", "from the vault")
    assert vault.get("ann") == "from the vault"


def test_a_file_that_is_no_text_is_refused_without_its_bytes(vault: Vault) -> None:
    vault.put("ann", SECRET)
    kept(vault).write_bytes(b"\xffhunter2")
    with pytest.raises(SecretError, match="isn't UTF-8") as refused:
        vault.get("ann")
    assert "hunter2" not in str(refused.value)
    assert refused.value.__cause__ is None  # a UnicodeDecodeError shows all the bytes in its repr
    assert refused.value.__suppress_context__


def test_a_file_that_can_not_be_read_is_named(vault: Vault) -> None:
    vault.directory.mkdir(parents=True, mode=0o700)
    (vault.directory / "ann").mkdir(mode=0o700)
    with pytest.raises(SecretError, match="'ann' can't be read: Is a directory: "):
        vault.get("ann")


def test_a_name_too_long_for_a_file_is_refused_by_every_verb(tmp_path: Path) -> None:
    vault = Vault(tmp_path / "credentials", tmp_path)
    for verb in (lambda: vault.put("x" * 300, SECRET), lambda: vault.get("x" * 300), lambda: vault.delete("x" * 300)):
        with pytest.raises(SecretError, match="File name too long"):
            verb()
