"""`warmup backup` and `warmup restore`: the database in another file, and back in its place.

Owns: the commands. Does not own: the copying, and what must not be sent afterwards (`warmup.store`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from warmup import store as memory
from warmup.errors import UsageError
from warmup.store import Anew
from warmup.view.plain import text

from .common import ConfigFile, Database, make_room, now, opened, settings

_AFTERWARDS = """\
Mailboxes and pauses are as they were then: what you changed since is to be done again; warmup mailbox list shows them.
What was sent since then and isn't known any more: warmup audit"""


def register(app: typer.Typer) -> None:
    app.command()(backup)
    app.command()(restore)


def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where the copy goes.", show_default=False)],
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
    config: ConfigFile = None,
    database: Database = None,
) -> None:
    """Copy the database into a file, while the daemon runs.

    The copy is of one moment and looked through before it gets its name; only you can read it. In it: the mailboxes,
    all messages, days and pauses, and the key that signs the label of our mail, without which none of it would be known
    as ours. Not in it: passwords, which are files in the credentials directory, their key, and the configuration. Keep
    them as well, apart from it.

    For PostgreSQL the command says how pg_dump is to be called.

    \b
    Example:
      warmup backup "/var/backups/warmup-$(date +%F).db"
    """
    found = settings(config, database)
    contents = memory.back_up(found.database, file, replace=force)
    print(f"{file}: {contents.mailboxes} mailboxes, {contents.messages} messages, {contents.days} days")


def restore(
    file: Annotated[
        Path | None,
        typer.Argument(metavar="FILE", help="What `warmup backup` made.", show_default=False),
    ] = None,
    in_place: Annotated[
        bool,
        typer.Option("--in-place", help="The database was put back already, by pg_restore or with its disk."),
    ] = False,
    config: ConfigFile = None,
    database: Database = None,
) -> None:
    """Put a backup in the place of the database.

    Stop the daemon first; while it is at work this is refused, and so is a file that isn't a backup, is damaged, or is
    of a newer warmup. An older one is upgraded. The database that is there is kept beside it under another name.

    Nobody knows what was sent after the backup was made. So that nothing is sent twice and nobody sends more than their
    day allows, all that was planned is dropped, nothing is sent for the rest of each mailbox's day, conversations that
    wait for an answer end, and planning begins anew tomorrow. A mailbox that was registered after the backup isn't in
    it: register it again tomorrow.

    For PostgreSQL the command says how pg_restore is to be called. What was put back by other means wants --in-place.

    \b
    Examples:
      warmup restore /var/backups/warmup-2026-11-24.db
      warmup restore --in-place
    """
    if (file is None) is not in_place:
        raise UsageError("give the FILE of a backup, or --in-place")
    found = settings(config, database)
    if file is None:
        with opened(found, create=True) as store:
            store.lock()
            print(f"{store.name}: {_told(store.run(memory.begin_anew, now()))}")
    else:
        make_room(found)
        restored = memory.restore(found.database, file, now())
        contents = restored.contents
        print(f"{file}: {contents.mailboxes} mailboxes, {contents.messages} messages; {_told(restored.anew)}")
        if restored.aside is not None:
            print(f"{restored.aside}: the database that was there")
    print(_AFTERWARDS)


def _told(anew: Anew) -> str:
    made = f"as of {text(anew.made_at)}; " if anew.made_at else ""
    return f"{made}{anew.dropped} planned messages dropped, nothing is sent before tomorrow"
