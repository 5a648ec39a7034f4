"""The keys that credentials are encrypted with, and what an encrypted credential looks like.

A key is 256 random bits, written as 64 hexadecimal digits; a key file has one a line, the newest first. Its id says
which key it is and nothing about it. An encrypted credential is

    "warmup" NUL, a version (1 byte), the key's id (4), a nonce (12), the ciphertext with its tag (16)

by AES-256-GCM, with all before the nonce and the credential's name as associated data: a file that was changed, or that
lies under another's name, isn't opened. No password has a NUL in it, so a file without that beginning is plain text, as
earlier versions wrote it. Whatever a later version changes, the id stays where it is.

Owns: keys, the form of what they seal, and where keys are looked for. Does not own: credentials' files, or when a key
changes (`warmup.secrets.vault`).
Sources: RFC 5116 §5.2 (AEAD_AES_256_GCM), §3.1 (96 bits of nonce); NIST SP 800-38D §8.3 (at most 2^32 random nonces a
key); systemd.exec(5), "Credentials".
"""

from __future__ import annotations

import re
import secrets
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from warmup.errors import SecretError

from .files import private, sync, write

NAME = "warmup.key"  # of systemd's credential, and of the file unless the configuration names another

_MAGIC = b"warmup\0"
_VERSION = b"\1"
_ID = slice(len(_MAGIC) + 1, len(_MAGIC) + 5)
_NONCE = slice(_ID.stop, _ID.stop + 12)
_KEY = re.compile(r"[0-9a-f]{64}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Key:
    """One key. Whoever shows it shows its id, eight hexadecimal digits."""

    secret: bytes = field(repr=False)
    id: str = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "id", sha256(b"warmup key id\0" + self.secret).hexdigest()[:8])

    @classmethod
    def new(cls) -> Key:
        return cls(secrets.token_bytes(32))

    def seal(self, name: str, secret: bytes) -> bytes:
        """The credential's file."""
        heading, nonce = _MAGIC + _VERSION + bytes.fromhex(self.id), secrets.token_bytes(12)
        return heading + nonce + AESGCM(self.secret).encrypt(nonce, secret, heading + name.encode())

    def open(self, name: str, content: bytes) -> bytes:
        """The secret in a credential's file that this key sealed. Raises `SecretError` if it was changed since."""
        if content[len(_MAGIC) : _ID.start] != _VERSION:
            raise SecretError(f"the credential {name!r} was written by a newer warmup; upgrade this one")
        try:
            associated = content[: _NONCE.start] + name.encode()
            return AESGCM(self.secret).decrypt(content[_NONCE], content[_NONCE.stop :], associated)
        except (InvalidTag, ValueError) as error:  # ValueError: so short that the nonce is
            raise damaged(name) from error


def sealed_by(content: bytes) -> str | None:
    """The id of the key that a credential's file was sealed with; None for plain text, empty if it ends before that."""
    return content[_ID].hex() if content.startswith(_MAGIC) else None


def damaged(name: str) -> SecretError:
    return SecretError(f"the credential {name!r} is damaged, or was another's; put it back or give it anew")


@dataclass(frozen=True, slots=True)
class Keys:
    """All keys there are: those of systemd's credential `warmup.key` in `provided`, and those of `file`. The first one
    seals, any of them opens.
    """

    file: Path
    provided: Path | None

    def every(self) -> tuple[Key, ...]:
        """The one that seals first. Raises `SecretError` if one of the files is no key file, or not ours alone."""
        return (*self.given(), *self.own())

    def given(self) -> tuple[Key, ...]:
        """Those from systemd."""
        if self.provided is not None:
            with suppress(FileNotFoundError):
                # Its permissions aren't looked at: systemd shows the mask of their access list as the group's.
                return _keys(self.provided / NAME, (self.provided / NAME).read_bytes())
        return ()

    def own(self) -> tuple[Key, ...]:
        """Those in our file."""
        try:
            return _keys(self.file, private(self.file))
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise SecretError(f"the key in {self.file} can't be read: {error.strerror}") from error

    def keep(self, keys: tuple[Key, ...]) -> None:
        """Have these, and no others, in our file; without any there is none. Raises `SecretError` if it can't be."""
        try:
            if keys:
                self.file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                write(self.file, "".join(f"{key.secret.hex()}\n" for key in keys).encode())
            else:
                self.file.unlink(missing_ok=True)
                sync(self.file.parent)
        except OSError as error:
            raise SecretError(f"the key can't be written to {self.file}: {error.strerror}") from error

    def place(self, key: Key) -> Path:
        """Where a key is."""
        return self.provided / NAME if self.provided is not None and key in self.given() else self.file

    def lacking(self, id: str) -> str:
        """That this key isn't here, what is, and what is to be done."""
        keys = ", ".join(key.id for key in self.every())
        found = f"only {keys} is there" if keys else f"there is none in {self.file}"
        return f"key {id} is needed, and {found}; put that key back (README, Credentials); nothing was changed"


# Remembered: a file is read anew for each credential, and says the same nearly each time.
@lru_cache(maxsize=4)
def _keys(path: Path, content: bytes) -> tuple[Key, ...]:
    # What stands there isn't shown: it may be a key with a slip.
    lines = content.decode("ascii", "replace").split()
    if not lines or not all(map(_KEY.fullmatch, lines)):
        raise SecretError(f"{path} holds no key; put a key file of warmup there: 64 hexadecimal digits a line")
    return tuple(Key(bytes.fromhex(line)) for line in lines)
