"""`warmup placement`: where mail arrives, as it was counted, or tried now.

Owns: the command, and hurrying the visits of a test. Does not own: the rows (`warmup.view.placed`), whom a test writes
to (`warmup.plan`), sending and finding: that is the daemon's, as with all mail.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Annotated

import typer

from warmup.address import canonical
from warmup.config import Config
from warmup.errors import OperatorError, UsageError
from warmup.model import Mailbox, Message, Placement, Slot
from warmup.plan import local_date, probes
from warmup.store import Connection, Store, budgets, days, installs, mailboxes, messages
from warmup.view import placed
from warmup.view.people import People, everybody

from .common import ConfigFile, Database, Json, now, opened, settings
from .sheet import show

_LOOK = 1.0  # seconds between two looks at what became of a test
_AGAIN = timedelta(seconds=15)  # after which a visit that found nothing is made again
_FOUND_SOMETHING = 3  # the exit code, as an audit's

Which = Annotated[
    str | None,
    typer.Argument(metavar="[ADDRESS]", help="What one mailbox sent. Default: the whole pool.", show_default=False),
]


def register(app: typer.Typer) -> None:
    app.command()(placement)


def placement(
    address: Which = None,
    days: Annotated[
        int | None, typer.Option(min=1, max=3650, help="Over so many days. Default: 7 and 28.", show_default=False)
    ] = None,
    each: Annotated[bool, typer.Option("--each", help="A line a mailbox, with its health.")] = False,
    test: Annotated[
        bool, typer.Option("--test", help="Send a round of messages now, and tell where they are.")
    ] = False,
    wait: Annotated[int, typer.Option(min=1, max=120, help="How many minutes a test may take.")] = 5,
    config: ConfigFile = None,
    database: Database = None,
    json: Json = False,
) -> None:
    """Show where mail arrives, at each receiving provider.

    \b
    7 DAYS, 28 DAYS
               the share in the inbox, of how many messages, and between which
               shares the true one lies with 95 % confidence
    JUNK, OTHER, MISSING, BOUNCED
               the rest, over the longer time: other tabs and folders, found
               nowhere after the last look, told to have come back
    HEALTH     0 to 100, over 28 days; none from fewer than 20 messages

    What is on its way still isn't counted. --test has the daemon send one message from ADDRESS, or from the mailbox
    that has most left today, to one mailbox at each provider, and look for it at once. It counts against the day's
    allowance like any other, and never passes it. Exit code 3: not all of them are in the inbox.

    \b
    Examples:
      warmup placement --each
      warmup placement ann@example.org --days 90 --json
      warmup placement ann@example.org --test
    """
    if test and (each or days):
        raise UsageError("placement: --test goes with neither --each nor --days")
    if each and address:
        raise UsageError("placement: an ADDRESS or --each, not both")
    found = settings(config, database)
    with opened(found) as store:
        if test:
            _test(store, found, address, timedelta(minutes=wait), json)
            return
        spans = [timedelta(days=days)] if days else placed.SPANS
        if each:
            rows = store.read(placed.by_mailbox, now(), spans)
        else:
            number = store.read(mailboxes.get, canonical(address)).id if address else None
            rows = store.read(placed.by_provider, now(), spans, number)
    headings = {"mailbox": "MAILBOX", "health": "HEALTH"} if each else {"to": "TO"}
    headings |= {f"days_{span.days}": f"{span.days} DAYS" for span in spans}
    headings |= {"junk": "JUNK", "other": "OTHER", "missing": "MISSING", "bounced": "BOUNCED"}
    short = () if days else (f"days_{spans[0].days}",)
    spare = ("bounced", "other", "missing", "junk", *short)
    show(rows, headings, as_json=json, empty="no message has been looked for yet", spare=spare)


def _test(store: Store, config: Config, address: str | None, patience: timedelta, json: bool) -> None:
    if not store.served():
        raise OperatorError("no daemon is at work on this database to send a test; `warmup run` starts one")
    slots, left_out, people = store.run(_begin, config, canonical(address) if address else None)
    sender = people[slots[0].sender].address
    print(f"from {sender}: {len(slots)} sent for; Ctrl-C leaves them to the daemon", file=sys.stderr)
    if left_out:
        print(f"not tried, as today's allowance has no room: {', '.join(left_out)}", file=sys.stderr)
    rows = [_row(message, people) for message in _followed(store, slots, patience, now, time.sleep)]
    show(
        rows,
        {"to": "TO", "mailbox": "MAILBOX", "result": "RESULT", "after": "AFTER", "says": "SAYS"},
        as_json=json,
        empty="",
    )
    if any(row["result"] != Placement.INBOX for row in rows):
        raise typer.Exit(_FOUND_SOMETHING)


def _begin(db: Connection, config: Config, address: str | None) -> tuple[list[Slot], list[str], People]:
    """The slots of a round, planned; and the providers that today's allowance has no room for. A work of the store."""
    at, people, pool = now(), everybody(db), mailboxes.every(db)
    senders = [mailboxes.get(db, address)] if address else pool
    left = {mailbox.id: _left(db, mailbox, config, at) for mailbox in senders}
    if not left:
        raise OperatorError("no mailboxes; `warmup mailbox add` registers one")
    sender = max(senders, key=lambda mailbox: left[mailbox.id])
    if not left[sender.id]:
        today = days.get(db, sender.id, local_date(at, sender.zone))
        why = (today.reason or "its allowance is used") if today else "the daemon hasn't planned its day yet"
        raise OperatorError(f"{sender.address} may send nothing more today ({why})")
    slots = probes(sender, pool, config.policy, now=at, seed=installs.get(db).seed)
    if not slots:
        raise OperatorError(f"{sender.address} has nobody to write to; register another mailbox")
    room = left[sender.id]
    days.add(db, slots[:room])
    return list(slots[:room]), [people[slot.recipient].provider for slot in slots[room:]], people


def _left(db: Connection, mailbox: Mailbox, config: Config, at: datetime) -> int:
    ramp = config.ramps.get(mailbox.curve or config.curve)
    most = ramp.top if ramp else messages.MANY
    return budgets.get(db, mailbox.id, local_date(at, mailbox.zone), most=most).left


def _followed(
    store: Store,
    slots: Sequence[Slot],
    patience: timedelta,
    clock: Callable[[], datetime],
    sleep: Callable[[float], None],
) -> list[Message]:
    """What became of them, once all are settled or time is up. Meanwhile each that was accepted is looked for at once,
    and again, where the daemon would leave it a person's time to be read; those looks aren't counted, lest it be
    called missing for having been looked for too soon.
    """
    end, hurried = clock() + patience, dict[int, datetime]()
    while True:
        rows = {row.message_id: row for row in store.run(messages.called_each, [slot.message_id for slot in slots])}
        going = [row for row in rows.values() if not _settled(row)]
        at = clock()
        if not going or at >= end:
            return [rows[slot.message_id] for slot in slots]
        for row in going:
            if row.sent_at and at - hurried.get(row.id, row.sent_at - _AGAIN) >= _AGAIN:
                store.run(messages.stamp, row.id, visit_at=at, visits=0)
                hurried[row.id] = at
        sleep(_LOOK)


def _settled(message: Message) -> bool:
    return any((message.found_at, message.missing_at, message.refused_at, message.dropped_at))


def _row(message: Message, people: People) -> dict[str, object]:
    recipient, said = people[message.recipient], str(message.response) if message.response else None
    after = (message.found_at - message.sent_at).total_seconds() if message.found_at and message.sent_at else None
    refused = message.response is not None and not message.response.positive
    elsewhere = f"in {message.folder}" if message.placement is Placement.OTHER else None
    return {
        "to": recipient.provider,
        "mailbox": recipient.address,
        "result": message.placement or ("not found yet" if message.state == "sent" else message.state),
        "after": None if after is None else f"{max(0, round(after))} s",
        "says": elsewhere or message.reason or (said if refused else None),
        "folder": message.folder,
        "response": said,
        "message_id": message.message_id,
    }
