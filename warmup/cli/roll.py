"""Many mailboxes at once: CSV in and out, and signing in to all of them.

Owns: the CSV's columns and its mistakes, told by line. Does not own: commands (`warmup.cli.mailbox`).
Sources: RFC 4180.
"""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TextIO

from tzlocal import get_localzone_name

from warmup.address import canonical
from warmup.config import Config
from warmup.daemon.keys import Keys
from warmup.daemon.office import trusted
from warmup.daemon.proof import Claim, prove
from warmup.discovery import Report
from warmup.errors import OperatorError, SignInError, TokenLost, UsageError
from warmup.model import Bearer, Mailbox, Security
from warmup.secrets import Vault
from warmup.store import Connection, mailboxes

from . import servers
from .common import now, opened, vault
from .entry import curve_named, kept, name_given, name_of, place, provider_for, provider_named, zone_named
from .servers import Wanted

COLUMNS = (
    "address",
    "name",
    "smtp",
    "smtp_security",
    "imap",
    "imap_security",
    "login",
    "zone",
    "provider",
    "curve",
)
_SECRETS = ("password", "password_file")
_AT_ONCE = 10  # sign-ins, so that a host with many of them isn't taken by storm


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A line of the CSV that makes sense by itself."""

    line: int
    address: str
    wanted: Wanted
    login: str | None
    name: str
    zone: str
    provider: str | None
    curve: str | None
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A line whose servers are known too."""

    line: int
    claim: Claim
    name: str
    zone: str
    provider: str
    curve: str | None
    secret: str = field(repr=False)

    async def key(self) -> str:
        """What opens it."""
        return self.secret


def read(file: Path, config: Config, taken: Collection[str]) -> list[Entry]:
    """The entries of a CSV. Raises `UsageError` with every line's mistake, one a line."""
    try:
        text = file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UsageError(f"{file}: can't be read: {error.strerror}") from error
    except UnicodeDecodeError:
        # Not chained: the exception carries the file's bytes, and passwords are in it.
        raise UsageError(f"{file}: this isn't UTF-8 text; save the file as UTF-8") from None
    rows = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    _check_heading(rows, file)
    drafts: list[Draft] = []
    mistakes: list[str] = []
    known = set(taken)
    try:
        for row in rows:
            try:
                draft = _draft(row, rows.line_num, file, config)
                if draft.address in known:
                    raise UsageError(f"{draft.address} is registered already, or stands twice in the file")
                known.add(draft.address)
                drafts.append(draft)
            except UsageError as error:
                mistakes.append(f"{file}:{rows.line_num}: {error}")
    except csv.Error as error:
        mistakes.append(f"{file}:{rows.reader.line_num}: no CSV: {error}")
    _end(mistakes)
    if not drafts:
        raise UsageError(f"{file}: there are no mailboxes in it; write a line for each below the first")
    return _settled(drafts, file, config)


def _end(mistakes: Sequence[str]) -> None:
    if mistakes:
        raise UsageError("\n".join((*mistakes, "nothing was registered")))


def _settled(drafts: Sequence[Draft], file: Path, config: Config) -> list[Entry]:
    """With the servers that the file doesn't name, as they are found."""
    reports = servers.search([draft.address for draft in drafts if not draft.wanted.whole], config)
    entries: list[Entry] = []
    mistakes: list[str] = []
    for draft in drafts:
        try:
            entries.append(_entry(draft, reports.get(draft.address), config))
        except UsageError as error:
            mistakes.append(f"{file}:{draft.line}: {error}")
    _end(mistakes)
    return entries


def _check_heading(rows: csv.DictReader[str], file: Path) -> None:
    try:
        named = set(rows.fieldnames or ())
    except csv.Error as error:
        raise UsageError(f"{file}:1: no CSV: {error}") from error
    known = (*COLUMNS, *_SECRETS)
    unknown = ", ".join(sorted(map(str, named - set(known))))
    right = f"the first line names the columns, parted by commas: {', '.join(known)}"
    if "address" not in named:
        # What stands there isn't shown: without a first line of names it may be a password.
        raise UsageError(f"{file}:1: there is no column address; {right}")
    if unknown:
        raise UsageError(f"{file}:1: unknown column {unknown}; {right}")


def _entry(draft: Draft, report: Report | None, config: Config) -> Entry:
    """Nobody can be asked here about servers outside the mailbox's domain, so they are a mistake."""
    agreed = servers.chosen(draft.address, draft.wanted, report, "write them into the columns smtp and imap")
    if agreed.strangers:
        right = f"write {place(agreed.smtp)} into the column smtp and {place(agreed.imap)} into imap"
        raise UsageError(f"{draft.address}: {servers.strange(agreed)}; if they are yours, {right}")
    if agreed.oauth_only:
        raise UsageError(f"{draft.address}: no password opens it, only consent: `warmup mailbox add --oauth`")
    return Entry(
        line=draft.line,
        claim=Claim(address=draft.address, login=draft.login or agreed.login, smtp=agreed.smtp, imap=agreed.imap),
        name=draft.name,
        zone=draft.zone,
        provider=provider_for(draft.address, draft.provider, config, agreed.provider),
        curve=draft.curve,
        secret=draft.secret,
    )


def _draft(row: Mapping[str | None, str | list[str] | None], line: int, file: Path, config: Config) -> Draft:
    if None in row or None in row.values():
        raise UsageError("as many values as there are columns, please")
    cell = {str(key): str(value) if key == "password" else str(value).strip() for key, value in row.items()}
    address = canonical(cell["address"])
    guards = (_security(cell.get("smtp_security")), _security(cell.get("imap_security")))
    return Draft(
        line=line,
        address=address,
        wanted=Wanted.read(cell.get("smtp"), cell.get("imap"), *guards),
        login=cell.get("login") or None,
        name=name_given(cell.get("name") or name_of(address)),
        zone=zone_named(cell.get("zone") or get_localzone_name()),
        provider=provider_named(cell.get("provider") or None),
        curve=curve_named(cell.get("curve") or None, config),
        secret=_secret(cell, file),
    )


def _security(word: str | None) -> Security | None:
    try:
        return Security(word.lower()) if word else None
    except ValueError as error:
        raise UsageError(f"security {word!r}; write {', '.join(Security)}") from error


def _secret(cell: Mapping[str, str], file: Path) -> str:
    if cell.get("password"):
        return cell["password"]
    if not cell.get("password_file"):
        raise UsageError("neither password nor password_file")
    path = file.parent / cell["password_file"]
    try:
        return path.read_text(encoding="utf-8").removesuffix("\n").removesuffix("\r")
    except (OSError, ValueError):  # of UTF-8, or of a path with a NUL
        # Not chained: the exception carries the password's bytes.
        raise UsageError(f"password_file {path} can't be read as UTF-8 text") from None


def prove_all(file: Path, entries: Sequence[Entry], config: Config) -> None:
    """Sign in to all of them. Raises `SignInError` with every line that couldn't, one a line."""
    claims = [(entry.claim, entry.key) for entry in entries]
    mistakes = [
        f"{file}:{entry.line}: {trouble}"
        for entry, trouble in zip(entries, _troubles(claims, config), strict=True)
        if trouble
    ]
    if mistakes:
        raise SignInError("\n".join((*mistakes, "nothing was registered")))


def tried(pool: Sequence[Mailbox], vault: Vault, config: Config) -> list[dict[str, object]]:
    """For each mailbox whether signing in works, and what was said."""
    keys = Keys(vault, lambda: config, now)
    claims = [(Claim.of(mailbox), partial(keys.key, mailbox)) for mailbox in pool]
    return [
        {
            "address": mailbox.address,
            "works": not trouble,
            "says": trouble or f"signed in to {'all' if mailbox.relays else 'both'} servers",
        }
        for mailbox, trouble in zip(pool, _troubles(claims, config), strict=True)
    ]


def _troubles(claims: Sequence[tuple[Claim, Callable[[], Awaitable[str | Bearer]]]], config: Config) -> list[str]:
    """What is wrong with each, or an empty text."""
    tls = trusted(config)

    async def trouble(claim: Claim, key: Callable[[], Awaitable[str | Bearer]], places: asyncio.Semaphore) -> str:
        async with places:
            try:
                await prove(claim, await key(), config, tls)
            except OperatorError as error:
                return str(error)
            except TokenLost as lost:
                return f"{claim.address}: {lost.why}"
            return ""

    async def every() -> list[str]:
        places = asyncio.Semaphore(_AT_ONCE)
        return await asyncio.gather(*(trouble(claim, key, places) for claim, key in claims))

    return asyncio.run(every())


def register(file: Path, config: Config, at: datetime) -> int:
    """Register the mailboxes of a CSV, all or none, each proven by signing in; how many. Raises `UsageError` or
    `SignInError` with every line's mistake.
    """
    with opened(config, create=True) as store:
        entries = read(file, config, {mailbox.address for mailbox in store.run(mailboxes.every)})
        prove_all(file, entries, config)
        with kept(vault(config), {entry.claim.address: entry.secret for entry in entries}):
            store.run(add_all, entries, at)
    return len(entries)


def add_all(db: Connection, entries: Sequence[Entry], at: datetime) -> None:
    """Register all of them; a work of the store, so all or none."""
    for entry in entries:
        mailboxes.add(
            db,
            address=entry.claim.address,
            name=entry.name,
            zone=entry.zone,
            provider=entry.provider,
            login=entry.claim.login,
            credential=entry.claim.address,
            smtp=entry.claim.smtp,
            imap=entry.claim.imap,
            curve=entry.curve,
            now=at,
        )


def write(pool: Sequence[Mailbox], out: TextIO) -> None:
    """The mailboxes as `read` takes them, less their passwords."""
    sheet = csv.writer(out, lineterminator="\n")
    sheet.writerow(COLUMNS)
    for mailbox in pool:
        sheet.writerow(
            (
                mailbox.address,
                mailbox.name,
                place(mailbox.smtp),
                mailbox.smtp.security,
                place(mailbox.imap),
                mailbox.imap.security,
                mailbox.login,
                mailbox.zone,
                mailbox.provider,
                mailbox.curve or "",
            )
        )
