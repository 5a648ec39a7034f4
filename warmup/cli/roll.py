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
from warmup.errors import OperatorError, SecretError, SignInError, TokenLost, UsageError
from warmup.model import Bearer, Mailbox, Security
from warmup.secrets import Vault
from warmup.store import Connection, mailboxes

from . import servers
from .authorize import client_for
from .common import now, opened, vault
from .entry import curve_named, kept, name_given, name_of, place, provider_for, provider_named, zone_named
from .relays import relays_given, source_given, written
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
    "auth",
    "relays",
    "source",
)
PASSWORD = "password"  # noqa: S105 - the word for such a mailbox, in the column auth
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
    auth: str
    relays: Sequence[str]
    source: str | None
    secret: str | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A line whose servers are known too: a mailbox, as yet without a number, and its password. None: a consent opens
    it, which is kept already.
    """

    line: int
    mailbox: Mailbox
    secret: str | None = field(repr=False)

    async def key(self, keys: Keys) -> str | Bearer:
        """What opens it. Raises as `Keys.key` does."""
        if self.secret is not None:
            return self.secret
        try:
            return await keys.key(self.mailbox)
        except SecretError as missing:
            of = self.mailbox
            told = f"{missing}; bring its consent along, or: warmup mailbox add {of.address} --oauth {of.oauth}"
            raise SecretError(f"{of.address}: {told}") from None


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
    if agreed.oauth_only and draft.secret is not None:
        raise UsageError(f"{draft.address}: no password opens it, only consent: `warmup mailbox add --oauth`")
    mailbox = Mailbox(
        id=0,
        address=draft.address,
        name=draft.name,
        zone=draft.zone,
        provider=provider_for(draft.address, draft.provider, config, agreed.provider),
        login=draft.login or agreed.login,
        credential=draft.address,
        auth=draft.auth,
        smtp=agreed.smtp,
        imap=agreed.imap,
        relays=relays_given(draft.relays, agreed.smtp),
        source=draft.source,
        curve=draft.curve,
        added_at=now(),
    )
    return Entry(line=draft.line, mailbox=mailbox, secret=draft.secret)


def _draft(row: Mapping[str | None, str | list[str] | None], line: int, file: Path, config: Config) -> Draft:
    if None in row or None in row.values():
        raise UsageError("as many values as there are columns, please")
    cell = {str(key): str(value) if key == "password" else str(value).strip() for key, value in row.items()}
    address = canonical(cell["address"])
    guards = (_security(cell.get("smtp_security")), _security(cell.get("imap_security")))
    auth = _auth(cell.get("auth") or PASSWORD, config)
    return Draft(
        line=line,
        address=address,
        wanted=Wanted.read(cell.get("smtp"), cell.get("imap"), *guards),
        login=cell.get("login") or None,
        name=name_given(cell.get("name") or name_of(address)),
        zone=zone_named(cell.get("zone") or get_localzone_name()),
        provider=provider_named(cell.get("provider") or None),
        curve=curve_named(cell.get("curve") or None, config),
        auth=auth,
        relays=cell.get("relays", "").split(),
        source=source_given(cell["source"]) if cell.get("source") else None,
        secret=_secret(cell, file, auth),
    )


def _auth(word: str, config: Config) -> str:
    kind, _, provider = word.partition(":")
    if kind == "oauth" and provider:
        client_for(config, provider)
    elif word != PASSWORD:
        raise UsageError(f"auth {word!r}; write {PASSWORD}, or oauth:NAME for consent by [oauth.NAME]")
    return word


def _security(word: str | None) -> Security | None:
    try:
        return Security(word.lower()) if word else None
    except ValueError as error:
        raise UsageError(f"security {word!r}; write {', '.join(Security)}") from error


def _secret(cell: Mapping[str, str], file: Path, auth: str) -> str | None:
    if auth != PASSWORD:
        if any(cell.get(name) for name in _SECRETS):
            raise UsageError(f"a password beside auth {auth}, which needs none; leave out one of them")
        return None
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
    keys = Keys(vault(config), lambda: config, now)
    claims = [(Claim.of(entry.mailbox), partial(entry.key, keys)) for entry in entries]
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
        secrets = {entry.mailbox.credential: entry.secret for entry in entries if entry.secret is not None}
        with kept(vault(config), secrets):
            store.run(add_all, entries, at)
    return len(entries)


def add_all(db: Connection, entries: Sequence[Entry], at: datetime) -> None:
    """Register all of them; a work of the store, so all or none."""
    for mailbox in (entry.mailbox for entry in entries):
        mailboxes.add(
            db,
            address=mailbox.address,
            name=mailbox.name,
            zone=mailbox.zone,
            provider=mailbox.provider,
            login=mailbox.login,
            credential=mailbox.credential,
            auth=mailbox.auth,
            smtp=mailbox.smtp,
            imap=mailbox.imap,
            relays=mailbox.relays,
            source=mailbox.source,
            curve=mailbox.curve,
            now=at,
        )


def write(pool: Sequence[Mailbox], out: TextIO) -> None:
    """The mailboxes as `read` takes them, less their passwords and consents."""
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
                mailbox.auth,
                " ".join(map(written, mailbox.relays)),
                mailbox.source or "",
            )
        )
