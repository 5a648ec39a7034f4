"""`warmup doctor`: how the world sees a domain that sends.

Owns: the command. Does not own: the checks (`warmup.dns`), what the daemon makes of them (`warmup.daemon.doctor`).
"""

from __future__ import annotations

import asyncio
import ipaddress
import sys
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Annotated

import typer

from warmup.address import canonical
from warmup.config import Config
from warmup.daemon.doctor import Consultation, consult, note, noted
from warmup.daemon.keys import Keys
from warmup.dns import Finding, Level, Resolver, worst
from warmup.errors import OperatorError, UsageError
from warmup.store import Connection, Store, mailboxes
from warmup.view import findings as findings_
from warmup.view.plain import text

from .common import ConfigFile, Database, Json, now, opened, settings, vault
from .root import tell
from .sheet import print_json
from .sheet import tell as show

_FOUND = 3  # exit code, as an audit's
Examined = tuple[str, datetime, list[Finding]]  # a domain, when, and what was found
NameServer = Annotated[
    str | None,
    typer.Option(metavar="ADDRESS[#PORT]", help="Ask this name server rather than the system's.", show_default=False),
]
Ips = Annotated[
    list[str] | None,
    typer.Option(
        "--ip",
        metavar="ADDRESS",
        help="An address of yours that mail leaves from; more than once for several.",
        show_default=False,
    ),
]


def register(app: typer.Typer) -> None:
    app.command()(doctor)


def doctor(
    subject: Annotated[
        str | None,
        typer.Argument(
            metavar="DOMAIN|MAILBOX", help="Default: every domain of the pool, one after the other.", show_default=False
        ),
    ] = None,
    ip: Ips = None,
    selector: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="The selector of a DKIM key; those in mail of yours are found by themselves.",
            show_default=False,
        ),
    ] = None,
    name_server: NameServer = None,
    everything: Annotated[bool, typer.Option("--all", help="Tell also of what is all right.")] = False,
    last: Annotated[
        bool, typer.Option("--last", help="What was found last, by the daemon or by you; nobody is asked.")
    ] = False,
    config: ConfigFile = None,
    database: Database = None,
    json: Json = False,
) -> None:
    """Examine how the world sees a domain, and say what to mend.

    MX, SPF with all it includes, DKIM, DMARC, the names of the addresses that mail leaves from, blocklists, TLS and
    certificates of the servers, and what receivers said of messages of yours that lie in the pool's mailboxes: those
    are read there without being marked. Nothing is sent. Blocklists are asked about addresses only if they are yours:
    --ip, or doctor.addresses in the configuration.

    \b
    error     mail is refused or filed as junk for it
    warning   it costs trust, or will
    note      to be known; or something couldn't be looked up

    The daemon does this once a day for each domain of the pool; what was found last is kept. Yours is too, unless it is
    of one mailbox or by another name server.

    Exit code 0: nothing above a note; 3: a warning or an error.

    \b
    Examples:
      warmup doctor example.org --ip 192.0.2.1
      warmup doctor --last
      warmup doctor ann@example.org --json | jq '.[] | select(.level == "error")'
    """
    found = settings(config, database)
    if last and (ip or selector or name_server):
        raise UsageError("--last asks nobody: leave out --ip, --selector and --name-server")
    addresses, resolver = _addresses(ip or []), resolver_of(name_server, found)
    with opened(found) as store:
        if last:
            told = _kept(subject, store)
        else:
            told = asyncio.run(_all(_consultations(subject, store, selector or [], addresses), found, store, resolver))
            if name_server is None and not (subject and "@" in subject):
                store.run(_keep, told)
    if json:
        print_json([findings_.row(domain, at, finding) for domain, at, findings in told for finding in findings])
    else:
        show(line for one in told for line in _lines(*one, everything=everything, dated=last))
    sys.stdout.flush()
    every = [finding for _, _, findings in told for finding in findings]
    tell(_summary(every))
    if worst(every) >= Level.WARNING:
        raise typer.Exit(_FOUND)


def _kept(subject: str | None, store: Store) -> list[Examined]:
    """What was found last of one domain, or of all of the pool. Raises `OperatorError` if none was examined."""
    pool = {mailbox.domain for mailbox in store.run(mailboxes.every)}
    wanted = {domain(subject.rpartition("@")[2])} if subject else pool
    told = store.run(noted, wanted)
    for name in sorted(wanted - {examined for examined, _, _ in told}):
        if subject or not told:
            raise OperatorError(
                f"{name} has not been examined yet: the daemon does so once a day, warmup doctor {name} at once"
            )
        tell(f"{name}: not examined yet")
    return told


def _keep(db: Connection, told: Sequence[Examined]) -> None:
    """Of the domains of the pool. A work of the store, as the next one."""
    pool = {mailbox.domain for mailbox in mailboxes.every(db)}
    for name, at, findings in told:
        if name in pool:
            note(db, name, findings, at)


def errors(db: Connection) -> list[str]:
    """For each domain of the pool in which an error was found last, a line."""
    lines = []
    for name, at, findings in noted(db, {mailbox.domain for mailbox in mailboxes.every(db)}):
        wrong = [finding.what for finding in findings if finding.level is Level.ERROR]
        if wrong:
            more = f", and {len(wrong) - 1} more" if wrong[1:] else ""
            lines.append(f"error: {wrong[0]}{more}; examined {text(at)}, see warmup doctor --last {name}")
    return lines


def resolver_of(server: str | None, config: Config) -> Resolver:
    """Whom to ask: the configuration's name servers, unless another is named."""
    if server is None:
        return Resolver(config.naming.servers, config.naming.timeout)
    host, _, port = server.partition("#")
    if not (port or "53").isdigit():
        raise UsageError(f"--name-server {server!r}: write ADDRESS or ADDRESS#PORT")
    return Resolver([(_addresses([host])[0], int(port or 53))])


def _addresses(words: Sequence[str]) -> list[str]:
    try:
        return [str(ipaddress.ip_address(word)) for word in words]
    except ValueError as error:
        raise UsageError(f"{error}; write one like 192.0.2.1") from error


def _consultations(
    subject: str | None, store: Store, selectors: Sequence[str], addresses: Sequence[str]
) -> list[Consultation]:
    if subject is not None and "@" in subject:
        mailbox = store.run(mailboxes.get, canonical(subject))
        one = Consultation(domain=mailbox.domain, mailbox=mailbox, selectors=selectors, addresses=addresses)
        return [one]
    domains = [domain(subject)] if subject else sorted({box.domain for box in store.run(mailboxes.every)})
    if not domains:
        raise UsageError("there are no mailboxes, so name a domain: warmup doctor DOMAIN")
    return [Consultation(domain=name, selectors=selectors, addresses=addresses) for name in domains]


def domain(words: str) -> str:
    """A domain as the pool has it."""
    return canonical(f"postmaster@{words}").rpartition("@")[2]


async def _all(
    consultations: Sequence[Consultation], config: Config, store: Store, resolver: Resolver
) -> list[Examined]:
    keys = Keys(vault(config), lambda: config, now)
    return [
        (one.domain, at, await consult(one, config, store, keys, now=at, resolver=resolver))
        for one, at in ((one, now()) for one in consultations)
    ]


def _lines(domain: str, at: datetime, findings: Sequence[Finding], *, everything: bool, dated: bool) -> Iterator[str]:
    yield f"{domain}, examined {text(at)}:" if dated else f"{domain}:"
    told = sorted(findings, key=lambda finding: -finding.level)
    for finding in told:
        if finding.level is not Level.OK:
            yield f"  {finding.level}: {finding.what}"
            yield from (f"      {text}" for text in (finding.why, finding.fix) if text)
    fine = [finding for finding in told if finding.level is Level.OK]
    if everything:
        yield from (f"  {finding.level}: {finding.check}: {finding.what}" for finding in fine)
    elif fine:
        yield f"  all right: {', '.join(dict.fromkeys(finding.check for finding in fine))}"


def _summary(findings: Sequence[Finding]) -> str:
    counts = {level: sum(finding.level is level for finding in findings) for level in reversed(Level)}
    told = (f"{count} {level}{'' if count == 1 else 's'}" for level, count in counts.items() if level and count)
    return ", ".join(told) or "nothing is wrong"
