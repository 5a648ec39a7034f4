"""What PostgreSQL has to know of the tables to choose an index well, made before autovacuum comes to it.

Knowing nothing it takes a condition like `claimed_at IS NULL` for one that holds of hardly any row. So of two indices
it may choose that of all that waits, and read it from end to end to find one message by its number. Autovacuum comes a
minute after the first rows at the earliest, not at all where it is off, and a database that was restored is as unknown
as a new one. What has been looked through once is autovacuum's from then on. SQLite chooses by fixed rules.

Owns: that first look. Does not own: indices (`tables`).
Source: https://www.postgresql.org/docs/current/sql-analyze.html.
"""

from __future__ import annotations

from sqlalchemy import Connection, text

from .tables import Base

_UNKNOWN = text(
    "SELECT NOT EXISTS (SELECT FROM pg_stats WHERE tablename = 'message' AND schemaname = (SELECT nspname FROM pg_class"
    " JOIN pg_namespace ON pg_namespace.oid = relnamespace WHERE pg_class.oid = CAST('message' AS regclass)))"
)
# Nobody is waited for: whoever has a table locked against this is looking through it, or putting it in order.
_LOOK = text(f"ANALYZE (SKIP_LOCKED) {', '.join(Base.metadata.tables)}")


def analyze_if_unknown(db: Connection) -> None:
    """Have the tables looked through if messages never were, or there were none. A sample is read, however many."""
    if db.dialect.name != "sqlite" and db.scalar(_UNKNOWN):
        db.execute(_LOOK)
