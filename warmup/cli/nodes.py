"""`warmup nodes`: the daemons on the database, and who does what.

Owns: the command. Does not own: the rows (`warmup.view.nodes`).
"""

from __future__ import annotations

import sys

import typer

from warmup.store import SHARDS
from warmup.view import nodes as view

from .common import ConfigFile, Database, Json, opened, settings
from .sheet import show, tell


def register(app: typer.Typer) -> None:
    app.command()(nodes)


def nodes(config: ConfigFile = None, database: Database = None, json: Json = False) -> None:
    """Show the daemons at work, and who does what.

    \b
    NODE       its machine and process, as its log and its claims name it
    ADDRESS    from where it has connected to the database, if over a network
    LEADS      it plans, watches and examines, which is to be done once
    SHARDS     the parts of the pool that it serves, of 64: each mailbox is in one
    MAILBOXES  how many are in those
    IN HAND    messages that it is sending just now

    A daemon that isn't one of several (`warmup run --join`) has everything. A node that has ended or is cut off isn't
    shown any more, and the others take over what it had within seconds.
    """
    found = settings(config, database)
    with opened(found) as store:
        at_work = store.nodes()
        rows = store.read(view.rows, at_work)
    headings = {
        "node": "NODE",
        "address": "ADDRESS",
        "since": "SINCE",
        "leads": "LEADS",
        "shards": "SHARDS",
        "mailboxes": "MAILBOXES",
        "in_hand": "IN HAND",
    }
    show(rows, headings, as_json=json, empty="no daemon is at work", spare=("address", "since"))
    if rows and not json and sys.stdout.isatty() and (free := view.nobodys(at_work)):
        tell(["", f"{free} of {SHARDS} shards are nobody's just now; they are taken within seconds"])
