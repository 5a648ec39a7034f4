"""`warmup web`, and the option --web of commands that stay: the dashboard.

Owns: the command, and saying what to install where the dashboard isn't. Does not own: the dashboard (`warmup.web`).
"""

from __future__ import annotations

import asyncio
import signal
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from warmup.config import Config
from warmup.config.sections import listening
from warmup.config.values import Wrong
from warmup.daemon.clock import Clock
from warmup.errors import UsageError

from .common import ConfigFile, Database, settings

if TYPE_CHECKING:
    from warmup.web import Dashboard

At = Annotated[
    str | None,
    typer.Option("--web", metavar="HOST:PORT", help="Also show the dashboard there.", show_default=False),
]


def register(app: typer.Typer) -> None:
    app.command()(web)


def web(
    listen: Annotated[
        str | None,
        typer.Option(
            metavar="HOST:PORT", help="Where. Default: the configuration's, 127.0.0.1:8025.", show_default=False
        ),
    ] = None,
    new_token: Annotated[
        bool, typer.Option("--new-token", help="Write a new token, say where, and end. The old one is void.")
    ] = False,
    config: ConfigFile = None,
    database: Database = None,
) -> None:
    """Show the dashboard, until SIGTERM or Ctrl-C.

    Pages for a browser, /metrics for Prometheus, /healthz for who watches over services, and a JSON API that
    /api/openapi.json describes. It looks at the database alone and can be started and stopped beside the daemon, or be
    part of it: `warmup run --web 127.0.0.1:8025`.

    On this machine everybody may look, and who has the token may pause and resume. Where others can reach it nothing
    is shown without the token, and without one it isn't started. It speaks no TLS: put a server that does before it,
    and its address into [web] origin.

    \b
    Examples:
      warmup web
      warmup web --new-token
    """
    found = settings(config, database)
    if new_token:
        renew(found)
        print(f"{found.web.token}: a new token; it is in force once the dashboard is started anew")
        return
    with dashboard(found, listen) as shown:
        token = f"the token is in {shown.token_file}" if shown.token_file else "no token, so nothing can be changed"
        print(f"{shown.url} ({token})", file=sys.stderr, flush=True)
        asyncio.run(stay(shown))


def dashboard(config: Config, listen: str | None, clock: Clock | None = None) -> Dashboard:
    """The dashboard at `listen`, as an option says it, or where the configuration has it."""
    try:
        from warmup.web import Dashboard
    except ModuleNotFoundError as error:
        raise UsageError(f"the dashboard isn't installed ({error.name} is missing); install warmup[web]") from error
    try:
        where = listening(listen) if listen is not None else None
    except Wrong as error:
        raise UsageError(f"HOST:PORT: {error.mistakes[0][1]}") from error
    return Dashboard(config, where, clock)


def renew(config: Config) -> None:
    """Write a new token."""
    from warmup.web import token

    token.renew(config.web.token)


async def stay(shown: Dashboard) -> None:
    """Until told to stop, or it ends by a bug."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    told = loop.create_task(stop.wait())
    ended = asyncio.wrap_future(shown.ended)
    await asyncio.wait((told, ended), return_when=asyncio.FIRST_COMPLETED)
    told.cancel()
