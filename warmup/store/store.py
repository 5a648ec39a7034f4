"""The memory: transactions around works, and how to get at them.

Owns: opening, running and closing. Does not own: works (`mailboxes`, `days`, `messages`, `pauses`, `installs`).

A work is a function whose first parameter is the connection of a transaction. It is committed when the work returns,
and undone when it raises.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from threading import Condition
from types import TracebackType
from typing import Concatenate, ParamSpec, Self, TypeVar

from sqlalchemy import Connection, Engine

from warmup.errors import StoreError

from . import lock, nodes, schema
from .engine import Place, engine_for, locate, reading, trouble_of
from .lock import Held
from .nodes import Node
from .shards import SHARDS
from .writer import Writer

_LITTLE = 50  # mailboxes; a guess: what is due of them is read in some milliseconds

P = ParamSpec("P")
T = TypeVar("T")


class Store:
    """An open database. `name` is what messages call it; it holds no password."""

    def __init__(self, place: Place, engine: Engine) -> None:
        self.name = place.name
        self._place = place
        self._engine = engine
        self._writer = Writer(place, engine)
        self._held: Held | None = None
        self._door = Condition()
        self._inside = 0  # threads that are at the database besides the writer's
        self._closed = False

    @classmethod
    def open(cls, url: str, *, create: bool = False, seed: str | None = None) -> Self:
        """The database at `url`, a path or a URL. With `create` it is made if missing and upgraded if older; `seed`
        makes its plans the same every time (the demo), else chance chooses it.

        Raises `StoreError`, saying in one line what is wrong and what to do.
        """
        place = locate(url)
        engine = engine_for(place)
        try:
            with trouble_of(place, all_of_it=True):
                schema.prepare(place, engine, create=create, seed=seed)
        except BaseException:
            engine.dispose()
            raise
        return cls(place, engine)

    def run(self, work: Callable[Concatenate[Connection, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """`work` in one transaction, in this thread. Raises what it raises, and `StoreError` if the database fails."""
        with self._entered(), self._engine.begin() as db:
            return work(db, *args, **kwargs)

    def read(self, work: Callable[Concatenate[Connection, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """What `work` finds, at one moment, without keeping the daemon from writing. What it would write is undone."""
        with self._entered(), reading(self._place, self._engine) as db, db.begin() as transaction:
            result = work(db, *args, **kwargs)
            transaction.rollback()
        return result

    def rehearse(self, work: Callable[Concatenate[Connection, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """What `work` would return, in a transaction that is undone: to see what would happen."""
        with self._entered(), self._engine.connect() as db, db.begin() as transaction:
            result = work(db, *args, **kwargs)
            transaction.rollback()
        return result

    async def do(self, work: Callable[Concatenate[Connection, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """`work` on the writer's thread, together with what else waits; returns when it is committed.

        Cancelling whoever waits doesn't undo it. Raises as `run` does.
        """
        result: T = await self._writer.submit(lambda db: work(db, *args, **kwargs))
        return result

    async def quickly(self, work: Callable[Concatenate[Connection, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """As `do`, of a work with a few statements about one mailbox: it costs less, and may keep the loop for as long
        as it takes.
        """
        result: T = await self._writer.submit(lambda db: work(db, *args, **kwargs), quick=True)
        return result

    async def lightly(self, work: Callable[Concatenate[Connection, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """As `quickly`, of a work that may be forgotten if the power fails before anything else is written: what it
        tells is found out anew, and nothing was done that only it knows of. If but the process dies, it is kept.
        """
        result: T = await self._writer.submit(lambda db: work(db, *args, **kwargs), quick=True, light=True)
        return result

    async def look(
        self, found: int | None, work: Callable[Concatenate[Connection, P], T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """`work`, which reads what is due: quickly, if the look before `found` little or there is little to look for.
        None: nobody knows. It writes nothing, so there is nothing to commit together and nobody to wait for.
        """
        little = found is not None and found < _LITTLE
        asked = self._writer.submit(lambda db: work(db, *args, **kwargs), quick=little, light=True, at_once=little)
        result: T = await asked
        return result

    def lock(self, node: str = "") -> None:
        """Be the only daemon on this database, by that name, until `close` or the end of the process. Raises
        `StoreError` if there is one already.

        A server's lock is lost with its connection. Then `do` raises `StoreDown` until this was called again.
        """
        self._hold(partial(lock.take, node=node))

    def join(self, node: str, silent: timedelta) -> None:
        """As `lock`, but as one of several nodes, by that name; one that says nothing for so long has lost its lock.
        Raises `UsageError` for a database in SQLite.
        """
        self._hold(partial(lock.join, node=node, silent=silent))

    def _hold(self, take: Callable[[Place, Engine], Held]) -> None:
        if self._held is not None:
            if not self._held.lost:
                return
            self._held.give_back()
            self._held = None
        with self._entered():
            held = take(self._place, self._engine)
            try:
                schema.recheck(self._place, self._engine)
            except BaseException:
                held.give_back()
                raise
            self._held = held
            self._writer.session = held.session

    def served(self) -> bool:
        """Whether a daemon, in whatever process, holds the lock. Raises `StoreError` if the database can't be asked."""
        with self._entered():
            return lock.taken(self._place, self._engine)

    def nodes(self) -> list[Node]:
        """The daemons that hold the lock: one, several or none. Raises `StoreError` if the database can't be asked."""
        if self._place.path is None:
            return self.run(nodes.at_work)
        with self._entered():
            pid = lock.holder(self._place.path)
        everything = frozenset(range(SHARDS))
        return [Node(f"process {pid}", None, None, leads=True, shards=everything, alone=True)] if pid else []

    def close(self) -> None:
        """Finish what waits, and what other threads are at, and let go."""
        self._writer.close()
        with self._door:
            self._closed = True
            # A connection that came back later would be nobody's to close.
            self._door.wait_for(lambda: self._inside == 0)
        if self._held is not None:
            self._held.give_back()
            self._held = None
        self._engine.dispose()

    @contextmanager
    def _entered(self) -> Iterator[None]:
        with self._door:
            if self._closed:
                raise StoreError(f"{self.name}: closed")
            self._inside += 1
        try:
            with trouble_of(self._place):
                yield
        finally:
            with self._door:
                self._inside -= 1
                self._door.notify_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
