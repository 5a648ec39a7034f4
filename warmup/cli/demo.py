"""`warmup demo`: the main job, on embedded servers, in seconds.

Six invented people with mailboxes at three invented providers live fourteen virtual days: their ramps climb, they write
and answer, some mail lands in Junk and is rescued, and one provider says 421 on one day. Everything but the servers,
the people and the clock is what runs for real.

Owns: setting the stage. Does not own: the view (`warmup.cli.watched`), the tale at the end (`warmup.view.story`).
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Annotated

import typer

from warmup.config import Config
from warmup.daemon.clock import JumpClock
from warmup.daemon.run import jump
from warmup.errors import UsageError
from warmup.model import Stage
from warmup.sandbox import Account, Fault, Sandbox
from warmup.store import Store, mailboxes
from warmup.view import story

from . import roll
from .cast import PROVIDERS, people, register_csv
from .common import settings
from .watched import View
from .web import At, dashboard, renew, stay

START = date(2026, 3, 2)  # a Monday; always the same, so that the same seed is the same life
_STORM_ON_WORKING_DAY = 6
_SAY = "421 4.7.28 An unusual rate of email from your account has been detected; try again later"
_JUNK = 0.15

# What differs from the defaults, and why.
_CONFIG = """# The demo's configuration: the defaults, but for what is said here.
database = "sqlite:///warmup.db"
credentials = "credentials"

[curves.demo]                 # steeper than what anybody should do with a real mailbox, to show something in two weeks
kind = "linear"
start = 2
step = 2
ceiling = 30

[ramp]
curve = "demo"
"""


def register(app: typer.Typer) -> None:
    app.command()(demo)


def demo(
    days: Annotated[int, typer.Option(min=1, max=120, help="How many virtual days.")] = 14,
    mailboxes: Annotated[int, typer.Option(min=6, max=60, help="How many mailboxes.")] = 6,
    seed: Annotated[str, typer.Option(help="Another seed, another life; the same seed, the same summary.")] = "demo",
    keep: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Where its database goes. Default: a new folder in the temp directory."),
    ] = None,
    web: At = None,
) -> None:
    """Show the main job in seconds.

    Embedded servers, invented people, a clock that jumps: ramps climb, people write and answer, some mail lands in Junk
    and is rescued, and on one day a server says 421, which bends a ramp. Everything but the servers, the people and the
    clock is what runs for real. Nothing leaves this machine.

    With --web it can be watched in a browser too, and the dashboard stays until Ctrl-C.

    It ends with a summary, what happened on the bad day, and where its database lies for a look with `warmup status`.

    \b
    Example:
      warmup demo --days 28 --mailboxes 12 --keep demo
    """
    folder = keep or Path(tempfile.mkdtemp(prefix="warmup-demo-"))
    if (folder / "warmup.toml").exists():
        raise UsageError(f"{folder} holds an earlier demo; name another folder, or remove it")
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "warmup.toml"
    file.write_text(_CONFIG, encoding="utf-8")
    found = settings(file)
    with Store.open(found.database, create=True, seed=seed):
        pass
    accounts = people(mailboxes)
    # When New York has gone home and the next day hasn't begun in Berlin.
    until = datetime.combine(START + timedelta(days=days - 1), time(22, 45), UTC)
    storm = _storm_day(days)
    clock = JumpClock(datetime.combine(START, time(0), UTC))
    with _watched(found, web, clock):
        asyncio.run(_live(found, accounts, folder, storm, until, clock))
        print(f"\nThe servers' ledger and the database are in {folder}; look at them with")
        print(f"  warmup status --config {file}")
        print(f"  warmup report --html {folder / 'report.html'} --config {file}")
        print(f"  warmup explain {_struck(accounts).address} --date {storm} --config {file}")


@contextmanager
def _watched(config: Config, web: str | None, clock: JumpClock) -> Iterator[None]:
    """With the dashboard beside, if that was asked for, which then stays."""
    if web is None:
        yield
        return
    renew(config)
    with dashboard(config, web, clock) as shown:
        print(f"Watch it at {shown.url}; the token to pause with is in {shown.token_file}\n", flush=True)
        yield
        print(f"\nThe dashboard stays at {shown.url} until Ctrl-C", flush=True)
        asyncio.run(stay(shown))


def _storm_day(days: int) -> date:
    """The sixth working day, or the last one of a shorter life."""
    working = [day for n in range(days) if (day := START + timedelta(days=n)).weekday() < 5]
    return working[min(_STORM_ON_WORKING_DAY, len(working)) - 1]


def _struck(accounts: Sequence[Account]) -> Account:
    """Whom the 421 meets."""
    return accounts[0]


async def _live(
    config: Config, accounts: Sequence[Account], folder: Path, storm: date, until: datetime, clock: JumpClock
) -> None:
    fault = Fault(
        Stage.RCPT,
        say=_SAY,
        sender=_struck(accounts).address,
        recipient=f"*@{PROVIDERS[1]}",
        since=datetime.combine(storm, time(9), UTC),
        times=1,
    )
    servers = Sandbox(accounts, clock=clock.now, faults=[fault], junk=_JUNK, ledger=folder / "ledger.jsonl")
    await servers.start()
    try:
        await asyncio.to_thread(_register, config, accounts, servers, folder, clock.now())
        with View([account.address for account in accounts], until) as view:
            await jump(config, clock, until, view.tell)
    finally:
        await servers.stop()
    with Store.open(config.database) as store:
        print("\n".join(store.run(story.summary, clock.now())))
        print()
        struck = store.run(mailboxes.get, _struck(accounts).address)
        print("\n".join(store.run(story.of_day, struck, storm).lines()))


def _register(config: Config, accounts: Sequence[Account], servers: Sandbox, folder: Path, now: datetime) -> None:
    """As `warmup mailbox import` does: each is proven by signing in to both servers."""
    pool = folder / "pool.csv"
    register_csv(pool, accounts, servers.smtp, servers.imap)
    roll.register(pool, config, now)
