"""The daemon, from its parts to its end.

    office (store, vault, configuration, clock, log)
      └ planner, reader, sender: each looks at the store when it is rung, and they never call each other

`serve` lives by the system's clock until it is told to stop. `jump` lives the same life on a clock that jumps from one
due instant to the next, against servers on this machine only.

Owns: putting the daemon together, signals, reload, shutdown. Does not own: any of the work.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from warmup.config import Config
from warmup.errors import OperatorError, UsageError
from warmup.secrets import Vault
from warmup.store import Store, installs, mailboxes, messages

from .bell import Bell
from .clock import Clock, JumpClock, SystemClock
from .log import Fact, Log
from .office import Office, trusted
from .planner import Planner
from .reader import Reader
from .sender import Sender
from .systemd import Manager

# What a reload doesn't change, by its key in the configuration.
_FIXED: Mapping[str, Callable[[Config], object]] = {
    "database": lambda config: config.database,
    "credentials": lambda config: config.credentials,
    "smtp.connections_per_host": lambda config: config.submission.connections_per_host,
    "service.planner": lambda config: config.service.planner,
    "service.reader": lambda config: config.service.reader,
    "service.sender": lambda config: config.service.sender,
    "service.log": lambda config: config.service.log,
}


async def serve(load: Callable[[], Config], tell: Callable[[Fact], None], environ: Mapping[str, str]) -> None:
    """Run until SIGTERM or SIGINT. `load` reads the configuration, again at each SIGHUP."""
    with opened(load(), SystemClock(), tell, environ) as office:
        await Daemon(office, Manager(environ)).serve(load)


async def jump(config: Config, clock: JumpClock, until: datetime, tell: Callable[[Fact], None]) -> None:
    """Live from now on `clock` to `until` without waiting. Refuses a pool with a server that isn't on this machine."""
    with opened(config, clock, tell, {}) as office:
        for mailbox in office.store.run(mailboxes.every):
            for endpoint in (mailbox.smtp, mailbox.imap):
                if not endpoint.loopback:
                    raise UsageError(f"{mailbox.address}: {endpoint} isn't on this machine, and --jump sends fast")
        await Daemon(office, Manager({})).jump(clock, until)


@contextmanager
def opened(config: Config, clock: Clock, tell: Callable[[Fact], None], environ: Mapping[str, str]) -> Iterator[Office]:
    """The office, with its database held for this process alone."""
    with Store.open(config.database, create=True) as store:
        store.lock()
        trusted(config)  # found out now, or it would look like every mailbox's own trouble
        provided = environ.get("CREDENTIALS_DIRECTORY")
        yield Office(
            store=store,
            vault=Vault(config.credentials, Path(provided) if provided else None),
            config=config,
            install=store.run(installs.get),
            clock=clock,
            log=Log(clock, tell),
            node=f"{socket.gethostname()}:{os.getpid()}",
        )


class Daemon:
    """The three workers and their life together."""

    def __init__(self, office: Office, manager: Manager) -> None:
        self._office = office
        self._manager = manager
        self._planner = Planner(office)
        self._reader = Reader(office)
        self._sender = Sender(office)
        self._stop = asyncio.Event()

    async def serve(self, load: Callable[[], Config]) -> None:
        """Ring the workers until told to stop, or until one raises what nobody expected."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        loop.add_signal_handler(signal.SIGHUP, self._reload, load)
        await self._start()
        bell, service = Bell(), self._office.config.service
        bell.ring("plan", service.planner, self._planner.tick)
        bell.ring("read", service.reader, self._reader.tick)
        bell.ring("send", service.sender, self._dispatch)
        bell.start()
        self._manager.ready()
        told = loop.create_task(self._stop.wait())
        try:
            await asyncio.wait((told, bell.broken), return_when=asyncio.FIRST_COMPLETED)
            if bell.broken.done():
                bell.broken.result()
        finally:
            told.cancel()
            bell.stop()
            await self._end()

    async def jump(self, clock: JumpClock, until: datetime) -> None:
        """Everything due at an instant is done before the clock goes on to the next."""
        await self._start()
        try:
            midnight: datetime | None = clock.now()
            while clock.now() < until:
                if midnight is not None and clock.now() >= midnight:
                    await self._planner.tick()
                    midnight = await self._planner.next()
                await self._reader.tick()
                await self._reader.idle()
                await self._sender.tick()
                await self._sender.idle()
                due = await self._office.store.do(messages.next_due, clock.now())
                clock.jump(min(at for at in (midnight, due, until) if at is not None))
        finally:
            await self._end()

    async def _start(self) -> None:
        office = self._office
        await self._recover()
        pool = await office.store.do(mailboxes.every)
        office.log.started(office.store.name, len(pool), office.node)

    async def _dispatch(self) -> None:
        await self._sender.tick()
        self._manager.alive("sending")  # the store answered and the loop turns

    async def _end(self) -> None:
        seconds = self._office.config.service.stop_within.total_seconds()
        self._manager.stopping()
        self._office.log.stopping(seconds)
        late = await asyncio.gather(self._sender.stop(seconds), self._reader.stop(seconds))
        await self._recover()
        self._office.log.stopped(sum(late))

    async def _recover(self) -> None:
        """Nothing is in hand: what a run that crashed, or work that was cut short, has left there is put right."""
        claims = await self._office.store.do(messages.release)
        if claims:
            self._office.log.recovered(claims)

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
