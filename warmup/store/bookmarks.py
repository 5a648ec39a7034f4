"""Bookmarks: how far inboxes and logs have been read.

Owns: their rows. Does not own: what a position means (whoever reads the source).
"""

from __future__ import annotations

from sqlalchemy import Connection, delete, insert, select

from warmup.model import Bookmark

from .rows import from_bookmark, to_bookmark
from .tables import bookmark


def get(db: Connection, source: str) -> Bookmark | None:
    row = db.execute(select(bookmark).where(bookmark.c.source == source)).one_or_none()
    return None if row is None else to_bookmark(row)


def put(db: Connection, mark: Bookmark) -> None:
    """The only one of its source from now on."""
    db.execute(delete(bookmark).where(bookmark.c.source == mark.source))
    db.execute(insert(bookmark).values(**from_bookmark(mark)))
