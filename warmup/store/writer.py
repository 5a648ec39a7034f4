"""Writing: all that waits goes into one transaction (group commit), in a thread of its own or at once.

Owns: the thread, transactions, and that one caller's failure is only its own.
Does not own: what is written. A work must be repeatable until it is committed: a function of the database and its
arguments that does nothing else.

Why: a loop mustn't wait for a server, for somebody else who writes, or for a long work. One commit for many costs the
same as for one: measured at 1,800 messages per second on SQLite, where an asynchronous engine did 370. All that a
transaction answers is told by one wake-up of the loop, since each wake-up costs as much as a statement.

For a light work on a file the disk isn't called, which costs six times what the rest of its transaction does. It is in
the file, whatever becomes of the process, and on the disk with the next work that isn't light, before that is told.

A quick work on a file is done in the loop's own thread while nothing else is being written: for each of its statements
the two threads would pass Python's lock to each other and back, which costs as much as the statement. So the loop waits
for the disk at its commit, a millisecond or some; on a slow disk more comes together meanwhile, for the next one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from typing import Any

from sqlalchemy import Connection, Engine

from warmup.errors import StoreDown, StoreError

from .engine import Place, deadlocked, trouble_of, wait_for_others, wait_for_the_disk

# Turns of a loop, one after another, in which nobody asks for anything more: then what is asked for is done. Nothing is
# waited for in them. Where much is due at once, two make 2.3 transactions a message of 3.6; four would make 2.0.
_QUIET = 2
_MOST = 256  # works in one transaction, about, so that the first doesn't wait long for the last; a guess


@dataclass(slots=True)
class _Job:
    """A work, and who waits for what it answers, which comes as `result` or `error`."""

    work: Callable[[Connection], Any]
    waiting: asyncio.Future[Any]
    quick: bool
    light: bool
    result: Any = None
    error: BaseException | None = None

    def tell(self) -> None:
        if self.waiting.done():  # whoever waited was cancelled
            return
        if self.error is None:
            self.waiting.set_result(self.result)
        else:
            self.waiting.set_exception(self.error)


class Writer:
    """`submit` works from any loop; `close` when no more will come. With a `session`, which nobody else uses, all is
    written over that, and nothing is once it is lost.
    """

    def __init__(self, place: Place, engine: Engine) -> None:
        self.session: Connection | None = None
        self._place = place
        self._engine = engine
        self._own: Connection | None = None  # to a file, kept: taking one from the pool costs as much as a transaction
        self._patient = True  # whether that one waits while another process writes
        self._lightly = False  # whether it leaves the disk alone
        self._coming: dict[asyncio.AbstractEventLoop, list[_Job]] = {}
        self._waiting: SimpleQueue[list[_Job]] = SimpleQueue()  # an empty list is the end
        self._door = Lock()
        self._writing = Lock()  # held by whichever thread is at the database
        self._handed = 0  # works that the thread has to do or is at
        self._closed = False
        self._thread = Thread(target=self._live, name="warmup-store", daemon=True)
        self._thread.start()

    def submit(
        self, work: Callable[[Connection], Any], *, quick: bool = False, light: bool = False, at_once: bool = False
    ) -> asyncio.Future[Any]:
        """What `work` answers, once it is committed, in the loop that runs. Cancelling the wait
        doesn't cancel the work. A `quick` one has a few statements, and of a `light` one nothing is lost if it is
        forgotten when the power fails. One that goes `at_once` waits for no others to go with it, but takes those along
        that wait.

        Raises `StoreError` after `close`.
        """
        loop = asyncio.get_running_loop()
        job = _Job(work, loop.create_future(), quick, light)
        with self._door:
            if self._closed:
                raise StoreError(f"{self._place.name}: closed")
            if loop not in self._coming:
                self._coming[loop] = []
                if not at_once:
                    loop.call_soon(self._gather, loop)
            self._coming[loop].append(job)
        if at_once:
            self._hand_over(loop)
        return job.waiting

    def close(self) -> None:
        """Do what waits, then stop."""
        with self._door:
            self._closed = True
            for jobs in self._coming.values():
                self._hand(jobs)
            self._coming.clear()
        with self._writing:  # a loop that is at it may have something to hand over yet
            self._waiting.put([])
        self._thread.join()

    def _gather(self, loop: asyncio.AbstractEventLoop, known: int = 0, quiet: int = 0) -> None:
        """Each turn of the loop may bring more, as servers answer one by one: quick works, which cost less than their
        transaction, go together. `known` were there at the last turn, and nothing has come for `quiet` turns.
        """
        with self._door:
            jobs = self._coming.get(loop)
            if jobs is None:  # one that went at once has taken them along
                return
            quiet = quiet + 1 if len(jobs) == known else 0
            more = quiet < _QUIET and len(jobs) < _MOST and all(job.quick for job in jobs)
        if more:
            loop.call_soon(self._gather, loop, len(jobs), quiet)
        else:
            self._hand_over(loop)

    def _hand_over(self, loop: asyncio.AbstractEventLoop) -> None:
        """To the thread what some turns of the loop have brought; or have it done here."""
        with self._door:
            if loop not in self._coming:  # `close` has done it
                return
            jobs = self._coming.pop(loop)
            quick = self._place.path is not None and all(job.quick for job in jobs)
            here = quick and self._handed == 0 and self._writing.acquire(blocking=False)
            if not here:
                self._hand(jobs)
        if here:
            try:
                done = self._do_here(jobs)
            finally:
                self._writing.release()
            if done:
                _tell_here(jobs)

    def _hand(self, jobs: list[_Job]) -> None:
        self._handed += len(jobs)
        self._waiting.put(jobs)

    def _do_here(self, jobs: list[_Job]) -> bool:
        """Whether that could be done. Where somebody else writes, or one of several fails, nothing has happened; then
        the thread has it to do.
        """
        begun, error = self._try(jobs, patient=False)
        if error is None:
            return True
        if begun and len(jobs) == 1:
            jobs[0].error = error
            return True
        with self._door:
            self._hand(jobs)
        if not isinstance(error, Exception):  # a Ctrl-C is for whoever runs the loop
            raise error
        return False

    def _live(self) -> None:
        while batch := self._next():
            with self._writing:
                self._commit(batch)
            with self._door:
                self._handed -= len(batch)
            _tell(batch)
        with self._writing:
            if self._own is not None:
                self._own.close()

    def _next(self) -> list[_Job]:
        """What waits, at least one; nothing once it is closed."""
        batch = self._waiting.get()
        while batch and len(batch) < _MOST:
            try:
                more = self._waiting.get_nowait()
            except Empty:
                break
            if not more:
                self._waiting.put([])  # closed: seen again, after this batch
                break
            batch = batch + more
        return batch

    def _commit(self, batch: Sequence[_Job]) -> BaseException | None:
        """All in one transaction. If a work fails nothing has happened, and each is done again alone; also a lone one
        that gave way to another node, for that has gone on. If no transaction can be begun all fail, for each would
        wait as long as the first; the answer is why.
        """
        begun, error = self._try(batch, patient=True)
        if error is None:
            return None
        if begun and (len(batch) > 1 or deadlocked(error)):
            return self._commit_each(batch)
        for job in batch:
            job.error = error
        return None if begun else error

    def _try(self, batch: Sequence[_Job], *, patient: bool) -> tuple[bool, BaseException | None]:
        """Whether a transaction was begun, and why nothing came of it; None: all is done and on the disk."""
        begun = False
        try:
            light = all(job.light for job in batch)
            with trouble_of(self._place), self._begin(patient, light) as db:
                begun = True
                results = [job.work(db) for job in batch]
        except BaseException as error:
            return begun, error
        for job, result in zip(batch, results, strict=True):
            job.result = result
        return True, None

    def _commit_each(self, batch: Sequence[_Job]) -> BaseException | None:
        down: BaseException | None = None
        for job in batch:
            if down is None:
                down = self._commit([job])
            else:
                job.error = down
        return down

    def _begin(self, patient: bool, light: bool) -> AbstractContextManager[Connection]:
        if self.session is None:
            if self._place.path is None:
                return self._engine.begin()
            self._own = self._own or self._engine.connect()
            if patient != self._patient:
                wait_for_others(self._own, patient)
                self._patient = patient
            if light != self._lightly:
                wait_for_the_disk(self._own, not light)
                self._lightly = light
            return _begun(self._own)
        if self.session.invalidated or self.session.closed:  # connected anew it would be without the lock
            raise StoreDown(f"{self._place.name}: the connection is lost, and the daemon's lock with it")
        return _begun(self.session)


@contextmanager
def _begun(session: Connection) -> Iterator[Connection]:
    with session.begin():
        yield session


def _tell(batch: Sequence[_Job]) -> None:
    """Everybody who waits, with one wake-up of each loop."""
    loops: dict[asyncio.AbstractEventLoop, list[_Job]] = {}
    for job in batch:
        loops.setdefault(job.waiting.get_loop(), []).append(job)
    for loop, jobs in loops.items():
        with suppress(RuntimeError):  # the loop is closed, and nobody waits any more
            loop.call_soon_threadsafe(_tell_here, jobs)


def _tell_here(jobs: Sequence[_Job]) -> None:
    for job in jobs:
        job.tell()
