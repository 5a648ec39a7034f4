"""`warmup mailbox pause` and `resume`: what a person holds, and lets go.

Owns: the commands. Does not own: other holds (`warmup.daemon.hold`), obeying them (`warmup.store`).
"""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import typer

from warmup.address import canonical
from warmup.config.values import Wrong, duration
from warmup.errors import UsageError
from warmup.model import Cause, Pause, Scope
from warmup.store import mailboxes, pauses

from .common import Address, ConfigFile, Database, instant, now, opened, settings, told


def register(app: typer.Typer) -> None:
    app.command()(pause)
    app.command()(resume)


def pause(
    address: Address,
    until: Annotated[
        str | None,
        typer.Option(
            metavar="DATE",
            help="Until then, in the mailbox's own zone unless it names one. Default: until `resume`.",
            show_default=False,
        ),
    ] = None,
    during: Annotated[
        str | None,
        typer.Option("--for", metavar="DURATION", help="For how long, such as 4h or 2d.", show_default=False),
    ] = None,
    why: Annotated[str, typer.Option(metavar="TEXT", help="A note for your colleagues.", show_default=False)] = "",
    config: ConfigFile = None,
    database: Database = None,
) -> None:
    """Hold all that a mailbox would send.

    What falls due meanwhile is dropped, never made up later, and the ramp doesn't age. Mail to it goes on, and is read.

    \b
    Examples:
      warmup mailbox pause ann@example.org --for 2d
      warmup mailbox pause ann@example.org --until 2026-12-01 --why "on holiday"
    """
    if until and during:
        raise UsageError("--until or --for, not both")
    since = now()
    with opened(settings(config, database)) as store:
        mailbox = store.run(mailboxes.get, canonical(address))
        end = since + _length(during) if during else instant(until, mailbox.zone) if until else None
        if end is not None and end <= since:
            raise UsageError(f"--until {until}: that is over; write a day to come")
        held = Pause(scope=Scope.MAILBOX, mailbox=mailbox.id, cause=Cause.OPERATOR, since=since, until=end, note=why)
        store.run(pauses.open_, held)
    print(f"{mailbox.address}: {told(held)}")


def _length(text: str) -> timedelta:
    try:
        return duration("1m", "400d")(text)
    except Wrong as error:
        raise UsageError(f"--for {error.mistakes[0][1]}") from error


def resume(address: Address, config: ConfigFile = None, database: Database = None) -> None:
    """Lift every pause of a mailbox and its lanes.

    Whoever put it there: you, a server's answer, or a failure. Days that a ramp fell back stay lost.
    """
    with opened(settings(config, database)) as store:
        mailbox = store.run(mailboxes.get, canonical(address))
        lifted = store.run(pauses.lift, now(), mailbox=mailbox.id)
    print(f"{mailbox.address}: {lifted} pause{'' if lifted == 1 else 's'} lifted")
