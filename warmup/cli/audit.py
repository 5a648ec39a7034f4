"""`warmup audit`: whether what lies in the mailboxes is what the database says.

Owns: the command. Does not own: looking (`warmup.daemon.auditor`), what is wrong (`warmup.audit`).
"""

from __future__ import annotations

import asyncio
import sys
from datetime import timedelta
from typing import Annotated

import typer

from warmup.daemon.auditor import Report
from warmup.daemon.auditor import audit as look
from warmup.errors import UsageError

from .common import ConfigFile, Database, Json, instant, now, opened, settings, vault
from .root import tell
from .sheet import print_json, show

_DAYS = 14
_FOUND = 3  # exit code
_NOT_ALL = 77  # as for a sign-in that fails: EX_NOPERM


def register(app: typer.Typer) -> None:
    app.command()(audit)


def audit(
    days: Annotated[
        int | None,
        typer.Option(min=1, max=3650, help=f"How many days back. Default: {_DAYS}.", show_default=False),
    ] = None,
    since: Annotated[
        str | None, typer.Option(metavar="DATE", help="From when, instead of --days; in UTC.", show_default=False)
    ] = None,
    config: ConfigFile = None,
    database: Database = None,
    json: Json = False,
) -> None:
    """Compare the database with the mailboxes.

    Signs in to every mailbox and reads the headers of all mail that has our label; nothing is changed or marked as
    read, and a daemon may be at work. Not looked into: Sent, Drafts and Trash.

    \b
    lost      sent and nowhere, or there and not known to have been sent,
              or ended without a reason
    doubled   there more than once
    unknown   ours by its signed label, and not in the database
    above     more went out on a mailbox's day than that allowed
    outside   in a mailbox it wasn't written to, or from or to one that isn't
              in the pool
    forged    has the label, wrongly signed: a stranger's; told, and no fault

    Mail that its owner moved or deleted after it was found is gone, and no fault. What was sent less than the sum of
    imap.looks ago (41 h by default) may still be on its way.

    Exit code 0: all is well; 3: something above but forged was found; 77: nothing was found, but into some mailboxes
    nobody could look.

    \b
    Examples:
      warmup audit
      warmup audit --since 2026-11-01 --json | jq '.findings[]'
    """
    if days is not None and since is not None:
        raise UsageError("--days and --since exclude each other")
    found, at = settings(config, database), now()
    start = instant(since) if since else at - timedelta(days=days or _DAYS)
    with opened(found) as store:
        report = asyncio.run(look(found, store, vault(found), since=start, now=at))
    if json:
        print_json(_whole(report))
    else:
        _show(report)
    sys.stdout.flush()
    if not report.clean:
        raise typer.Exit(_FOUND)
    if not report.whole:
        raise typer.Exit(_NOT_ALL)


def _show(report: Report) -> None:
    rows: list[dict[str, object]] = [
        {"kind": found.kind, "mailbox": found.mailbox, "message": found.message_id, "says": found.says}
        for found in report.findings
    ]
    rows += [
        {"kind": "not audited", "mailbox": visited.address, "message": None, "says": visited.trouble}
        for visited in report.visited
        if visited.trouble
    ]
    if rows:
        headings = {"kind": "WHAT", "mailbox": "MAILBOX", "message": "MESSAGE", "says": "SAYS"}
        show(rows, headings, as_json=False, empty="", spare=("message",))
        sys.stdout.flush()
    told = ", ".join(f"{number} {name}" for name, number in report.counts.items() if number)
    audited = sum(not visited.trouble for visited in report.visited)
    wrong = sum(found.kind.wrong for found in report.findings)
    tell(
        f"{audited} of {len(report.visited)} mailboxes audited since {report.since:%Y-%m-%d}: {told or 'no messages'}; "
        + (f"{wrong} thing{'' if wrong == 1 else 's'} wrong" if wrong else "nothing wrong")
    )


def _whole(report: Report) -> dict[str, object]:
    return {
        "since": report.since,
        "clean": report.clean,
        "mailboxes": [
            {
                "address": visited.address,
                "audited": not visited.trouble,
                "messages": visited.copies,
                "says": visited.trouble or None,
            }
            for visited in report.visited
        ],
        "counts": report.counts,
        "findings": [
            {"kind": found.kind, "mailbox": found.mailbox, "message_id": found.message_id, "says": found.says}
            for found in report.findings
        ],
    }
