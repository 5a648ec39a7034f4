"""Credentials at rest: one file each, encrypted, readable by the daemon's user alone.

The key is elsewhere: in systemd's credential `warmup.key`, or in a file of its own. So who gets hold of the directory,
or of the database, has no password; who has both the directory and the key has all, and so has root. Operators can also
hand single passwords in through systemd, which win over the vault's own.

Files are read anew each time, so another process may change a password, or the key, while a daemon runs. To change the
key is to put a new one beside the old, encrypt every credential anew, and then drop the old one: whenever that is cut
short, every credential can be opened by a key that is there.

Owns: credentials' files, and the life of keys. Does not own: where the directory is and finding $CREDENTIALS_DIRECTORY
(the caller passes both), or the form of what is in the files (`warmup.secrets.keys`).
Sources: systemd.exec(5), "Credentials"; RFC 4616 §2 (no NUL in a password).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from urllib.parse import quote, unquote

from warmup.errors import SecretError

from .files import private, refuse_others, write, writing
from .keys import NAME, Key, Keys, damaged, sealed_by


class Form(StrEnum):
    """How a credential is kept."""

    SEALED = "encrypted"
    STALE = "old key"  # encrypted, but not with the key that would be used now
    PLAIN = "plain"
    PROVIDED = "systemd"


@dataclass(frozen=True, slots=True)
class Kept:
    """A credential that can be read, without what it says."""

    path: Path
    form: Form
    key: str | None  # the id of its key


@dataclass(frozen=True, slots=True)
class Rotation:
    """What a rotation did."""

    key: str  # the id of the key that everything is encrypted with now
    place: Path  # where it is
    names: tuple[str, ...]  # of the credentials that were encrypted anew
    dropped: tuple[str, ...]  # the ids of keys that were dropped


@dataclass(frozen=True, slots=True)
class Vault:
    """Secrets by name, in `directory`. `provided` is systemd's $CREDENTIALS_DIRECTORY, or None outside a service. `key`
    is the key file, of this directory alone; None is `warmup.key` beside it.
    """

    directory: Path
    provided: Path | None = None
    key: Path | None = None
    keys: Keys = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "keys", Keys(self.key or self.directory.parent / NAME, self.provided))

    def get(self, name: str) -> str:
        """The secret, without a final line break (an editor's or `echo`'s). A file of that name in `provided` wins.

        Raises `SecretError` if there is none, if its key is missing, or if a file or directory lets others in. Files in
        `provided` aren't checked for that: systemd shows the mask of their access list as the group's permissions.
        """
        return _text(name, self._opened(name)[0])

    def look(self, name: str) -> Kept:
        """How it is kept. Raises as `get` does."""
        content, kept = self._opened(name)
        _text(name, content)
        return kept

    def put(self, name: str, secret: str) -> None:
        """Keep `secret` under `name`, whole or not at all, in place of an earlier one. The first one makes the key.

        Raises `SecretError` if it is empty, holds control characters, can't be written, or if the key that the other
        credentials were encrypted with is missing.
        """
        if not _fit(secret):
            raise SecretError(f"the secret for {name!r} is empty or holds control characters; give it on one line")
        path = self.directory / _file_name(name)
        with self._changing(f"the credential {name!r} can't be written to {path}"):
            refuse_others(self.directory, self.directory.stat(), "700")
            write(path, self._sealing().seal(name, secret.encode()))

    def delete(self, name: str) -> None:
        """Forget `name`; nothing happens if it isn't kept here. What is in `provided` belongs to systemd and stays.

        Raises `SecretError` if the file can't be removed.
        """
        path = self.directory / _file_name(name)
        with self._changing(f"the credential {name!r} can't be removed from {path}"):
            path.unlink(missing_ok=True)

    def names(self) -> tuple[str, ...]:
        """The names kept in `directory`, sorted; what is in `provided` isn't listed. Raises `SecretError` if the
        directory can't be read.
        """
        try:
            return tuple(sorted(unquote(path.name) for path in self._files()))
        except OSError as error:
            raise SecretError(f"the credentials in {self.directory} can't be listed: {error.strerror}") from error

    def prepare(self) -> Path | None:
        """See to it that there is a key; where one was made, if one was. Raises `SecretError` if there was one once."""
        with self._changing(f"the key of {self.directory} can't be made"):
            there = self.keys.every()
            self._sealing()
        return None if there else self.keys.file

    def ready(self) -> None:
        """Raises `SecretError` if there are encrypted credentials and a key for none of them."""
        if self.directory.exists():
            with self._changing(f"{self.directory} can't be looked into"):
                self._agree()

    def rotate(self) -> Rotation:
        """Encrypt every credential with a new key, or with systemd's if that has one; then drop the keys of our file
        that nothing needs any more. May be cut short anywhere, and be called again.

        Raises `SecretError`, and has changed nothing, if one of the credentials can't be opened; or if the key is
        systemd's, and nothing is left to do with it.
        """
        with self._changing(f"the key can't be changed in {self.keys.file}"):
            self._agree()
            self._try(names := self.names())
            given = self.keys.given()
            if not given:
                self.keys.keep((Key.new(), *self.keys.own()))
        done = tuple(name for name in names if self._renew(name))
        with self._changing(f"the key can't be changed in {self.keys.file}"):
            key, own = self.keys.every()[0], self.keys.own()  # another rotation may have begun
            needed = {key.id, *(sealed_by(path.read_bytes()) for path in self._files())}
            kept = tuple(one for one in own if one.id in needed and one not in given)
            if kept != own:
                self.keys.keep(kept)
        dropped = tuple(one.id for one in own if one not in kept and one not in given)
        if given and not done and kept == own:
            raise SecretError(f"key {key.id} comes from systemd, which has to change it (README, Credentials)")
        return Rotation(key.id, self.keys.place(key), done, dropped)

    def _try(self, names: tuple[str, ...]) -> None:
        """Raises `SecretError`, with a line for each, if one of our own can't be opened."""
        wrong = []
        for name in names:
            try:
                self._own(name)
            except SecretError as error:
                wrong.append(str(error))
        if wrong:
            raise SecretError("\n".join((*wrong, "no key was changed")))

    def _renew(self, name: str) -> bool:
        """Encrypt it with the key that is used now; whether that was to be done. It may have been removed meanwhile."""
        path = self.directory / _file_name(name)
        with self._changing(f"the credential {name!r} can't be written to {path}"):
            if not path.exists():
                return False
            content, kept = self._own(name)
            if kept.form is not Form.SEALED:
                write(path, self._sealing().seal(name, content))
            return kept.form is not Form.SEALED

    def _opened(self, name: str) -> tuple[bytes, Kept]:
        """What is kept, by systemd or here, and how."""
        if self.provided is not None:
            path = self.provided / _file_name(name)
            try:
                return path.read_bytes(), Kept(path, Form.PROVIDED, None)
            except FileNotFoundError:
                pass
            except OSError as error:
                raise _unreadable(name, error) from error
        return self._own(name)

    def _own(self, name: str) -> tuple[bytes, Kept]:
        path = self.directory / _file_name(name)
        for _ in range(2):  # for a rotation may come to its end between a look at the credential and one at the keys
            content = self._read(name, path)
            seal = sealed_by(content)
            if seal is None:
                return content, Kept(path, Form.PLAIN, None)
            for place, key in enumerate(self.keys.every()):
                if key.id == seal:
                    return key.open(name, content), Kept(path, Form.STALE if place else Form.SEALED, seal)
        raise SecretError(f"the credential {name!r} is encrypted: {self.keys.lacking(seal)}") if seal else damaged(name)

    def _read(self, name: str, path: Path) -> bytes:
        try:
            refuse_others(self.directory, self.directory.stat(), "700")
            return private(path)
        except FileNotFoundError as error:
            raise SecretError(f"there is no credential {name!r} in {self.directory}") from error
        except OSError as error:
            raise _unreadable(name, error) from error

    def _agree(self) -> None:
        """Raises `SecretError` unless a key here opens some credential here, or there is nothing to open."""
        here, needed = {key.id for key in self.keys.every()}, None
        for path in self._files():
            with suppress(OSError):  # what is wrong with one of them is that mailbox's own trouble
                if seal := sealed_by(path.read_bytes()):
                    if seal in here:
                        return
                    needed = seal
        if needed:
            raise SecretError(f"the credentials in {self.directory} are encrypted: {self.keys.lacking(needed)}")

    def _sealing(self) -> Key:
        """The key that seals, made now if nothing was ever sealed. For whoever is changing the directory."""
        self._agree()  # a new key beside credentials without theirs would hide that theirs is missing
        if not self.keys.every():
            self.keys.keep((Key.new(),))
        return self.keys.every()[0]

    def _files(self) -> Iterator[Path]:
        if self.directory.exists():
            yield from (path for path in self.directory.iterdir() if not path.name.startswith("."))

    @contextmanager
    def _changing(self, trouble: str) -> Iterator[None]:
        """Alone in the directory. An OSError becomes a `SecretError` that begins with `trouble`."""
        try:
            with writing(self.directory):
                yield
        except OSError as error:
            raise SecretError(f"{trouble}: {error.strerror}") from error


def _file_name(name: str) -> str:
    """A name as a file's name: never a path, never hidden (those are unfinished writes), and back by `unquote`."""
    if not name:
        raise SecretError("a credential needs a name")
    quoted = quote(name, safe="@+")
    return "%2E" + quoted[1:] if quoted.startswith(".") else quoted


def _text(name: str, content: bytes) -> str:
    try:
        secret = content.decode().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        # Not chained: the exception carries the secret's bytes.
        raise SecretError(f"the credential {name!r} isn't UTF-8 text") from None
    if not _fit(secret):
        raise SecretError(f"the credential {name!r} isn't one line of text")
    return secret


def _fit(secret: str) -> bool:
    """Whether a server could take it."""
    # What can be printed is no control character, and most can: it is seen at once.
    return secret != "" and (
        secret.isprintable() or not any(unicodedata.category(sign) in {"Cc", "Cs"} for sign in secret)
    )


def _unreadable(name: str, error: OSError) -> SecretError:
    return SecretError(f"the credential {name!r} can't be read: {error.strerror}: {error.filename}")
