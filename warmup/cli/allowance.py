"""`warmup allowance`: how many messages may still be sent from a mailbox today, by anybody; and taking some of them.

Owns: the command. Does not own: the sums, and that nothing is given out twice (`warmup.store.budgets`).
"""

from __future__ import annotations

from datetime import date
from typing import Annotated

import typer

from warmup.address import canonical
from warmup.config import Config
from warmup.errors import OperatorError, UsageError
from warmup.model import Mailbox
from warmup.plan import local_date
from warmup.store import Budget, Connection, budgets, days, mailboxes, messages

from .common import Address, ConfigFile, Database, Json, now, opened, settings
from .sheet import show_one

Take = Annotated[
    int | None,
    typer.Option("--take", metavar="N", min=1, help="Reserve N: all or, with exit code 1, none.", show_default=False),
]
GiveBack = Annotated[
    int | None,
    typer.Option("--give-back", metavar="N", min=1, help="Of what was taken, N won't be sent.", show_default=False),
]


def register(app: typer.Typer) -> None:
    app.command()(allowance)


def allowance(
    address: Address,
    take: Take = None,
    back: GiveBack = None,
    config: ConfigFile = None,
    database: Database = None,
    json: Json = False,
) -> None:
    """Tell how many messages a mailbox may still send today.

    \b
    allowance  what the day allows; 0 while it isn't planned
    sent       by us: accepted, perhaps accepted, or in hand
    observed   by others: seen in Sent at the last look; each recipient counts
    reserved   taken with --take and not seen in Sent yet
    left       the allowance less all of these
    planned    of ours, to go yet: not subtracted, who takes is first

    The day is the mailbox's own. What was taken is counted once it is seen in Sent, and not twice; what isn't sent by
    midnight is void. Take one for each recipient, before you send.

    \b
    Examples:
      warmup allowance ann@example.org --json | jq .left
      warmup allowance ann@example.org --take 5 && send-five
    """
    if take and back:
        raise UsageError("allowance: one of --take and --give-back")
    found = settings(config, database)
    with opened(found) as store:
        mailbox = store.run(mailboxes.get, canonical(address))
        today = local_date(now(), mailbox.zone)
        budget, moved = store.run(_ask, mailbox, today, _most(mailbox, found), take, back)
        day = store.run(days.get, mailbox.id, today)
    if take and not moved:
        why = "" if day else ": the daemon plans the day when it begins"
        raise OperatorError(f"{mailbox.address} has {budget.left} left on {today}, not {take}; nothing was taken{why}")
    row = {"mailbox": mailbox.address, "date": today, "allowance": budget.allowance, "sent": budget.ours}
    row |= {"observed": budget.others.observed, "reserved": budget.others.reserved, "left": budget.left}
    row |= {"planned": budget.planned, "why": (day.reason or None) if day else "not planned yet"}
    show_one(row | ({"taken": moved} if take else {}) | ({"given_back": moved} if back else {}), as_json=json)


def _ask(
    db: Connection, mailbox: Mailbox, today: date, most: int, take: int | None, back: int | None
) -> tuple[Budget, int]:
    """The budget afterwards, and how many were taken or given back. A work of the store."""
    moved = 0
    if take and budgets.take(db, mailbox.id, today, take, most=most):
        moved = take
    elif back:
        moved = budgets.give_back(db, mailbox.id, today, back)
    return budgets.get(db, mailbox.id, today, most=most), moved


def _most(mailbox: Mailbox, config: Config) -> int:
    ramp = config.ramps.get(mailbox.curve or config.curve)
    return ramp.top if ramp else messages.MANY
