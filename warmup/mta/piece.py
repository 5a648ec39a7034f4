"""A piece of a log, and the place after it.

Owns: the shape that a file's and the journal's pieces have in common. Does not own: reading them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from warmup.errors import OperatorError
from warmup.throttle.mtalog import MailLog, Told

PIECE = 1_000_000  # bytes of a log that are read at once


class LogError(OperatorError):
    """The MTA's log can't be read; the text says which, why and what to do. Exit code 1."""


@dataclass(frozen=True, slots=True)
class Place:
    """Which log, and how far in it: as `Bookmark` has them."""

    edition: str
    position: str


class Source(Protocol):
    """Where lines are. Both verbs raise `LogError`."""

    async def begin(self, place: Place | None, log: MailLog) -> Place:
        """Have `log` read what is before a place, as its queue ids are still to be known; None means the end.
        Returns the place.
        """

    async def read(self, place: Place, log: MailLog) -> tuple[list[Told], Place]:
        """What is told from a place on, in one piece, and the place after it: the same if there is nothing new."""
