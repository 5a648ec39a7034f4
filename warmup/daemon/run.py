"""The daemon, from its parts to its end.

    office (store, vault, configuration, clock, log)
      └ planner, reader, listener, sender, doctor, postmaster, herald; as a node: steward

Each of these looks at the store when it is rung; they never call each other. As one of several nodes a daemon sends and
reads for its share of the pool, and what has to be done once (planning, listening, examining) it does only if it leads.

`serve` lives by the system's clock until it is told to stop. `jump` lives the same life on a clock that jumps from one
due instant to the next, against servers on this machine only.

Without the memory nobody can go on. If it may come back (locked, a full disk, a server that is restarted) `serve` lets
everybody put down what is in hand, waits, and goes on as after a crash; if not (damaged, deleted) it ends.

Owns: putting the daemon together, signals, reload, shutdown, waiting for the database. Does not own: any of the work.
"""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator, Mapping, Set
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import partial
from pathlib import Path

from warmup.config import Config
from warmup.errors import OperatorError, StoreDown, StoreError, StoreTaken, UsageError
from warmup.secrets import Vault
from warmup.store import Store, installs, mailboxes, messages

from .bell import Bell, Look
from .clock import Clock, JumpClock, SystemClock
from .doctor import Doctor
from .herald import Herald
from .listener import Listener
from .log import Fact, Log
from .loop import name
from .office import Office, trusted
from .planner import Planner
from .postmaster import Postmaster
from .reader import Reader
from .sender import Sender
from .share import Share
from .steward import Steward
from .systemd import Manager

_AGAIN = 5.0  # seconds after which a database that can't be used is tried again; a guess
# Names looked up at once. As many as there may be connections, for a name server that is silent holds each for long,
# and those who ask for other names mustn't wait behind them.
_LOOKUPS = 300

# Objects made until the youngest are looked through for cycles, and how many such looks until the older ones are; a
# circle's plan makes some ten thousand that all live to its end.
_CYCLES = (50_000, 20, 20)

_SHARE = 2.0  # seconds from one look at the other nodes to the next; far less than one may be silent
_NAME = 40  # characters of a machine's name in a node's, of which PostgreSQL shows 63 in all
_TURN = 0.2  # seconds between two attempts to be the daemon; PostgreSQL makes each of them wait itself

# What a reload doesn't change, by its key in the configuration.
_FIXED: Mapping[str, Callable[[Config], object]] = {
    "database": lambda config: config.database,
    "credentials": lambda config: config.credentials,
    "key": lambda config: config.key,
    "service.planner": lambda config: config.service.planner,
    "service.reader": lambda config: config.service.reader,
    "service.sender": lambda config: config.service.sender,
    "service.silent": lambda config: config.service.silent,
    "service.log": lambda config: config.service.log,
    "service.event_loop": lambda config: config.service.event_loop,
}

Turn = Callable[[Store, str, Config], None]  # takes the database's lock, by a name


async def serve(
    load: Callable[[], Config],
    tell: Callable[[Fact], None],
    environ: Mapping[str, str],
    *,
    standby: bool = False,
    join: bool = False,
) -> None:
    """Run until SIGTERM or SIGINT. `load` reads the configuration, again at each SIGHUP. With `standby` another daemon
    on the same database is waited for, and its work taken over when it ends; with `join` the work is shared with all
    that do the same.
    """
    clock, manager = SystemClock(), Manager(environ)
    turn = _joined if join else _alone
    if standby:
        turn = partial(_stand_by, Log(clock, tell), manager)
    with opened(load(), clock, tell, environ, turn) as office:
        if standby:
            office.config = load()  # as it is by now
        if join:
            office.share = Share(shards=frozenset(), leads=False)
            office.open_places()
        await Daemon(office, manager).serve(load)


def _alone(store: Store, node: str, _config: Config) -> None:
    store.lock(node)


def _joined(store: Store, node: str, config: Config) -> None:
    store.join(node, config.service.silent)


def _stand_by(log: Log, manager: Manager, store: Store, node: str, _config: Config) -> None:
    told = False
    while True:
        try:
            store.lock(node)
        except (StoreTaken, StoreDown) as why:
            if not told:
                signal.signal(signal.SIGHUP, signal.SIG_IGN)  # the configuration is read when the turn comes
                log.standing_by(str(why))
            told = True
            manager.standing_by()
            time.sleep(_TURN)
        else:
            return


async def jump(config: Config, clock: JumpClock, until: datetime, tell: Callable[[Fact], None]) -> None:
    """Live from now on `clock` to `until` without waiting. Refuses a pool with a server that isn't on this machine."""
    with opened(config, clock, tell, {}) as office:
        for mailbox in office.store.run(mailboxes.every):
            for endpoint in (*mailbox.submission, mailbox.imap):
                if not endpoint.loopback:
                    raise UsageError(f"{mailbox.address}: {endpoint} isn't on this machine, and --jump sends fast")
        await Daemon(office, Manager({})).jump(clock, until)


@contextmanager
def opened(
    config: Config,
    clock: Clock,
    tell: Callable[[Fact], None],
    environ: Mapping[str, str],
    turn: Turn = _alone,
) -> Iterator[Office]:
    """The office, with its database held by this process once `turn` has returned."""
    node = f"{socket.gethostname()[:_NAME]}:{os.getpid()}"
    with Store.open(config.database, create=True) as store, _cycles_left_alone():
        turn(store, node, config)
        trusted(config)  # found out now, or it would look like every mailbox's own trouble
        provided = environ.get("CREDENTIALS_DIRECTORY")
        vault = Vault(config.credentials, Path(provided) if provided else None, config.key)
        vault.ready()  # for the same reason
        yield Office(
            store=store,
            vault=vault,
            config=config,
            install=store.run(installs.get),
            clock=clock,
            log=Log(clock, tell),
            node=node,
        )


@contextmanager
def _cycles_left_alone() -> Iterator[None]:
    """Python looks for dead cycles less often, and not among what is there by now: templates and classes, that live as
    long as the daemon. At its own pace that is a fifth of what planning a day costs, and nothing is found there.
    """
    usual = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(*_CYCLES)
    try:
        yield
    finally:
        gc.set_threshold(*usual)
        gc.unfreeze()


class Daemon:
    """The workers and their life together."""

    def __init__(self, office: Office, manager: Manager) -> None:
        self._office = office
        self._manager = manager
        self._stop = asyncio.Event()
        self._turn = _alone if office.share.shards is None else _joined
        self._herald = Herald(office)  # goes on while the others wait for the store
        self._steward = None if office.share.shards is None else Steward(office, self._busy)
        self._hire()

    def _hire(self) -> None:
        """Workers who have nothing in hand."""
        self._office.open_places()
        self._planner = Planner(self._office)
        self._reader = Reader(self._office)
        self._listener = Listener(self._office)
        self._sender = Sender(self._office)
        self._doctor = Doctor(self._office)
        self._postmaster = Postmaster(self._office)

    def stop(self) -> None:
        """Have `serve` end."""
        self._stop.set()

    async def serve(self, load: Callable[[], Config]) -> None:
        """Ring the workers until told to stop, or until one raises what nobody expected."""
        loop = asyncio.get_running_loop()
        loop.set_default_executor(ThreadPoolExecutor(_LOOKUPS, "warmup"))
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop)
        loop.add_signal_handler(signal.SIGHUP, self._reload, load)
        self._office.log.also(self._herald.hear)
        await self._start()
        self._manager.ready()
        try:
            while not self._stop.is_set():
                try:
                    await self._work()
                except StoreDown as trouble:
                    await self._wait_for_the_store(trouble)
        finally:
            await self._end()
            await self._herald.stop()

    async def _work(self) -> None:
        """Until told to stop."""
        bell, service = Bell(), self._office.config.service
        if self._steward is not None:
            await self._steward.tick()  # its bell rings only after a while, as all do
            bell.ring("share", _SHARE, self._steward.tick)
        bell.ring("place", service.planner, self._leading(self._postmaster.tick))
        bell.ring("plan", service.planner, self._leading(self._planner.tick))
        bell.ring("read", service.reader, self._reader.tick)
        bell.ring("listen", service.sender, self._leading(self._listener.tick))
        bell.ring("send", service.sender, self._dispatch)
        bell.ring("examine", service.planner, self._leading(self._doctor.tick))
        bell.ring("tell", service.planner, self._herald.tick)
        bell.start()
        told = asyncio.get_running_loop().create_task(self._stop.wait())
        try:
            await asyncio.wait((told, bell.broken), return_when=asyncio.FIRST_COMPLETED)
            if bell.broken.done():
                bell.broken.result()
        finally:
            told.cancel()
            bell.stop()

    async def _wait_for_the_store(self, trouble: StoreDown) -> None:
        """Until it can be used and is ours, with nothing in hand that a crash could have left there."""
        office, since = self._office, self._office.clock.now()
        office.log.stalled(str(trouble))
        await self._put_down()
        self._hire()
        while not self._stop.is_set():
            self._manager.alive(f"waiting for the database: {trouble}")
            try:
                await asyncio.to_thread(self._turn, office.store, office.node, office.config)
                await self._recover()
            except StoreDown as again:
                trouble = again
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._stop.wait(), _AGAIN)
            else:
                office.log.resumed(since)
                return

    async def jump(self, clock: JumpClock, until: datetime) -> None:
        """Everything due at an instant is done before the clock goes on to the next."""
        await self._start()
        try:
            midnight: datetime | None = clock.now()
            while clock.now() < until:
                if midnight is not None and clock.now() >= midnight:
                    await self._postmaster.tick()
                    await self._planner.tick()
                    midnight = await self._planner.next()
                await self._reader.tick()
                await self._reader.idle()
                await self._listener.tick()
                await self._sender.tick()
                await self._sender.idle()
                due = await self._office.store.look(0, messages.next_due, clock.now())
                await asyncio.sleep(0)  # where nothing was in hand, nothing of this has let the loop see to a Ctrl-C
                clock.jump(min(at for at in (midnight, due, until) if at is not None))
        finally:
            await self._end()

    async def _start(self) -> None:
        office = self._office
        await self._recover()
        count = await office.store.do(mailboxes.count)
        office.log.started(office.store.name, count, office.node, name(asyncio.get_running_loop()))

    async def _dispatch(self) -> None:
        await self._sender.tick()
        self._manager.alive("sending")  # the store answered and the loop turns

    async def _end(self) -> None:
        self._manager.stopping()
        self._office.log.stopping(self._office.config.service.stop_within.total_seconds())
        late = await self._put_down()
        with suppress(StoreError):  # whose trouble has been told; the next start does it
            await self._recover()
        self._office.log.stopped(late)

    async def _put_down(self) -> int:
        """Let what is in hand end, in the time there is for that; how much had to be cut short."""
        seconds = self._office.config.service.stop_within.total_seconds()
        await self._doctor.stop()  # which begins anew, and loses nothing
        return sum(await asyncio.gather(self._sender.stop(seconds), self._reader.stop(seconds)))

    async def _recover(self) -> None:
        """Nothing is in hand: what a run that crashed, or work that was cut short, has left there is put right."""
        if self._steward is not None:
            await self._steward.resume()
        else:
            self._office.log.recovered(await self._office.store.do(messages.release))

    def _busy(self) -> Set[int]:
        return self._sender.busy | self._reader.busy

    def _leading(self, look: Look) -> Look:
        """The look, if this daemon leads."""

        async def led() -> None:
            if self._office.share.leads:
                await look()

        return led

    def _reload(self, load: Callable[[], Config]) -> None:
        self._manager.reloading()
        try:
            config = load()
            trusted(config)
        except OperatorError as refused:
            self._office.log.reload_refused(str(refused))
        else:
            waiting = [key for key, of in _FIXED.items() if of(config) != of(self._office.config)]
            self._office.config = config
            self._office.log.reloaded(config.source, waiting)
        self._manager.ready()
