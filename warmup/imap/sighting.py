"""A message of ours, where it stands, and the words in which such messages are asked for.

Owns: those words, and what the answers say of one message. Does not own: asking (`warmup.imap.access`), proving that a
message is ours (`warmup.imap.proof`).
Sources: RFC 3501 §6.4 (SEARCH, FETCH, STORE), RFC 4315 §3 (COPYUID).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from aioimaplib import quoted

from warmup.errors import AccessRefused
from warmup.model import Placement, Stage

from .answers import pages, texts
from .line import Answer

_TOGETHER = 8  # Message-IDs in one search: RFC 2683 §3.2.1.5 wants lines of at most 1,000 octets
_FIELDS = "BODY.PEEK[HEADER.FIELDS (%s)]"
_MOVED = re.compile(rb"(\d+) \S+ (\d+)")  # COPYUID of one message: the folder's UIDVALIDITY, the old UID, the new one


@dataclass(frozen=True, slots=True)
class Sighting:
    """A message of ours, where it stands."""

    message_id: str
    folder: str
    uid: int
    validity: int  # the folder's UIDVALIDITY, without which a UID means nothing
    placement: Placement

    def fetch(self, section: str) -> tuple[str, ...]:
        """The command that asks for a section of it."""
        return "UID FETCH", str(self.uid), items(section)

    def store(self, sign: str, *flags: str) -> tuple[str, ...]:
        """The command that sets flags ("+"), or takes them off ("-")."""
        return "UID STORE", str(self.uid), f"{sign}FLAGS.SILENT", f"({' '.join(flags)})"

    def text(self, answer: Answer) -> bytes:
        """What the section holds. Refused if it isn't there any more, or marked \\Deleted."""
        text = texts(answer).get(self.uid)
        if text is None:
            raise AccessRefused(Stage.FETCH, f"{self.message_id} is no longer in {self.folder}: look again")
        return text

    def moved(self, answers: Iterable[Answer], folder: str, placement: Placement) -> Sighting | None:
        """Where it is after MOVE, or COPY, to a folder; None: the server doesn't tell. `answers` are those to all that
        was said at once: Dovecot tells where it went before it says that what was asked first is done.
        """
        told = next(filter(None, (_MOVED.fullmatch(answer.codes.get(b"COPYUID", b"")) for answer in answers)), None)
        if told is None:
            return None
        return replace(self, folder=folder, uid=int(told[2]), validity=int(told[1]), placement=placement)


def searches(message_ids: Iterable[str]) -> Iterator[str]:
    """The criteria of searches that find all messages whose Message-ID has one of these in it."""
    for some in pages(list(message_ids), _TOGETHER):
        keys = [f"HEADER Message-ID {quoted(message_id)}" for message_id in some]
        yield "OR " * (len(keys) - 1) + " ".join(keys)


def items(section: str) -> str:
    return f"(UID FLAGS {section})"


def fields(*names: str) -> str:
    """The section that holds these fields of a header."""
    return _FIELDS % " ".join(name.upper() for name in names)
