"""`warmup init` and `warmup check`: making the house, and seeing whether all is well in it.

Owns: the commands. Does not own: what a configuration may say (`warmup.config`).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from warmup.config import Config, locate, template
from warmup.errors import ConfigError, OperatorError, SignInError, UsageError
from warmup.model import Mailbox
from warmup.store import mailboxes

from . import roll
from .common import ConfigFile, Database, Json, opened, settings, vault
from .root import tell
from .sheet import show


def register(app: typer.Typer) -> None:
    app.command()(init)
    app.command()(check)


def init(
    file: Annotated[
        Path | None,
        typer.Argument(
            metavar="FILE",
            help="The configuration. Default: the one that would be used, else ./warmup.toml.",
            show_default=False,
        ),
    ] = None,
    database: Database = None,
) -> None:
    """Write a configuration, make database and key.

    The file names every setting with its default and its reason; nothing in it has to be changed. Without a file the
    same defaults hold.

    What is there stays: a configuration or a key isn't touched, and a database of an older version is upgraded. So this
    is also what to run after an upgrade of warmup.

    \b
    Examples:
      warmup init
      warmup init /etc/warmup/warmup.toml
    """
    named = os.environ.get("WARMUP_CONFIG")
    where = file or (Path(named) if named else None) or locate(None, os.environ) or Path("warmup.toml")
    if where.exists():
        print(f"{where}: is there already, and stays as it is")
    else:
        try:
            where.parent.mkdir(parents=True, exist_ok=True)
            where.write_text(template(), encoding="utf-8")
        except OSError as error:
            raise UsageError(f"{where}: can't be written: {error.strerror}") from error
        print(f"{where}: written")
    found = settings(where, database)
    with opened(found, create=True) as store:
        print(f"{store.name}: the database is ready; passwords go to {found.credentials}")
    if key := vault(found).prepare():
        print(f"{key}: a new key, which the passwords are encrypted with; keep a copy of it, apart from them")


def check(
    config: ConfigFile = None,
    database: Database = None,
    sign_in: Annotated[
        bool, typer.Option("--sign-in", help="Also sign in to both servers of every mailbox. Nothing is sent.")
    ] = False,
    json: Json = False,
) -> None:
    """Look for what is wrong.

    In the configuration (each mistake with its file, line and key), in your templates, the database, and for each
    mailbox its curve and its credential. Nothing is changed.

    Exit code 0: all is well; else that of the first thing wrong (see warmup --help).

    \b
    Examples:
      warmup check --sign-in
      warmup check --config new.toml && systemctl reload warmup
    """
    report = _Report()
    try:
        found = settings(config, database)
    except ConfigError as error:
        report.wrong("configuration", error)
        report.end(as_json=json)
        return
    report.fine("configuration", str(found.source or "built-in defaults"))
    report.fine("templates", f"{len(found.corpus.scenarios)} conversations in {len(found.policy.scenarios)} languages")
    try:
        with opened(found) as store:
            pool = store.run(mailboxes.every)
        report.fine("database", f"{store.name}, {len(pool)} mailboxes")
    except OperatorError as error:
        report.wrong("database", error)
        pool = []
    report.look_at(pool, found)
    for row in roll.tried(pool, vault(found), found) if sign_in else ():
        if row["works"]:
            report.fine(str(row["address"]), str(row["says"]))
        else:
            report.wrong(str(row["address"]), SignInError(str(row["says"])))
    report.end(as_json=json)


class _Report:
    """What was looked at, and what is wrong with it."""

    def __init__(self) -> None:
        self._rows: list[dict[str, object]] = []
        self._code = 0  # the exit code of the first thing wrong

    def fine(self, what: str, says: str) -> None:
        self._rows.append({"what": what, "fine": True, "says": says})

    def wrong(self, what: str, error: OperatorError) -> None:
        self._code = self._code or error.exit_code
        self._rows += [{"what": what, "fine": False, "says": line} for line in str(error).split("\n")]

    def look_at(self, pool: Sequence[Mailbox], config: Config) -> None:
        """What each mailbox needs of the configuration and the vault."""
        credentials = vault(config)
        for mailbox in pool:
            try:
                config.ramp(mailbox.curve)
                credentials.get(mailbox.credential)
                self.fine(mailbox.address, "its curve and its credential are there")
            except OperatorError as error:
                self.wrong(mailbox.address, error)

    def end(self, *, as_json: bool) -> None:
        """Show it, and end the command."""
        show(self._rows, {"what": "WHAT", "fine": "FINE", "says": "SAYS"}, as_json=as_json, empty="")
        if self._code:
            sys.stdout.flush()
            wrong = sum(not row["fine"] for row in self._rows)
            tell(f"{wrong} thing{'' if wrong == 1 else 's'} to mend")
            raise typer.Exit(self._code)
