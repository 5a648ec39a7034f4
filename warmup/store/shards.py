"""Shards: the pool in parts, of which each node of a database holds some.

Owns: which mailbox belongs to which. Does not own: who holds what (`warmup.store.nodes`).
"""

from __future__ import annotations

from collections.abc import Set

from sqlalchemy import BigInteger, ColumnElement, cast

from .listed import one_of

# Never changed: two nodes that count differently would serve one mailbox together. A guess: enough that a share of a
# dozen nodes is even, few enough that all of them are taken in a moment.
SHARDS = 64

Shards = Set[int]

# Knuth's multiplicative hashing, six of its bits. By the last bits of their numbers every second mailbox would be
# together, and mailboxes are often registered provider by turns.
_FACTOR, _REST = 2654435761, 2**26


def shard(mailbox: int) -> int:
    """The shard of a mailbox, by its number."""
    return mailbox * _FACTOR // _REST % SHARDS


def shard_of(mailbox: ColumnElement[int]) -> ColumnElement[int]:
    """The same in SQL."""
    return cast(mailbox, BigInteger) * _FACTOR // _REST % SHARDS


def spread(shard: int) -> int:
    """A shard's place in the order in which shards are taken and given: neighbours are far apart in it, so that the
    first mailboxes of a small pool don't all go to one node. Its bits from the last to the first.
    """
    return int(f"{shard:06b}"[::-1], 2)


def among(mailbox: ColumnElement[int]) -> ColumnElement[bool]:
    """That a mailbox belongs to one of the parameter `shards`."""
    return one_of(shard_of(mailbox), "shards")
