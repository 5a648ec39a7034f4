"""Who does what: the daemons on a database, and what each has of the pool.

Owns: the rows. Does not own: who holds what (`warmup.store.nodes`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from warmup.store import SHARDS, Connection, Node, mailboxes, messages


def rows(db: Connection, at_work: Sequence[Node]) -> list[dict[str, Any]]:
    """A row for each. A work of the store."""
    within, claimed = mailboxes.in_shards(db), messages.in_hand(db)
    return [
        {
            "node": node.name,
            "address": node.address,
            "since": node.since,
            "leads": node.leads,
            "shards": len(node.shards),
            "mailboxes": sum(within.get(number, 0) for number in node.shards),
            "in_hand": sum(claimed.values()) if node.alone else claimed.get(node.name, 0),
        }
        for node in at_work
    ]


def nobodys(at_work: Sequence[Node]) -> int:
    """How many shards are between two nodes just now."""
    return SHARDS - len(frozenset().union(*(node.shards for node in at_work)))
