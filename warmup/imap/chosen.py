"""The folder that is selected, by what the server told when it was, and what is known of it since.

Owns: reading and keeping that. Does not own: selecting (`warmup.imap.access`).
Sources: RFC 3501 §6.3.1 and §7.1 (UIDVALIDITY, UIDNEXT, PERMANENTFLAGS), §7.3.1 (EXISTS).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from warmup.errors import AccessRefused

from .answers import numbers
from .errand import Search
from .line import Answer, granted
from .sighting import Sighting

# Not read as values, which takes three times as long: a folder is selected six times for each message.
_EXISTS = re.compile(rb"(\d{1,10}) EXISTS *", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Chosen:
    """A folder that is selected."""

    name: str
    writable: bool
    validity: int
    next_uid: int  # at least that of the next message to come; 0: not told
    exists: int  # messages
    permanent: bytes  # flags, in brackets; "\\*": any keyword

    @classmethod
    def told(cls, folder: str, answer: Answer, *, writable: bool) -> Chosen:
        """By the answer to SELECT, or to EXAMINE."""
        codes = answer.codes
        return cls(
            name=folder,
            writable=writable,
            validity=next(numbers([codes.get(b"UIDVALIDITY")]), 0),
            next_uid=next(numbers([codes.get(b"UIDNEXT")]), 0),
            exists=max((int(match[1]) for said in answer.lines if (match := _EXISTS.fullmatch(said.text))), default=0),
            permanent=codes.get(b"PERMANENTFLAGS", b""),
        )

    def keeps(self, keyword: str) -> bool:
        permanent = self.permanent.decode("ascii", "replace").strip("()").lower().split()
        return "\\*" in permanent or keyword.lower() in permanent


class Selection:
    """Which folder is selected, if any, and what is known of it until it is left."""

    def __init__(self) -> None:
        self.chosen: Chosen | None = None
        self.proven: set[Sighting] = set()  # ours, and to be changed here: UIDs stay as they are meanwhile
        self._asked: tuple[str, Search] | None = None  # of a folder, along with its selection
        self._told: Answer | AccessRefused | None = None  # to that

    def leave(self) -> None:
        """None is selected any more."""
        self.enter(None)

    def enter(
        self,
        chosen: Chosen | None,
        asked: tuple[str, Search] | None = None,
        told: Answer | AccessRefused | None = None,
    ) -> None:
        """One is, and that was told when that was asked of it."""
        self.chosen, self._asked, self._told = chosen, asked, told
        self.proven.clear()

    def serves(self, command: str, folder: str) -> Chosen | None:
        """The folder, if to select it by that command would change nothing."""
        chosen = self.chosen
        return chosen if chosen and chosen.name == folder and (chosen.writable or command == "EXAMINE") else None

    def found(self, command: str, folder: str, search: Search) -> tuple[Chosen, Answer] | None:
        """The folder, and the answer to a search in it that was asked along and wasn't told yet. Raises a refusal, of
        either: whoever refuses isn't asked again.
        """
        told, chosen = self._told, self.serves(command, folder)
        if told is None or self._asked != (folder, search) or (chosen is None and isinstance(told, Answer)):
            return None
        self._asked = self._told = None
        answer = granted(told)
        assert chosen is not None, "nothing is told of a folder that isn't selected"
        return chosen, answer
