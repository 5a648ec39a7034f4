"""Places: how many go at once, to a host, through this process, or on a way that is narrow for now.

What a server counts is a limit of all nodes together. Each place is then a lock of the database's, held by the node
that uses it, so there is never one too many, whatever a node believes. A node has its part of them, and more while some
stay free; it keeps those for which somebody waits, and where they don't divide evenly gives one back at each look, so
that all have turns.

Owns: waiting for a place, and handing it on. Does not own: the locks (`warmup.store.nodes`), which limits there are.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from warmup.store import Store, nodes
from warmup.store.nodes import Way

from .share import Share


@dataclass(slots=True, eq=False)
class _Gate:
    """The places on one way. `held` are those that the database has given to this node, None where it isn't asked."""

    way: Way
    most: int
    held: set[int] | None
    used: int = 0
    bound: int = 0  # how many of those there may be
    owed: int = 0  # places to be given back as soon as they are free
    asking: bool = False  # a question to the database is under way: its answer would be out of date with another
    waiting: deque[tuple[int, asyncio.Future[None]]] = field(default_factory=deque)

    @property
    def there(self) -> int:
        """How many may go at once from here."""
        return self.most if self.held is None else len(self.held) - self.owed

    @property
    def idle(self) -> bool:
        return not (self.used or self.waiting or self.held or self.asking)

    @property
    def wanted(self) -> int:
        return self.used + len(self.waiting)

    def hand_on(self) -> None:
        while self.waiting and self.used < self.there:
            _, turn = self.waiting.popleft()
            if not turn.done():  # else whoever waited has gone
                self.used += 1
                turn.set_result(None)


class Places:
    """One for each who goes, and waiting for it in the order of asking."""

    def __init__(self, store: Store, share: Share) -> None:
        self._store = store
        self._share = share
        self._gates: dict[Way, _Gate] = {}

    @asynccontextmanager
    async def one(self, way: Way, most: int, mailbox: int, *, everywhere: bool = True) -> AsyncIterator[None]:
        """A place of `most` on a way, for as long as the block lasts; of all nodes together, if `everywhere`. Waiting
        for it is cancelled when the mailbox becomes another node's.
        """
        gate = self._gates.get(way)
        if gate is None:
            shared = everywhere and self._share.shards is not None
            gate = self._gates[way] = _Gate(way, most, set() if shared else None)
            gate.bound = self._part(gate)
        gate.most = most
        await self._enter(gate, mailbox)
        try:
            yield
        finally:
            gate.used -= 1
            gate.hand_on()
            if gate.owed:
                await self._give_back(gate)
            elif gate.idle:
                self._gates.pop(way, None)

    async def tick(self) -> None:
        """Give back what nobody here needs or what others need, and ask for what is needed here."""
        gates = [gate for gate in self._gates.values() if gate.held is not None]
        taken = await self._store.do(nodes.places_taken, [gate.way for gate in gates]) if gates else {}
        for gate in gates:
            self._bound(gate, gate.most - taken[gate.way])
            if gate.owed:
                await self._give_back(gate)
            else:
                await self._ask(gate)
            if gate.idle:
                self._gates.pop(gate.way, None)

    def _bound(self, gate: _Gate, free: int) -> None:
        """How many this node may have until the next look, so many being free now."""
        assert gate.held is not None
        part, here = self._part(gate), len(gate.held)
        if free > 0:  # one stays free for who comes; that there is none tells us that others want theirs
            gate.bound = max(part, here + free - 1)
        else:
            turns = bool(gate.waiting) and here == part and gate.most % self._share.nodes != 0
            gate.bound = part - 1 if turns else part  # which is the others' turn; ours again at the next look
        gate.owed = max(0, here - min(gate.bound, gate.wanted))

    def withdraw(self) -> None:
        """Those who wait for mailboxes that are another node's by now go away."""
        for gate in self._gates.values():
            for mailbox, turn in gate.waiting:
                if not self._share.serves(mailbox):
                    turn.cancel()

    def _part(self, gate: _Gate) -> int:
        return -(-gate.most // self._share.nodes)

    async def _enter(self, gate: _Gate, mailbox: int) -> None:
        if not gate.waiting and gate.used < gate.there:
            gate.used += 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        gate.waiting.append((mailbox, turn))
        try:
            if gate.held is not None and not gate.owed:
                await self._ask(gate)
            await turn
        except BaseException:
            if turn.done() and not turn.cancelled():  # it had come just then
                gate.used -= 1
                gate.hand_on()
            turn.cancel()
            raise

    async def _ask(self, gate: _Gate) -> None:
        """For as many more places as are waited for. One asks, for all."""
        assert gate.held is not None
        if gate.asking:
            return
        gate.asking = True
        try:
            while (most := min(gate.bound, gate.wanted)) > len(gate.held):
                held = await self._store.do(nodes.take_places, gate.way, gate.most, most)
                if held <= gate.held:
                    break
                gate.held |= held
                gate.hand_on()
        finally:
            gate.asking = False

    async def _give_back(self, gate: _Gate) -> None:
        """What is owed and not in use."""
        assert gate.held is not None
        free = max(0, min(gate.owed, len(gate.held) - gate.used))
        if gate.asking or not free:
            return
        numbers = sorted(gate.held)[:free]
        gate.held.difference_update(numbers)
        gate.owed -= free
        gate.asking = True
        try:
            await self._store.do(nodes.give_places, gate.way, numbers)
        finally:
            gate.asking = False
