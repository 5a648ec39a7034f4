"""`warmup mailbox pause` and `resume`: what a person holds, and lets go.

Owns: the commands, and the options of a hold's end. Does not own: holds of more than a mailbox (`warmup.cli.pauses`),
those by a server's answer (`warmup.daemon.hold`), obeying them (`warmup.store`).
"""

from __future__ import annotations

import sys
from datetime import datetime, timedelta
from typing import Annotated

import typer

from warmup.address import canonical
from warmup.config.values import Wrong, duration
from warmup.errors import UsageError
from warmup.model import Cause, Pause, Scope
from warmup.store import mailboxes, pauses
from warmup.view import held

from .common import Address, ConfigFile, Database, instant, now, opened, settings

Until = Annotated[
    str | None,
    typer.Option(
        metavar="DATE",
        help="Until then, in the mailbox's own zone unless it names one. Default: until a person ends it.",
        show_default=False,
    ),
]
During = Annotated[
    str | None, typer.Option("--for", metavar="DURATION", help="For how long, such as 4h or 2d.", show_default=False)
]
Why = Annotated[str, typer.Option(metavar="TEXT", help="A note for your colleagues.", show_default=False)]


def register(app: typer.Typer) -> None:
    app.command()(pause)
    app.command()(resume)


def pause(
    address: Address,
    until: Until = None,
    during: During = None,
    why: Why = "",
    config: ConfigFile = None,
    database: Database = None,
) -> None:
    """Hold all that a mailbox would send.

    What falls due meanwhile is dropped, never made up later, and the ramp doesn't age. Mail to it goes on, and is read.
    `warmup pauses add` holds more, or less: a lane, a recipient, a domain, a host.

    \b
    Examples:
      warmup mailbox pause ann@example.org --for 2d
      warmup mailbox pause ann@example.org --until 2026-12-01 --why "on holiday"
    """
    since = now()
    with opened(settings(config, database)) as store:
        mailbox = store.run(mailboxes.get, canonical(address))
        end = end_of(during, until, since, mailbox.zone)
        wanted = Pause(scope=Scope.MAILBOX, mailbox=mailbox.id, cause=Cause.OPERATOR, since=since, until=end, note=why)
        store.run(pauses.open_, wanted)
    print(f"{mailbox.address}: {held.told(wanted)}")


def end_of(during: str | None, until: str | None, since: datetime, zone: str) -> datetime | None:
    """When a hold is over, by what was given of --for and --until; None if neither was."""
    if until and during:
        raise UsageError("--until or --for, not both")
    end = since + _length(during) if during else instant(until, zone) if until else None
    if end is not None and end <= since:
        raise UsageError(f"--until {until}: that is over; write a day to come")
    return end


def _length(text: str) -> timedelta:
    try:
        return duration("1m", "400d")(text)
    except Wrong as error:
        raise UsageError(f"--for {error.mistakes[0][1]}") from error


def resume(address: Address, config: ConfigFile = None, database: Database = None) -> None:
    """Lift every pause of a mailbox and its lanes, and of mail to it.

    Whoever put it there: you, a server's answer, or a failure. Days that a ramp fell back stay lost. What is held of
    its whole domain or host stays, and is told: `warmup pauses end` lifts that.
    """
    with opened(settings(config, database)) as store:
        mailbox = store.run(mailboxes.get, canonical(address))
        lifted = store.run(pauses.lift, now(), mailbox=mailbox.id)
        left = held.of(mailbox, store.run(pauses.active, now()))
    print(f"{mailbox.address}: {lifted} pause{'' if lifted == 1 else 's'} lifted")
    for one in left:
        print(f"{mailbox.address}: still {held.told(one)}; warmup pauses end {one.id} lifts that", file=sys.stderr)
