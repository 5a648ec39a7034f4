"""`warmup prune`: what is too old to be needed is forgotten.

Owns: the command, and how long is remembered. Does not own: what is needed however old it is (`warmup.store.prune`).
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Annotated

import typer

from warmup.errors import UsageError
from warmup.store import Pruned, mailboxes
from warmup.store import prune as forget

from .common import ConfigFile, Database, Json, now, opened, settings
from .sheet import print_json

_KEEP = "400d"  # a year and a month: the same season can be compared
_LEAST = 60  # days that planning looks back on; placement and reports look no further


def register(app: typer.Typer) -> None:
    app.command()(prune)


def prune(
    keep: Annotated[
        str | None,
        typer.Option(metavar="DAYS", help=f"How long is remembered, as in 90d. Default: {_KEEP}.", show_default=False),
    ] = None,
    before: Annotated[
        str | None,
        typer.Option(metavar="DATE", help="Instead: what is of a day before that goes.", show_default=False),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say how much would go.")] = False,
    config: ConfigFile = None,
    database: Database = None,
    json: Json = False,
) -> None:
    """Forget old messages and days. The daemon may run meanwhile; it never forgets anything by itself.

    What is of the last 60 days always stays. So does, however old, what isn't over, a conversation that has gone on
    since, and each mailbox's last day of sending, which its ramp goes on from. Counts of all that was ever sent, and
    the course in `warmup report`, begin where memory begins.

    An SQLite file gets no smaller: what is free in it is used again. To shrink it, stop the daemon and say
    sqlite3 FILE VACUUM, which needs as much room again for a while.

    \b
    Examples:
      warmup prune --dry-run
      warmup prune --keep 120d
    """
    at = now()
    first = _first_kept(keep, before, at.date())
    gone = Pruned()
    with opened(settings(config, database)) as store:
        does = store.rehearse if dry_run else store.run
        for mailbox in store.run(mailboxes.every, removed=True):
            gone += does(forget, mailbox.id, first, at)
    if json:
        print_json({"before": first, "messages": gone.messages, "days": gone.days, "pauses": gone.pauses})
        return
    done = "would be forgotten" if dry_run else "forgotten"
    print(f"before {first}: {gone.messages} messages, {gone.days} days and {gone.pauses} pauses {done}")


def _first_kept(keep: str | None, before: str | None, today: date) -> date:
    if keep is not None and before is not None:
        raise UsageError("give --keep or --before")
    if before is not None:
        try:
            first = date.fromisoformat(before)
        except ValueError as error:
            raise UsageError(f"--before {before!r}: write it like 2026-11-30") from error
    else:
        days = re.fullmatch(r"(\d{1,5})d", keep or _KEEP, re.ASCII)
        if days is None:
            raise UsageError(f"--keep {keep!r}: write it like {_KEEP}")
        first = today - timedelta(days=int(days[1]))
    if first > today - timedelta(days=_LEAST):
        raise UsageError(f"the last {_LEAST} days are needed: give --keep {_LEAST}d or more, or an earlier --before")
    return first
