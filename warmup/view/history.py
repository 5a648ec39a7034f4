"""What a mailbox has lived: a row a day.

Owns: the rows. Does not own: the facts (`warmup.store.days`), why one day was as it was (`warmup.view.story`).
"""

from __future__ import annotations

from warmup.store import Connection, days


def rows(db: Connection, mailbox: int) -> list[dict[str, object]]:
    """All days that were planned, the latest last. A work of the store."""
    return [
        {
            "date": day.local_date,
            "age": day.age,
            "curve": day.curve,
            "volume": day.volume,
            "allowance": day.allowance,
            "sent": sent,
            "why": day.reason or None,
        }
        for day, sent in days.history(db, mailbox)
    ]
