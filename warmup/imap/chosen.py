"""The folder that is selected, by what the server told when it was.

Owns: reading that. Does not own: selecting (`warmup.imap.access`).
Sources: RFC 3501 §6.3.1 and §7.1 (UIDVALIDITY, UIDNEXT, PERMANENTFLAGS), §7.3.1 (EXISTS).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from .answers import numbers
from .line import Answer

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

    def serves(self, command: str, folder: str) -> bool:
        """Whether to select a folder, by that command, would change nothing."""
        return self.name == folder and (self.writable or command == "EXAMINE")

    def keeps(self, keyword: str) -> bool:
        permanent = self.permanent.decode("ascii", "replace").strip("()").lower().split()
        return "\\*" in permanent or keyword.lower() in permanent
