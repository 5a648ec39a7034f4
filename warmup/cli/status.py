"""`warmup status` and `warmup log`: where everybody stands, and what happened.

Owns: the commands. Does not own: the rows (`warmup.view`), why it happened (`warmup.cli.explain`).
"""

from __future__ import annotations

import sys
import time
from datetime import datetime
from typing import Annotated

import typer
from rich.console import Console

from warmup.address import canonical
from warmup.config import Config
from warmup.store import Connection, Store, mailboxes, pauses
from warmup.view import events, held, pool
from warmup.view.people import everybody

from .common import ConfigFile, Database, Json, now, opened, settings
from .sheet import show, tell

_EVERY = 2.0  # seconds between two looks of --watch


def register(app: typer.Typer) -> None:
    app.command()(status)
    app.command()(log)


def status(
    watch: Annotated[bool, typer.Option("--watch", help="Look again every two seconds, until Ctrl-C.")] = False,
    config: ConfigFile = None,
    database: Database = None,
    json: Json = False,
) -> None:
    """Show where every mailbox stands.

    \b
    DAY        its sending day on the curve
    TODAY, OF  sent on its local day, of how many it may send
    OTHERS     used of these by other programs, seen in Sent or reserved, if any
    SENT       accepted by its server, ever
    INBOX, JUNK, MISSING, ANSWERED
               what became of those at the receiving end
    HELD       what is held of it: all, or to which receiving providers
    NEXT TRY   when the last of that is over (UTC), or that a person ends it
    CAUSE      the rules by which servers' answers hold it, or who else does

    On a narrow terminal some columns are left out; --json has all. Below, for people, each pause in full; `warmup
    pauses show` has what you can do about it.
    """
    found = settings(config, database)
    with opened(found) as store:
        _show(store, found, json)
        while watch:
            time.sleep(_EVERY)
            Console().clear()
            _show(store, found, json)


def _show(store: Store, config: Config, json: bool) -> None:
    headings = {
        "mailbox": "MAILBOX",
        "curve": "CURVE",
        "day": "DAY",
        "sent_today": "TODAY",
        "allowance": "OF",
        "others": "OTHERS",
        "sent": "SENT",
        "inbox": "INBOX",
        "junk": "JUNK",
        "missing": "MISSING",
        "answered": "ANSWERED",
        "held": "HELD",
        "next_try": "NEXT TRY",
        "held_by": "CAUSE",
    }
    at = now()
    rows = store.run(pool.rows, config, at)
    if not any(row["others"] for row in rows):
        del headings["others"]
    narrow = ("held_by", "curve", "answered", "missing", "day", "inbox", "junk", "sent", "others", "held")
    spare = tuple(name for name in narrow if name in headings)
    show(rows, headings, as_json=json, empty="no mailboxes; `warmup mailbox add` registers one", spare=spare)
    if sys.stdout.isatty() and not json:
        tell(store.run(_reasons, at))


def _reasons(db: Connection, at: datetime) -> list[str]:
    """What holds, by whom and until when; a pause of several mailboxes once. A work of the store."""
    people = everybody(db)
    lines = [""]
    for pause in pauses.active(db, at):
        said = f": {pause.response or pause.note}" if pause.response or pause.note else ""
        lines += [f"{pause.id}. {held.what(pause, people)}, {held.until(pause)}", f"   {held.by(pause)}{said}"]
    return lines if len(lines) > 1 else []


def log(
    address: Annotated[
        str | None,
        typer.Argument(metavar="ADDRESS", help="What one mailbox sent or was sent.", show_default=False),
    ] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="How many lines at most.")] = 50,
    config: ConfigFile = None,
    database: Database = None,
    json: Json = False,
) -> None:
    """Show the latest messages and pauses.

    Of one mailbox or of all, the latest last; times in UTC. STATE is how far a message has come: claimed, sent, found,
    opened, answered, filed; or dropped, refused, uncertain, missing. The daemon's own lines are on its standard error.

    \b
    Examples:
      warmup log -n 10
      warmup log ann@example.org --json | jq '.[] | select(.state == "refused")'
    """
    with opened(settings(config, database)) as store:
        one = store.run(mailboxes.get, canonical(address), removed=True).id if address else None
        rows = store.run(events.rows, limit, one)
    headings = {"at": "AT", "mailbox": "MAILBOX", "to": "TO", "state": "STATE", "found": "FOUND", "says": "SAYS"}
    spare = ("found", "to", "says")
    show(rows, headings, as_json=json, empty="nothing has happened yet", spare=spare)
