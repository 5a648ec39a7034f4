"""`warmup plan`: what the daemon will do on a day.

Owns: the command. Does not own: planning: it is the daemon's own, done and undone again (`Store.rehearse`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from warmup.config import Config
from warmup.daemon.planner import plan_new_days
from warmup.model import Day, Mailbox, Message
from warmup.plan import local_date
from warmup.store import Connection, days, installs, mailboxes, messages

from .common import ConfigFile, Database, Json, day, now, opened, settings
from .sheet import print_json, show


def register(app: typer.Typer) -> None:
    app.command()(plan)


def plan(
    on: Annotated[
        str | None,
        typer.Option(
            "--date", metavar="DATE", help="The day, in each mailbox's zone. Default: today.", show_default=False
        ),
    ] = None,
    config: ConfigFile = None,
    database: Database = None,
    json: Json = False,
) -> None:
    """Show who writes to whom and when, on a day.

    What the daemon has planned, or exactly what it would plan now. For a day to come: what it would plan if nothing
    happened until then; answers to messages not yet sent aren't in it. Nothing is changed.

    \b
    Examples:
      warmup plan
      warmup plan --date 2026-11-30 --json
    """
    found, on_day = settings(config, database), day(on)
    with opened(found) as store:
        pool = {mailbox.id: mailbox for mailbox in store.run(mailboxes.every)}
        planned, slots = store.rehearse(_rehearsal, found, on_day, list(pool.values()))
    count = Counter(slot.sender for slot in slots)
    day_rows = [_day_row(day, pool, count[day.mailbox]) for day in planned]
    slot_rows = [_slot_row(slot, pool) for slot in slots]
    if json:
        print_json({"days": day_rows, "slots": slot_rows})
        return
    headings = {"mailbox": "MAILBOX", "date": "DATE", "age": "AGE", "curve": "CURVE", "volume": "VOLUME"}
    headings |= {"allowance": "MAY SEND", "slots": "PLANNED", "why": "WHY"}
    empty = f"nothing was planned for {on_day}" if pool else "no mailboxes; `warmup mailbox add` registers one"
    show(day_rows, headings, as_json=False, empty=empty, spare=("curve", "age", "volume", "why", "date"))
    if slots:
        print()
        headings = {"at": "AT", "sender": "FROM", "recipient": "TO", "what": "WHAT", "state": "STATE"}
        show(slot_rows, headings, as_json=False, empty="", spare=("state", "what"))


def _rehearsal(
    db: Connection, config: Config, on: date | None, pool: Sequence[Mailbox]
) -> tuple[list[Day], list[Message]]:
    """Live through the midnights until the day in question; a work that is undone."""
    at = now()
    seed = installs.get(db).seed
    dates = {mailbox.id: on or local_date(at, mailbox.zone) for mailbox in pool}
    for instant in sorted({max(at, _midnight(dates[mailbox.id], mailbox.zone)) for mailbox in pool}):
        plan_new_days(db, config, instant, seed)
    planned = [day for number, date_ in dates.items() if (day := days.get(db, number, date_)) is not None]
    slots = [slot for number, date_ in dates.items() for slot in messages.planned(db, number, date_)]
    return planned, sorted(slots, key=lambda slot: slot.due_at)


def _midnight(day: date, zone: str) -> datetime:
    return datetime.combine(day, time(0), ZoneInfo(zone))


def _day_row(day: Day, pool: dict[int, Mailbox], slots: int) -> dict[str, object]:
    return {
        "mailbox": pool[day.mailbox].address,
        "date": day.local_date,
        "age": day.age,
        "curve": day.curve,
        "volume": day.volume,
        "allowance": day.allowance,
        "slots": slots,
        "why": day.reason,
    }


def _slot_row(slot: Message, pool: dict[int, Mailbox]) -> dict[str, object]:
    zone = ZoneInfo(pool[slot.sender].zone)
    return {
        "at": slot.due_at.astimezone(zone).strftime("%H:%M:%S %Z"),
        "due_at": slot.due_at,
        "sender": pool[slot.sender].address,
        "recipient": pool[slot.recipient].address if slot.recipient in pool else "(removed)",
        "what": f"answer, turn {slot.turn}" if slot.parent else f"new: {slot.scenario}",
        "message_id": slot.message_id,
        "parent": slot.parent,
        "state": slot.state,
    }
