"""Where everybody of the pool stands: a row a mailbox, and the pool in a line.

Owns: the rows. Does not own: the facts (`warmup.store`), what a pause is called (`warmup.view.held`), shares and health
(`warmup.view.placed`), how far it is to the top (`warmup.view.goal`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from warmup.config import Config
from warmup.model import Pause
from warmup.placement import WEEK, Counts
from warmup.plan import local_date
from warmup.store import Connection, Others, Tally, budgets, days, mailboxes, messages, pauses

from . import held, placed
from .goal import goal
from .people import everybody
from .plain import text


def rows(db: Connection, config: Config, at: datetime) -> list[dict[str, Any]]:
    """In the order of their addresses. A work of the store."""
    pool = mailboxes.every(db)
    today = {mailbox.id: local_date(at, mailbox.zone) for mailbox in pool}
    tallies = messages.tally(db, today=today)
    last = days.last_sent(db, before=today)
    others = budgets.every(db, today)
    active = pauses.active(db, at)
    people = everybody(db)
    week, scores = placed.of_each(db, at, WEEK), placed.healths(db, at)
    found = []
    for mailbox in pool:
        number, on = mailbox.id, today[mailbox.id]
        planned = days.get(db, number, on)
        used = others.get(number, Others())
        holds = [pause for pause in active if pause.stops(mailbox, pause.provider)]
        aim = goal(config, mailbox, planned=planned, last=last.get(number), holds=holds, today=on)
        found.append(
            {
                "mailbox": mailbox.address,
                "curve": aim.curve,
                "day": aim.day,
                "top_day": aim.top_day,
                "at_top": aim.there,
                "top_on": aim.on,
                "allowance": planned.allowance if planned else None,
                "others": used.total,
                "observed": used.observed,
                "reserved": used.reserved,
                "why": planned.reason if planned else "not planned yet",
                **asdict(tallies.get(number, Tally())),
                "placement": {"days": WEEK.days} | placed.figures(week.get(number, Counts())),
                "health": scores[number].score,
                "health_of": scores[number].messages,
                "held": _what(holds),
                "held_until": _end(holds),
                "next_try": _end(holds) or held.ended(holds) if holds else None,
                "held_by": ", ".join(dict.fromkeys(map(held.by, holds))) or None,
                "pauses": [held.row(pause, people) for pause in held.of(mailbox, active)],
            }
        )
    return found


def line(row: dict[str, Any]) -> str:
    """A mailbox in a line, from its row."""
    week = row["placement"]
    counts = Counts(inbox=week["inbox"], missing=week["messages"] - week["inbox"])
    day = "not begun" if row["day"] is None else f"day {row['day']} of {row['top_day'] or '?'}"
    top = "at the top" if row["at_top"] else f"at the top on {row['top_on']}" if row["top_on"] else ""
    held_ = f"held {row['held']} until {text(row['next_try'])}" if row["held"] else ""
    health = f"health {'not enough mail yet' if row['health'] is None else row['health']}"
    return f"{row['mailbox']}: " + ", ".join(filter(None, (day, top, f"{counts} in the inbox", health, held_)))


def summary(rows: Sequence[dict[str, Any]], served: bool) -> str:
    """The pool in a line, from its rows; `served`: a daemon is at work."""
    sent, allowed = (sum(row[key] or 0 for row in rows) for key in ("sent_today", "allowance"))
    week = [row["placement"] for row in rows]
    inbox, of = (sum(one[key] for one in week) for key in ("inbox", "messages"))
    held_ = sum(row["held"] is not None for row in rows)
    return "; ".join(
        (
            f"{len(rows)} mailboxes: {sent} of {allowed} sent today",
            f"in {WEEK.days} days {Counts(inbox=inbox, missing=of - inbox)} in the inbox",
            f"{held_ or 'none'} held",
            "a daemon is at work" if served else "no daemon is at work",
        )
    )


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
