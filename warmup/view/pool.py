"""Where everybody of the pool stands: a row a mailbox.

Owns: the rows. Does not own: the facts (`warmup.store`), what a pause is called (`warmup.view.held`).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from warmup.config import Config
from warmup.model import Pause
from warmup.plan import local_date
from warmup.store import Connection, Others, Tally, budgets, days, mailboxes, messages, pauses

from . import held
from .people import everybody


def rows(db: Connection, config: Config, at: datetime) -> list[dict[str, Any]]:
    """In the order of their addresses. A work of the store."""
    pool = mailboxes.every(db)
    today = {mailbox.id: local_date(at, mailbox.zone) for mailbox in pool}
    tallies = messages.tally(db, today=today)
    last = days.last_sent(db, before=today)
    others = budgets.every(db, today)
    active = pauses.active(db, at)
    people = everybody(db)
    found = []
    for mailbox in pool:
        planned = days.get(db, mailbox.id, today[mailbox.id])
        lived = planned or last.get(mailbox.id)
        tally = tallies.get(mailbox.id, Tally())
        used = others.get(mailbox.id, Others())
        holds = [pause for pause in active if pause.stops(mailbox, pause.provider)]
        found.append(
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
    return found


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
