"""Following a log: one piece for each look, from where the last one ended.

Owns: bookmarks, and that the ids in the MTA's queue are known again after a restart.
Does not own: where the pieces come from (`warmup.mta.file`, `warmup.mta.journal`).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from warmup.model import Bookmark
from warmup.throttle.mtalog import MailLog, Told

from .file import File
from .journal import Journal
from .piece import Place, Source

JOURNAL = "journal"


class Follower:
    """A log that is followed: the journal, or the file at a path. `source` is what its bookmarks are kept under."""

    def __init__(self, log: str, clock: Callable[[], datetime]) -> None:
        self.source = f"mta:{log}"
        self._from: Source = Journal() if log == JOURNAL else File(Path(log))
        self._clock = clock
        self._log = MailLog()
        self._place: Place | None = None  # up to which `_log` has heard

    async def read(self, since: Bookmark | None) -> tuple[list[Told], Bookmark | None]:
        """What is told in the next piece since a bookmark, oldest first, and the bookmark after it; None for that if
        there was nothing new, and until then there may be more. Without a bookmark all that is there already is passed
        over. Raises `LogError`; then nothing has been read, and the same bookmark serves when that is mended.
        """
        place = Place(since.edition, since.position) if since else None
        if place is None or place != self._place:
            # Another place than where we are: a start, or the last piece wasn't remembered.
            self._log, self._place = MailLog(), None
            self._place = await self._from.begin(place, self._log)
        told, then = await self._from.read(self._place, self._log)
        self._place = then
        if then == place:
            return told, None
        return told, Bookmark(source=self.source, edition=then.edition, position=then.position, read_at=self._clock())
