"""Bookmarks: how far inboxes and logs have been read.

Owns: their rows. Does not own: what a position means (whoever reads the source).
"""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, bindparam, insert, select, update

from warmup.model import Bookmark

from .kept import Kept
from .listed import one_of
from .rows import from_bookmark, to_bookmark
from .tables import bookmark


def get(db: Connection, source: str) -> Bookmark | None:
    row = _GET.row(db, {"which": source})
    return None if row is None else to_bookmark(row)


def some(db: Connection, sources: Collection[str]) -> dict[str, Bookmark]:
    """Those there are, by their sources."""
    found = map(to_bookmark, _SOME.rows(db, {"sources": sources}) if sources else ())
    return {mark.source: mark for mark in found}


def put(db: Connection, mark: Bookmark) -> None:
    """The only one of its source from now on."""
    values = from_bookmark(mark)
    if not _MOVE.changed(db, values | {"which": mark.source}):
        db.execute(insert(bookmark), values)


_which = bookmark.c.source == bindparam("which")
_GET = Kept(select(bookmark).where(_which))
_SOME = Kept(select(bookmark).where(one_of(bookmark.c.source, "sources")))
_MOVE = Kept(update(bookmark).where(_which))
