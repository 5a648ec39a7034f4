"""`warmup status` and `warmup log`: where everybody stands, and what happened.

Owns: the commands. Does not own: the facts (`warmup.store`), why it happened (`warmup.cli.explain`).
"""

from __future__ import annotations

import sys
import time
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.console import Console

from warmup.address import canonical
from warmup.config import Config
from warmup.model import Mailbox, Message, Pause
from warmup.plan import local_date
from warmup.store import Connection, Others, Store, Tally, budgets, days, mailboxes, messages, pauses

from . import held
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
    rows = store.run(_rows, config, at)
    if not any(row["others"] for row in rows):
        del headings["others"]
    narrow = ("held_by", "curve", "answered", "missing", "day", "inbox", "junk", "sent", "others", "held")
    spare = tuple(name for name in narrow if name in headings)
    show(rows, headings, as_json=json, empty="no mailboxes; `warmup mailbox add` registers one", spare=spare)
    if sys.stdout.isatty() and not json:
        tell(store.run(_reasons, at))


def _reasons(db: Connection, at: datetime) -> list[str]:
    """What holds, by whom and until when; a pause of several mailboxes once. A work of the store, as the next one."""
    people = {mailbox.id: mailbox for mailbox in mailboxes.every(db, removed=True)}
    lines = [""]
    for pause in pauses.active(db, at):
        said = f": {pause.response or pause.note}" if pause.response or pause.note else ""
        lines += [f"{pause.id}. {held.what(pause, people)}, {held.until(pause)}", f"   {held.by(pause)}{said}"]
    return lines if len(lines) > 1 else []


def _rows(db: Connection, config: Config, at: datetime) -> list[dict[str, Any]]:
    pool = mailboxes.every(db)
    today = {mailbox.id: local_date(at, mailbox.zone) for mailbox in pool}
    tallies = messages.tally(db, today=today)
    last = days.last_sent(db, before=today)
    others = budgets.every(db, today)
    active = pauses.active(db, at)
    people = {mailbox.id: mailbox for mailbox in mailboxes.every(db, removed=True)}
    rows = []
    for mailbox in pool:
        planned = days.get(db, mailbox.id, today[mailbox.id])
        lived = planned or last.get(mailbox.id)
        tally = tallies.get(mailbox.id, Tally())
        used = others.get(mailbox.id, Others())
        holds = [pause for pause in active if pause.stops(mailbox, pause.provider)]
        rows.append(
            {
                "mailbox": mailbox.address,
                "curve": planned.curve if planned else mailbox.curve or config.curve,
                "day": lived.age + 1 if lived else None,
                "sent_today": tally.sent_today,
                "allowance": planned.allowance if planned else None,
                "others": used.total,
                "observed": used.observed,
                "reserved": used.reserved,
                "why": planned.reason if planned else "not planned yet",
                "sent": tally.sent,
                "inbox": tally.inbox,
                "junk": tally.junk,
                "other": tally.other,
                "missing": tally.missing,
                "uncertain": tally.uncertain,
                "opened": tally.opened,
                "rescued": tally.rescued,
                "answered": tally.answered,
                "held": _what(holds),
                "held_until": _end(holds),
                "next_try": _end(holds) or held.ended(holds) if holds else None,
                "held_by": ", ".join(dict.fromkeys(map(held.by, holds))) or None,
                "pauses": [held.row(pause, people) for pause in held.of(mailbox, active)],
            }
        )
    return rows


def _what(holds: list[Pause]) -> str | None:
    """What of a mailbox they hold."""
    providers = [pause.provider for pause in holds]
    if None in providers:
        return "all"
    return f"to {', '.join(sorted({provider for provider in providers if provider}))}" if providers else None


def _end(holds: list[Pause]) -> datetime | None:
    """When the last of them is over by itself."""
    ends = [pause.until for pause in holds if pause.until]
    return max(ends) if ends and len(ends) == len(holds) else None


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
        everybody = {mailbox.id: mailbox for mailbox in store.run(mailboxes.every, removed=True)}
        one = store.run(mailboxes.get, canonical(address), removed=True).id if address else None
        rows = [_message_row(message, everybody) for message in store.run(messages.recent, limit, one)]
        rows += [_pause_row(pause, everybody) for pause in store.run(pauses.history, one)]
    rows.sort(key=lambda row: str(row["at"]))
    headings = {"at": "AT", "mailbox": "MAILBOX", "to": "TO", "state": "STATE", "found": "FOUND", "says": "SAYS"}
    spare = ("found", "to", "says")
    show(rows[-limit:], headings, as_json=json, empty="nothing has happened yet", spare=spare)


def _message_row(message: Message, everybody: dict[int, Mailbox]) -> dict[str, object]:
    said = str(message.response) if message.response else None
    return {
        "at": message.sent_at or message.refused_at or message.dropped_at or message.claimed_at or message.due_at,
        "mailbox": everybody[message.sender].address,
        "to": everybody[message.recipient].address,
        "state": message.state,
        "found": message.placement,
        "says": message.reason or (said if message.response and not message.response.positive else None),
        "response": said,
        "message_id": message.message_id,
        "parent": message.parent,
    }


def _pause_row(pause: Pause, everybody: dict[int, Mailbox]) -> dict[str, object]:
    return {
        "at": pause.since,
        "mailbox": everybody[pause.mailbox].address if pause.mailbox is not None else held.what(pause, everybody),
        "to": pause.provider,
        "state": "held",
        "found": None,
        "says": held.told(pause),
        "response": str(pause.response) if pause.response else None,
        "message_id": None,
        "parent": None,
    }
