"""Shards: the pool in parts, of which each node of a database holds some.

Owns: which mailbox belongs to which. Does not own: who holds what (`warmup.store.nodes`).
"""

from __future__ import annotations

from collections.abc import Set

from sqlalchemy import ColumnElement, bindparam

# Never changed: two nodes that count differently would serve one mailbox together. A guess: enough that a share of a
# dozen nodes is even, few enough that all of them are taken in a moment.
SHARDS = 64

Shards = Set[int]


def shard(mailbox: int) -> int:
    """The shard of a mailbox, by its number."""
    return mailbox % SHARDS


def spread(shard: int) -> int:
    """A shard's place in the order in which shards are taken and given: neighbours are far apart in it, so that the
    first mailboxes of a small pool don't all go to one node. Its bits from the last to the first.
    """
    return int(f"{shard:06b}"[::-1], 2)


def among(mailbox: ColumnElement[int]) -> ColumnElement[bool]:
    """That a mailbox belongs to one of the parameter `shards`."""
    return (mailbox % SHARDS).in_(bindparam("shards", expanding=True))
