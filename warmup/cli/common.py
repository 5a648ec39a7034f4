"""What every command shares: the options, the configuration, the store, the vault, dates.

Owns: finding and opening what a command works on. Does not own: commands.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from warmup.config import Config, load, locate
from warmup.daemon.clock import SystemClock
from warmup.errors import StoreError, UsageError
from warmup.secrets import Vault
from warmup.store import Store

ConfigFile = Annotated[
    Path | None,
    typer.Option(
        "--config",
        "-c",
        metavar="FILE",
        help="The configuration. Default: $WARMUP_CONFIG, ./warmup.toml, ~/.config/warmup/warmup.toml, "
        "/etc/warmup/warmup.toml, else built-in defaults.",
        show_default=False,
    ),
]
Database = Annotated[
    str | None,
    typer.Option(
        metavar="FILE|URL",
        help="Another database than the configuration's: a file (SQLite) or postgresql://USER@HOST/NAME.",
        show_default=False,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="JSON on standard output, with all there is.")]
Address = Annotated[str, typer.Argument(metavar="ADDRESS", help="The mailbox's address.", show_default=False)]


def settings(config: Path | None, database: str | None = None) -> Config:
    """The configuration in force, with another database if one was named."""
    found = load(locate(config, os.environ), os.environ)
    return replace(found, database=database) if database else found


@contextmanager
def opened(config: Config, *, create: bool = False) -> Iterator[Store]:
    if create:
        make_room(config)
    with Store.open(config.database, create=create) as store:
        yield store


def make_room(config: Config) -> None:
    """Make the directory that the credentials' is in, and the database unless the configuration has another place for
    it: for this user alone.
    """
    directory = config.credentials.parent
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"{directory}: can't be created: {error.strerror}") from error


def vault(config: Config) -> Vault:
    """The credentials; those that systemd provides, within a service."""
    provided = os.environ.get("CREDENTIALS_DIRECTORY")
    return Vault(config.credentials, Path(provided) if provided else None, config.key)


def now() -> datetime:
    return SystemClock().now()


def instant(words: str, zone: str = "UTC") -> datetime:
    """An option's day or instant, in `zone` where it names none."""
    try:
        at = datetime.fromisoformat(words)
    except ValueError as error:
        raise UsageError(f"{words!r} is no date; write 2026-11-30 or 2026-11-30T09:00+01:00") from error
    return at if at.tzinfo else at.replace(tzinfo=ZoneInfo(zone))


def day(words: str | None) -> date | None:
    """An option's day, if it was given."""
    try:
        return date.fromisoformat(words) if words else None
    except ValueError as error:
        raise UsageError(f"--date {words!r}: write it like 2026-11-30") from error
