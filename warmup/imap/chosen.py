"""The folder that is selected, by what the server told when it was.

Owns: reading that. Does not own: selecting (`warmup.imap.access`).
Sources: RFC 3501 §6.3.1 and §7.1 (UIDVALIDITY, UIDNEXT, PERMANENTFLAGS), §7.3.1 (EXISTS).
"""

from __future__ import annotations

from dataclasses import dataclass

from .answers import numbers
from .line import Answer


@dataclass(frozen=True, slots=True)
class Chosen:
    """A folder that is selected."""

    name: str
    writable: bool
    validity: int
    next_uid: int  # at least that of the next message to come; 0: not told
    exists: int  # messages
    permanent: frozenset[str]  # flags, in lower case; "\\*": any keyword

    @classmethod
    def told(cls, folder: str, answer: Answer, *, writable: bool) -> Chosen:
        """By the answer to SELECT, or to EXAMINE."""
        codes = answer.codes
        permanent = codes.get(b"PERMANENTFLAGS", b"").decode("ascii", "replace")
        return cls(
            name=folder,
            writable=writable,
            validity=next(numbers([codes.get(b"UIDVALIDITY")]), 0),
            next_uid=next(numbers([codes.get(b"UIDNEXT")]), 0),
            exists=max((number for values in answer.about(b"EXISTS") for number in numbers(values[:1])), default=0),
            permanent=frozenset(permanent.strip("()").lower().split()),
        )

    def keeps(self, keyword: str) -> bool:
        return bool(self.permanent & {"\\*", keyword.lower()})
