"""Listening: what the operator's own MTA writes in its log about our mail, if the configuration names that log.

Each look reads on from where the last one ended, which is remembered, so that nothing written while the daemon was down
is missed. What was read and not yet remembered is read again, which does no harm.

Owns: the look. Does not own: reading logs (`warmup.mta`), what follows from what they say (`warmup.daemon.aftermath`).
"""

from __future__ import annotations

from warmup.mta import Follower, LogError
from warmup.store import bookmarks

from . import aftermath
from .office import Office

_PIECES = 100  # of a log, in one look


class Listener:
    """Follows the log."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._follower: tuple[str, Follower] | None = None
        self._trouble = ""

    async def tick(self) -> None:
        """Read what is new. A log that can't be read is told of once, and tried again with the next look."""
        log = self._office.config.mta_log
        if log is None:
            self._follower = None
            return
        if self._follower is None or self._follower[0] != log:
            self._follower = log, Follower(log, self._office.clock.now)
        try:
            await self._read(self._follower[1])
        except LogError as trouble:
            if str(trouble) != self._trouble:
                self._office.log.deaf(str(trouble))
            self._trouble = str(trouble)
        else:
            self._trouble = ""

    async def _read(self, follower: Follower) -> None:
        store = self._office.store
        mark = await store.do(bookmarks.get, follower.source)
        for _ in range(_PIECES):
            told, then = await follower.read(mark)
            for one in told:
                await aftermath.told(self._office, one.message_id, one.report)
            if then is None:
                break
            await store.do(bookmarks.put, then)
            mark = then
