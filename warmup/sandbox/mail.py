"""What the servers keep, in memory: messages in folders in boxes.

Owns: UIDs, flags, the header fields of a message. Does not own: who may put what where (`warmup.sandbox.post`), or how
it is asked for (`warmup.sandbox.imap`).
Sources: RFC 3501 §2.3 (attributes of a message), RFC 6154 (special use), RFC 5322 §2.2 (header fields).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import NamedTuple

SPECIAL_USE = {"Junk": "\\Junk", "Sent": "\\Sent", "Drafts": "\\Drafts", "Trash": "\\Trash"}
DELIMITER = "/"

_HEAD = re.compile(rb"(?:\A|\r?\n)\r?\n")  # the end of the header: an empty line
_FIELD = re.compile(rb"^([^\s:]+)[ \t]*:(.*\r?\n?(?:[ \t].*\r?\n?)*)", re.MULTILINE)


class Field(NamedTuple):
    name: str  # in lower case
    value: bytes  # unfolded
    lines: bytes  # as they stand in the message, with their line breaks


@dataclass(eq=False)
class Mail:
    """A message in a folder."""

    uid: int
    raw: bytes
    at: datetime  # when it came: INTERNALDATE
    flags: set[str]

    @cached_property
    def head(self) -> bytes:
        """The header, with the empty line that ends it."""
        end = _HEAD.search(self.raw)
        return self.raw[: end.end()] if end else self.raw

    @property
    def text(self) -> bytes:
        """All that follows the header."""
        return self.raw[len(self.head) :]

    @cached_property
    def fields(self) -> tuple[Field, ...]:
        return tuple(
            Field(found[1].decode("latin-1").lower(), b"".join(found[2].splitlines()).strip(), found[0])
            for found in _FIELD.finditer(self.head)
        )

    def header(self, name: str) -> str:
        """The value of the first field of this name, or nothing."""
        values = (field.value for field in self.fields if field.name == name.lower())
        return next(values, b"").decode("utf-8", "replace")

    @property
    def message_id(self) -> str:
        return self.header("Message-ID")


@dataclass(eq=False)
class Folder:
    """Messages by UID, in the order in which they came. `watchers` are called after every change of what is in it."""

    name: str
    validity: int
    use: str | None = None  # its special use
    subscribed: bool = True
    next_uid: int = 1
    mails: dict[int, Mail] = field(default_factory=dict)
    watchers: set[Callable[[], None]] = field(default_factory=set)

    def add(self, raw: bytes, at: datetime, flags: Iterable[str] = ()) -> Mail:
        return self._keep(Mail(self.next_uid, raw, at, set(flags)))

    def copy(self, mail: Mail) -> Mail:
        return self._keep(replace(mail, uid=self.next_uid, flags=set(mail.flags)))

    def remove(self, mails: Iterable[Mail]) -> None:
        for mail in mails:
            del self.mails[mail.uid]
        self._changed()

    def _keep(self, mail: Mail) -> Mail:
        self.mails[mail.uid] = mail
        self.next_uid += 1
        self._changed()
        return mail

    def _changed(self) -> None:
        for watcher in tuple(self.watchers):
            watcher()


class Box:
    """An account's folders: INBOX and the special ones, and what is created later. `validity` is their UIDVALIDITY."""

    def __init__(self, address: str, validity: int) -> None:
        self.address = address
        self.validity = validity
        self.folders = {"INBOX": Folder("INBOX", validity)}
        self.folders |= {name: Folder(name, validity, use) for name, use in SPECIAL_USE.items()}

    def __getitem__(self, name: str) -> Folder:
        """The folder of exactly that name; KeyError if there is none."""
        return self.folders[name]

    def find(self, name: str) -> Folder | None:
        return self.folders.get("INBOX" if name.upper() == "INBOX" else name)

    def create(self, name: str) -> None:
        """A folder, and those above it that don't exist (RFC 3501 §6.3.3)."""
        parts = name.split(DELIMITER)
        for depth in range(1, len(parts) + 1):
            path = DELIMITER.join(parts[:depth])
            if self.find(path) is None:
                self.folders[path] = Folder(path, self.validity, subscribed=False)
