"""Credentials at rest: one file each, readable by the daemon's user alone.

A secret is kept as plain text. What protects it is its file's permissions (0600, in a directory of 0700) and nothing
else: root, a backup and whoever holds the disk can read it. Operators who want more hand credentials in through systemd
(`LoadCredentialEncrypted=`), which win over the vault's own.

Owns: files and their permissions. Does not own: where the directory is, or finding $CREDENTIALS_DIRECTORY (the caller
passes it).
Sources: systemd.exec(5), "Credentials"; RFC 4616 §2 (no NUL in a password).
"""

from __future__ import annotations

import os
import tempfile
import unicodedata
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote

from warmup.errors import SecretError

_OTHERS = 0o077  # every permission of group and world


@dataclass(frozen=True, slots=True)
class Vault:
    """Secrets by name, in `directory`. `provided` is systemd's $CREDENTIALS_DIRECTORY, or None outside a service."""

    directory: Path
    provided: Path | None = None

    def get(self, name: str) -> str:
        """The secret, without a final line break (an editor's or `echo`'s). A file of that name in `provided` wins.

        Raises `SecretError` if there is none, or if its file or directory lets others in. Files in `provided` aren't
        checked for that: systemd shows the mask of their access list as the group's permissions.
        """
        try:
            content = self._read(_file_name(name))
        except FileNotFoundError as error:
            raise SecretError(f"there is no credential {name!r} in {self.directory}") from error
        except OSError as error:
            raise SecretError(f"the credential {name!r} can't be read: {error.strerror}: {error.filename}") from error
        try:
            return content.decode().removesuffix("\n").removesuffix("\r")
        except UnicodeDecodeError:
            # Not chained: the exception carries the secret's bytes.
            raise SecretError(f"the credential {name!r} isn't UTF-8 text") from None

    def put(self, name: str, secret: str) -> None:
        """Keep `secret` under `name`, whole or not at all, in place of an earlier one.

        Raises `SecretError` if it is empty, holds control characters, or can't be written.
        """
        if not secret or any(unicodedata.category(sign) in {"Cc", "Cs"} for sign in secret):
            raise SecretError(f"the secret for {name!r} is empty or holds control characters; give it on one line")
        path = self.directory / _file_name(name)
        try:
            self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            _refuse_others(self.directory, self.directory.stat(), "700")
            _write(path, secret.encode())
        except OSError as error:
            raise SecretError(f"the credential {name!r} can't be written to {path}: {error.strerror}") from error

    def delete(self, name: str) -> None:
        """Forget `name`; nothing happens if it isn't kept here. What is in `provided` belongs to systemd and stays.

        Raises `SecretError` if the file can't be removed.
        """
        path = self.directory / _file_name(name)
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise SecretError(f"the credential {name!r} can't be removed from {path}: {error.strerror}") from error

    def names(self) -> tuple[str, ...]:
        """The names kept in `directory`, sorted; what is in `provided` isn't listed. Raises `SecretError` if the
        directory can't be read.
        """
        try:
            files = [entry.name for entry in self.directory.iterdir()] if self.directory.exists() else []
        except OSError as error:
            raise SecretError(f"the credentials in {self.directory} can't be listed: {error.strerror}") from error
        return tuple(sorted(unquote(file) for file in files if not file.startswith(".")))

    def _read(self, file: str) -> bytes:
        if self.provided is not None:
            with suppress(FileNotFoundError):  # then it is the vault's own
                return (self.provided / file).read_bytes()
        _refuse_others(self.directory, self.directory.stat(), "700")
        path = self.directory / file
        with path.open("rb") as kept:
            # Of the open file, not of the path: nobody can change it in between.
            _refuse_others(path, os.fstat(kept.fileno()), "600")
            return kept.read()


def _file_name(name: str) -> str:
    """A name as a file's name: never a path, never hidden (those are unfinished writes), and back by `unquote`."""
    if not name:
        raise SecretError("a credential needs a name")
    quoted = quote(name, safe="@+")
    return "%2E" + quoted[1:] if quoted.startswith(".") else quoted


def _refuse_others(path: Path, status: os.stat_result, mode: str) -> None:
    if status.st_mode & _OTHERS:
        raise SecretError(f"{path} is open to other users; chmod {mode} {path}")


def _write(path: Path, content: bytes) -> None:
    """The file appears whole and on the disk, or the old one stays (rename(2) is atomic)."""
    descriptor, unfinished = tempfile.mkstemp(prefix=".", dir=path.parent)  # mkstemp(3): 0600
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(unfinished).replace(path)
    except BaseException:
        Path(unfinished).unlink()
        raise
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
