"""`warmup notify`: whether those who are to be told of what happens can be.

Owns: the command. Does not own: telling (`warmup.notify`, `warmup.daemon.herald`).
"""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from warmup.config import Config
from warmup.daemon.clock import SystemClock
from warmup.daemon.herald import told
from warmup.daemon.log import Log
from warmup.daemon.office import Office
from warmup.errors import OperatorError, UsageError
from warmup.notify import Channel, Kind, Notice, Untold
from warmup.store import Store, installs

from .common import ConfigFile, Database, Json, opened, settings, vault
from .sheet import show


def register(app: typer.Typer) -> None:
    app.command()(notify)


def notify(
    name: Annotated[
        str | None,
        typer.Argument(metavar="[NAME]", help="One of [notify.to.NAME]. Default: all.", show_default=False),
    ] = None,
    config: ConfigFile = None,
    database: Database = None,
    json: Json = False,
) -> None:
    """Tell a test to everybody in [notify].

    Each way is tried once, and what came of it is shown. Mail takes one message of its sender's day. Exit code 1: not
    all of them took it.
    """
    found = settings(config, database)
    channels = [channel for channel in found.notify.channels if name in {None, channel.name}]
    if not channels:
        known = ", ".join(channel.name for channel in found.notify.channels) or "none"
        raise UsageError(f"notify: nobody to tell; [notify.to.NAME] in the configuration has: {known}")
    with opened(found) as store:
        rows = asyncio.run(_try(store, found, channels))
    show(rows, {"name": "NAME", "kind": "KIND", "told": "TOLD", "why": "WHY NOT"}, as_json=json, empty="")
    if not all(row["told"] for row in rows):
        raise typer.Exit(OperatorError.exit_code)


async def _try(store: Store, config: Config, channels: list[Channel]) -> list[dict[str, object]]:
    clock = SystemClock()
    office = Office(
        store=store,
        vault=vault(config),
        config=config,
        install=store.run(installs.get),
        clock=clock,
        log=Log(clock, lambda _: None),
        node="notify",
    )
    rows: list[dict[str, object]] = []
    for channel in channels:
        notice = Notice(kind=Kind.TEST, key="test", at=clock.now(), text="a test: whoever reads this is told")
        row: dict[str, object] = {"name": channel.name, "kind": channel.kind, "told": True, "why": None}
        try:
            await told(office, channel, notice)
        except Untold as why:
            row |= {"told": False, "why": str(why)}
        rows.append(row)
    return rows
