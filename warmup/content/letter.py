"""The order for one message, and the people in it.

Owns: that what goes into a message is sound. A `Person` or `Letter` that exists can't break a header: whatever holds a
line break or another control character is refused when it is made, before a byte is written.
Does not own: how it is written (`warmup.content.header`), what is said (`warmup.content.corpus`).
Sources: RFC 5322 §2.2 (header fields), §3.6.4 (Message-ID), §3.3 (dates).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

# Control characters, line and paragraph separators, and halves of characters that no encoding takes.
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")

_ADDRESS = re.compile(r'[^\s<>()\[\],;:\\"@]+@[^\s<>()\[\],;:\\"@]+')
_MESSAGE_ID = re.compile(r"<[!-;=?A-~]+@[!-;=?A-~]+>")
_FIELD_NAME = re.compile(r"[!-9;-~]+")
_OURS = frozenset(
    ("date", "from", "sender", "reply-to", "to", "cc", "bcc", "subject", "message-id", "in-reply-to", "references")
) | {"mime-version", "content-type", "content-transfer-encoding"}
_NOT_A_FIRST_NAME = frozenset(("dr", "prof", "mr", "mrs", "ms", "mx", "sir", "phd", "md", "jr", "sr"))


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who writes. `name` may be empty; `address` is canonical (see `warmup.address`).

    Raises `ValueError` for a control character in either, and for an address that would need quoting.
    """

    name: str
    address: str

    def __post_init__(self) -> None:
        if CONTROL.search(self.name) or CONTROL.search(self.address):
            raise ValueError(f"control character in {self.name!r} <{self.address!r}>")
        if not _ADDRESS.fullmatch(self.address):
            raise ValueError(f"{self.address!r} is not a plain address")

    @property
    def full(self) -> str:
        """The name without idle white space; empty if they have none."""
        return " ".join(self.name.split())

    @property
    def first(self) -> str:
        """How a colleague calls them: "Ann" of "Ann Bell", "Bell, Ann", "Dr. Ann Bell" and "Ann Bell, PhD"."""
        family, _, given = self.name.partition(",")
        for word in (*given.split(), *family.split()):
            if word.strip(".").lower() not in _NOT_A_FIRST_NAME:
                return word
        return self.full


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One turn of one conversation. The two people take turns: who opened it writes the odd ones.

    Raises `ValueError` for a value that can't stand in a header, a date without a zone, and a turn whose `references`
    and `earlier` aren't one for each turn before it.
    """

    message_id: str  # with angle brackets
    references: tuple[str, ...]  # Message-IDs of the turns before, oldest first
    thread: str  # the seed all turns share
    scenario: str  # Scenario.name
    turn: int  # 1 for the opening message
    sender: Person  # who writes this turn
    recipient: Person
    date: datetime  # in the sender's zone
    earlier: tuple[datetime, ...]  # when the turns before were written, each in its author's zone
    label: tuple[str, str]  # header field (name, value) by which the message is known as ours

    def __post_init__(self) -> None:
        if self.turn < 1 or not len(self.references) == len(self.earlier) == self.turn - 1:
            raise ValueError(f"turn {self.turn} has {len(self.references)} references, {len(self.earlier)} dates")
        for message_id in (self.message_id, *self.references):
            if not _MESSAGE_ID.fullmatch(message_id):
                raise ValueError(f"{message_id!r} is not a Message-ID")
        for moment in (self.date, *self.earlier):
            offset = moment.utcoffset()
            if offset is None or offset % timedelta(minutes=1):
                raise ValueError(f"{moment!r} is not in a zone of whole minutes")
        name, value = self.label
        if not _FIELD_NAME.fullmatch(name) or name.lower() in _OURS:
            raise ValueError(f"{name!r} can't be the name of the label")
        if CONTROL.search(value):
            raise ValueError(f"control character in the label {value!r}")

    def thread_so_far(self) -> Iterator[Letter]:
        """The letters of the thread up to this one, oldest first; all with the label of this one."""
        for turn in range(1, self.turn):
            yield replace(
                self,
                message_id=self.references[turn - 1],
                references=self.references[: turn - 1],
                turn=turn,
                sender=self.author(turn),
                recipient=self.reader(turn),
                date=self.earlier[turn - 1],
                earlier=self.earlier[: turn - 1],
            )
        yield self

    def author(self, turn: int) -> Person:
        """Who wrote that turn."""
        return self.recipient if (self.turn - turn) % 2 else self.sender

    def reader(self, turn: int) -> Person:
        """Whom that turn was written to."""
        return self.author(turn + 1)

    def written(self, turn: int) -> datetime:
        """When that turn was written, in its author's zone. Raises `ValueError` for a turn yet to come."""
        if not 1 <= turn <= self.turn:
            raise ValueError(f"turn {turn} isn't written yet in turn {self.turn}")
        return self.date if turn == self.turn else self.earlier[turn - 1]
