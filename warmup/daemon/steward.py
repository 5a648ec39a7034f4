"""Sharing out: nodes look at how many they are, and each holds its part of the pool's shards.

Nobody tells anybody anything. At each look a node lets go of shards above its part, once nothing of them is in hand,
takes free ones up to it, and leads if nobody does. So who joins is given work, and the work of who has ended, died or
been cut off is taken over, within two looks after the database has noticed. What it was sending then is put right
before anything more is done for its mailboxes: free again, or uncertain and looked for.

Owns: how much this node has, and what becomes of claims that are found with it. Does not own: the locks
(`warmup.store.nodes`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Set

from warmup.store import SHARDS, Connection, Shards, messages, nodes, shard, spread

from .office import Office


class Steward:
    """Sees to the office's share. `busy` are the mailboxes that are in hand here."""

    def __init__(self, office: Office, busy: Callable[[], Set[int]]) -> None:
        self._office = office
        self._busy = busy
        self._leaving: Shards = frozenset()  # held, and not begun with any more

    async def tick(self) -> None:
        """Look around, and give or take."""
        office, share = self._office, self._office.share
        before = share.shards, share.nodes, share.leads
        share.nodes = max(1, await office.store.do(nodes.count))
        part = -(-SHARDS // share.nodes)
        await self._give(part)
        await self._take(part)
        share.leads = share.leads or await office.store.do(nodes.lead)
        if (share.shards, share.nodes, share.leads) != before:
            office.log.shared(len(self._held), share.nodes, leads=share.leads)
        await office.places.tick()

    async def resume(self) -> None:
        """Begin with what the session holds, nothing being in hand: all of it after the database was in trouble, none
        if the session is a new one.
        """
        share = self._office.share
        share.shards, share.leads, self._leaving = frozenset(), False, frozenset()
        held, claims = await self._office.store.do(_found)
        share.shards = held
        self._office.log.recovered(claims)

    @property
    def _held(self) -> Shards:
        return (self._office.share.shards or frozenset()) | self._leaving

    async def _give(self, part: int) -> None:
        """Let go of what is above this node's part; what is in hand of it ends first."""
        share, held = self._office.share, self._held
        # Not those first of which nothing is in hand: they may be those with nobody in them.
        self._leaving = frozenset(sorted(held, key=spread)[: max(0, len(held) - part)])
        share.shards = held - self._leaving  # from here on nothing of the others is begun
        self._office.places.withdraw()
        await asyncio.sleep(0)  # in which those who waited for a place go
        if gone := self._leaving - {shard(number) for number in self._busy()}:
            await self._office.store.do(nodes.give_shards, gone)
            self._leaving -= gone

    async def _take(self, part: int) -> None:
        """Take what is free, up to this node's part."""
        share, held = self._office.share, self._held
        if len(held) < part:
            taken, claims = await self._office.store.do(_taken, part, held)
            share.shards = (share.shards or frozenset()) | taken
            self._office.log.recovered(claims)


def _taken(db: Connection, most: int, known: Shards) -> tuple[Shards, int]:
    """Shards beside those that are known to be ours, and how many claims were found in them. A work of the store, as
    the next one.
    """
    fresh = nodes.take_shards(db, most) - known
    return fresh, messages.release(db, shards=fresh) if fresh else 0


def _found(db: Connection) -> tuple[Shards, int]:
    """The shards that this session holds, and how many claims were found in them; places it has none."""
    nodes.give_all_places(db)
    held = nodes.shards(db)
    return held, messages.release(db, shards=held) if held else 0
