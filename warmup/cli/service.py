"""`warmup run` and `warmup sandbox`: the two processes that stay.

Owns: the commands. Does not own: the daemon (`warmup.daemon.run`) or the servers (`warmup.sandbox`).
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from warmup.config import Config
from warmup.daemon.clock import Clock, JumpClock, SystemClock
from warmup.daemon.log import Log, lines
from warmup.daemon.loop import factory
from warmup.daemon.run import jump, serve
from warmup.errors import UsageError
from warmup.sandbox import Account, Fault, Sandbox
from warmup.sandbox import load as read_faults
from warmup.store import Store

from .cast import people, register_csv
from .common import ConfigFile, Database, instant, make_room, now, settings
from .web import At, dashboard


def register(app: typer.Typer) -> None:
    app.command()(run)
    app.command()(sandbox)


def run(
    config: ConfigFile = None,
    database: Database = None,
    json: Annotated[bool, typer.Option("--json", help="Log as JSON lines, whatever the configuration says.")] = False,
    web: At = None,
    standby: Annotated[
        bool, typer.Option("--standby", help="Wait for another daemon on the database to end, and take over.")
    ] = False,
    join: Annotated[
        bool, typer.Option("--join", help="Share the work with all that do the same, on one database in PostgreSQL.")
    ] = False,
    jump_: Annotated[
        bool, typer.Option("--jump", help="Live on a clock that jumps, with servers on this machine only.")
    ] = False,
    start: Annotated[
        str | None, typer.Option(metavar="DATE", help="With --jump: from when. Default: now.", show_default=False)
    ] = None,
    until: Annotated[
        str | None,
        typer.Option(metavar="DATE", help="With --jump: until when; in UTC, as --start.", show_default=False),
    ] = None,
) -> None:
    """Run the daemon, until SIGTERM or Ctrl-C.

    It plans each mailbox's day as it begins, sends what is due, reads and answers what has come. Facts go to standard
    error, one a line.

    SIGTERM and SIGINT let what is in hand finish, for as long as the configuration's service.stop_within. SIGHUP reads
    the configuration again; one with a mistake is refused with file, line and key, and the old one stays. A second
    daemon on the same database is refused; with --standby, on PostgreSQL mostly, it waits for the first to end, however
    that happens, and goes on with its work. With --join any number of them, on as many machines, share the pool;
    `warmup nodes` shows who does what. Mailboxes can be added, changed and paused while it runs.

    With --jump the clock goes from one thing due to the next at once, so that weeks take seconds. All servers must be
    on this machine, as those of `warmup sandbox` are.

    \b
    Examples:
      warmup run --web 127.0.0.1:8025
      warmup run --jump --until 2026-12-24
    """
    load = partial(settings, config, database)
    found = load()
    loop = factory(found.service.event_loop)
    tell = lines("json" if json else found.service.log, journal="JOURNAL_STREAM" in os.environ)
    if standby and join:
        raise UsageError("--standby waits for the end of another daemon, --join works beside it: give one of them")
    if not jump_:
        if start or until:
            raise UsageError("--start and --until go with --jump")
        make_room(found)
        with _shown(found, web, Log(SystemClock(), tell)), asyncio.Runner(loop_factory=loop) as runner:
            runner.run(serve(load, tell, os.environ, standby=standby, join=join))
        return
    if standby or join:
        raise UsageError("--standby and --join don't go with --jump")
    begin, end = instant(start) if start else now(), instant(until) if until else None
    if end is None or end <= begin:
        raise UsageError("--jump wants --until DATE, later than it starts")
    make_room(found)
    clock = JumpClock(begin)
    with _shown(found, web, Log(clock, tell), clock), asyncio.Runner(loop_factory=loop) as runner:
        runner.run(jump(found, clock, end, tell))


@contextmanager
def _shown(config: Config, web: str | None, log: Log, clock: Clock | None = None) -> Iterator[None]:
    """With the dashboard beside, if that was asked for."""
    if web is None:
        yield
        return
    with Store.open(config.database, create=True):
        pass  # there is something to show from the beginning
    with dashboard(config, web, clock) as shown:
        log.shown(shown.url)
        yield


def sandbox(
    mailboxes: Annotated[int, typer.Option(min=2, max=10000, help="How many accounts.")] = 6,
    smtp_port: Annotated[int, typer.Option(min=0, max=65535, help="0: any that is free.")] = 0,
    imap_port: Annotated[int, typer.Option(min=0, max=65535, help="0: any that is free.")] = 0,
    junk: Annotated[float, typer.Option(min=0, max=1, help="The share of mail that goes to Junk.")] = 0.1,
    ledger: Annotated[
        Path | None, typer.Option(help="A file for what was accepted, as JSON lines.", show_default=False)
    ] = None,
    faults: Annotated[
        Path | None, typer.Option(help="A TOML file of faults to strike with.", show_default=False)
    ] = None,
    pool: Annotated[
        Path, typer.Option(help="Where to write the accounts, as `warmup mailbox import` reads them.")
    ] = Path("pool.csv"),
) -> None:
    """Run an SMTP and an IMAP server to try things against.

    On loopback, for invented accounts; nothing leaves the machine, and all mail is lost at the end. Ctrl-C or SIGTERM
    ends it. The accounts are written to pool.csv, as `warmup mailbox import` reads them.

    A fault script makes the servers misbehave. Each [[fault]] has a stage (connect, ehlo, auth, mail, rcpt, data,
    dot; of IMAP: login, select, fetch) and what to say there or a manner (answer, close, drop, hang, garbage, flood,
    lost); as needed whom it meets (sender, recipient: shell patterns), when (on, from, until), and how many times.

    \b
    Example:
      warmup sandbox --ledger ledger.jsonl --faults faults.toml
    \b
      [[fault]]
      stage = "rcpt"
      recipient = "*@bluemail.test"
      say = "421 4.7.28 slow down"
      times = 3
    """
    servers = Sandbox(
        accounts := people(mailboxes),
        clock=SystemClock().now,
        faults=_script(faults) if faults else (),
        junk=junk,
        ledger=ledger,
        smtp_port=smtp_port,
        imap_port=imap_port,
    )
    asyncio.run(_stay(servers, accounts, pool))


def _script(file: Path) -> Sequence[Fault]:
    try:
        return read_faults(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{file}: can't be read: {error.strerror}") from error
    except ValueError as error:  # with the number of the fault and its key
        raise UsageError(f"{file}: {error}") from error


async def _stay(servers: Sandbox, accounts: Sequence[Account], pool: Path) -> None:
    """Serve until told to stop."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    try:
        await servers.start()
        register_csv(pool, accounts, servers.smtp, servers.imap)
    except OSError as error:
        raise UsageError(f"the sandbox can't start: {error}") from error
    print(f"SMTP at {servers.smtp}, IMAP at {servers.imap}; {len(accounts)} accounts in {pool}", flush=True)
    await stop.wait()
    await servers.stop()
