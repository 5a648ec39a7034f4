"""Many mailboxes at once: CSV in and out, and signing in to all of them.

Owns: the CSV's columns and its mistakes, told by line. Does not own: commands (`warmup.cli.mailbox`).
Sources: RFC 4180.
"""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TextIO

from tzlocal import get_localzone_name

from warmup.address import canonical
from warmup.config import Config
from warmup.daemon.office import trusted
from warmup.daemon.proof import Claim, prove
from warmup.errors import OperatorError, SignInError, UsageError
from warmup.model import Mailbox, Security
from warmup.secrets import Vault
from warmup.store import Connection, mailboxes

from .common import opened, vault
from .entry import curve_named, endpoint, kept, name_given, name_of, provider_for, zone_named

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
class Entry:
    """A line of the CSV that makes sense."""

    line: int
    claim: Claim
    name: str
    zone: str
    provider: str
    curve: str | None
    secret: str = field(repr=False)


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
    entries: list[Entry] = []
    mistakes: list[str] = []
    known = set(taken)
    try:
        for row in rows:
            try:
                entry = _entry(row, rows.line_num, file, config)
                if entry.claim.address in known:
                    raise UsageError(f"{entry.claim.address} is registered already, or stands twice in the file")
                known.add(entry.claim.address)
                entries.append(entry)
            except UsageError as error:
                mistakes.append(f"{file}:{rows.line_num}: {error}")
    except csv.Error as error:
        mistakes.append(f"{file}:{rows.reader.line_num}: no CSV: {error}")
    if mistakes:
        raise UsageError("\n".join((*mistakes, "nothing was registered")))
    if not entries:
        raise UsageError(f"{file}: there are no mailboxes in it; write a line for each below the first")
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


def _entry(row: Mapping[str | None, str | list[str] | None], line: int, file: Path, config: Config) -> Entry:
    if None in row or None in row.values():
        raise UsageError("as many values as there are columns, please")
    cell = {str(key): str(value) if key == "password" else str(value).strip() for key, value in row.items()}
    address = canonical(cell["address"])
    domain = address.rpartition("@")[2]
    guards = {kind: _security(cell.get(f"{kind}_security")) for kind in ("smtp", "imap")}
    return Entry(
        line=line,
        claim=Claim(
            address=address,
            login=cell.get("login") or address,
            smtp=endpoint("smtp", cell.get("smtp") or f"smtp.{domain}", guards["smtp"]),
            imap=endpoint("imap", cell.get("imap") or f"imap.{domain}", guards["imap"]),
        ),
        name=name_given(cell.get("name") or name_of(address)),
        zone=zone_named(cell.get("zone") or get_localzone_name()),
        provider=provider_for(address, cell.get("provider") or None, config),
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
    except (OSError, UnicodeDecodeError):
        # Not chained: the exception carries the password's bytes.
        raise UsageError(f"password_file {path} can't be read as UTF-8 text") from None


def prove_all(file: Path, entries: Sequence[Entry], config: Config) -> None:
    """Sign in to all of them. Raises `SignInError` with every line that couldn't, one a line."""
    claims = [(entry.claim, entry.secret) for entry in entries]
    mistakes = [
        f"{file}:{entry.line}: {trouble}"
        for entry, trouble in zip(entries, _troubles(claims, config), strict=True)
        if trouble
    ]
    if mistakes:
        raise SignInError("\n".join((*mistakes, "nothing was registered")))


def tried(pool: Sequence[Mailbox], vault: Vault, config: Config) -> list[dict[str, object]]:
    """For each mailbox whether signing in works, and what was said."""
    claims: list[tuple[Claim, str]] = []
    without: dict[str, str] = {}
    for mailbox in pool:
        try:
            secret = vault.get(mailbox.credential)
        except OperatorError as error:
            without[mailbox.address] = str(error)
        else:
            claim = Claim(address=mailbox.address, login=mailbox.login, smtp=mailbox.smtp, imap=mailbox.imap)
            claims.append((claim, secret))
    said = dict(zip((claim.address for claim, _ in claims), _troubles(claims, config), strict=True))
    says = {**said, **without}
    return [
        {"address": m.address, "works": not says[m.address], "says": says[m.address] or "signed in to both servers"}
        for m in pool
    ]


def _troubles(claims: Sequence[tuple[Claim, str]], config: Config) -> list[str]:
    """What is wrong with each, or an empty text."""
    tls = trusted(config)

    async def trouble(claim: Claim, secret: str, places: asyncio.Semaphore) -> str:
        async with places:
            try:
                await prove(claim, secret, config, tls)
            except OperatorError as error:
                return str(error)
            return ""

    async def every() -> list[str]:
        places = asyncio.Semaphore(_AT_ONCE)
        return await asyncio.gather(*(trouble(claim, secret, places) for claim, secret in claims))

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
        servers = [(f"{_host(server.host)}:{server.port}", server.security) for server in (mailbox.smtp, mailbox.imap)]
        (smtp, smtp_security), (imap, imap_security) = servers
        sheet.writerow(
            (
                mailbox.address,
                mailbox.name,
                smtp,
                smtp_security,
                imap,
                imap_security,
                mailbox.login,
                mailbox.zone,
                mailbox.provider,
                mailbox.curve or "",
            )
        )


def _host(host: str) -> str:
    return f"[{host}]" if ":" in host else host
