"""`warmup status` and `warmup log`: where everybody stands, and what happened.

Owns: the commands. Does not own: the rows (`warmup.view`), why it happened (`warmup.cli.explain`).
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.console import Console

from warmup.address import canonical
from warmup.config import Config
from warmup.store import Connection, Store, mailboxes, pauses
from warmup.view import events, held, pool
from warmup.view.people import everybody

from . import doctor
from .common import ConfigFile, Database, Json, now, opened, settings
from .sheet import compact, show, tell

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
    DAY        its sending day on the curve, and the first one at the top
    TODAY      sent on its local day, of how many it may send
    OTHERS     used of these by other programs, seen in Sent or reserved, if any
    SENT, REPLIES
               accepted by its server, and answered by others, ever
    INBOX      the share found in inboxes in 7 days, of how many messages
    HEALTH     0 to 100, over 28 days; none from fewer than 20 messages
    HELD       what is held of it: all, or to which receiving providers
    NEXT TRY   when the last of that is over (UTC), or that a person ends it
    CAUSE      the rules by which servers' answers hold it, or who else does
    TOP        when it is at the top of its curve, if nothing holds it any more

    On a narrow terminal some columns are left out; --json has all. Below, for people, the pool in a line, errors that
    `warmup doctor` found last, and each pause in full; `warmup pauses show` has what you can do about it, `warmup
    placement` all about inboxes.

    With --watch a pipe gets a table a time with an empty line between, and with --json a document a line.
    """
    found = settings(config, database)
    with opened(found) as store:
        _show(store, found, json, again=watch)
        while watch:
            time.sleep(_EVERY)
            if sys.stdout.isatty() and not json:
                Console().clear()
            elif not json:
                print()
            _show(store, found, json, again=True)


def _show(store: Store, config: Config, json: bool, *, again: bool) -> None:
    at = now()
    rows = store.read(pool.rows, config, at)
    if json and again:
        print(compact(rows), flush=True)
        return
    headings = {
        "mailbox": "MAILBOX",
        "progress": "DAY",
        "today": "TODAY",
        "others": "OTHERS",
        "sent": "SENT",
        "answered": "REPLIES",
        "arrived": "INBOX",
        "health": "HEALTH",
        "held": "HELD",
        "next_try": "NEXT TRY",
        "held_by": "CAUSE",
        "top": "TOP",
    }
    if not any(row["others"] for row in rows):
        del headings["others"]
    if not any(row["held"] for row in rows):
        headings = {key: heading for key, heading in headings.items() if key not in {"held", "next_try", "held_by"}}
    narrow = ("held_by", "sent", "health", "answered", "top", "others", "arrived", "progress", "held")
    spare = tuple(name for name in narrow if name in headings)
    shown = rows if json else [row | _words(row) for row in rows]
    show(shown, headings, as_json=json, empty="no mailboxes; `warmup mailbox add` registers one", spare=spare)
    if sys.stdout.isatty() and not json and rows:
        tell(["", pool.summary(rows, store.served()), *store.read(_reasons, at)])
    sys.stdout.flush()


def _words(row: Mapping[str, Any]) -> dict[str, object]:
    """What a row says in a column where programs are told it in several values."""
    placement = row["placement"]
    share = None if placement["share"] is None else f"{100 * placement['share']:.0f} % of {placement['messages']}"
    return {
        "progress": None if row["day"] is None else f"{row['day']}/{row['top_day'] or '?'}",
        "today": f"{row['sent_today']}/{'?' if row['allowance'] is None else row['allowance']}",
        "arrived": share,
        "top": "reached" if row["at_top"] else row["top_on"],
    }


def _reasons(db: Connection, at: datetime) -> list[str]:
    """What holds, by whom and until when; a pause of several mailboxes once. A work of the store."""
    people = everybody(db)
    lines = doctor.errors(db)
    for pause in pauses.active(db, at):
        said = f": {pause.response or pause.note}" if pause.response or pause.note else ""
        lines += [f"{pause.id}. {held.what(pause, people)}, {held.until(pause)}", f"   {held.by(pause)}{said}"]
    return lines


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
