"""`warmup doctor`: how the world sees a domain that sends.

Owns: the command. Does not own: the checks (`warmup.dns`), what the daemon makes of them (`warmup.daemon.doctor`).
"""

from __future__ import annotations

import asyncio
import ipaddress
import sys
from collections.abc import Iterator, Sequence
from typing import Annotated

import typer

from warmup.address import canonical
from warmup.config import Config
from warmup.daemon.doctor import Consultation, consult
from warmup.daemon.keys import Keys
from warmup.dns import Finding, Level, Resolver, worst
from warmup.errors import UsageError
from warmup.store import Store, mailboxes

from .common import ConfigFile, Database, Json, now, opened, settings, vault
from .root import tell
from .sheet import print_json
from .sheet import tell as show

_FOUND = 3  # exit code, as an audit's
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

    Exit code 0: nothing above a note; 3: a warning or an error.

    \b
    Examples:
      warmup doctor example.org --ip 192.0.2.1
      warmup doctor ann@example.org --json | jq '.[] | select(.level == "error")'
    """
    found = settings(config, database)
    addresses, resolver = _addresses(ip or []), resolver_of(name_server, found)
    with opened(found) as store:
        told = asyncio.run(_all(_consultations(subject, store, selector or [], addresses), found, store, resolver))
    if json:
        print_json([_row(domain, finding) for domain, findings in told for finding in findings])
    else:
        show(line for domain, findings in told for line in _lines(domain, findings, everything=everything))
    sys.stdout.flush()
    every = [finding for _, findings in told for finding in findings]
    tell(_summary(every))
    if worst(every) >= Level.WARNING:
        raise typer.Exit(_FOUND)


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
) -> list[tuple[str, list[Finding]]]:
    keys = Keys(vault(config), lambda: config, now)
    return [
        (one.domain, await consult(one, config, store, keys, now=now(), resolver=resolver)) for one in consultations
    ]


def _lines(domain: str, findings: Sequence[Finding], *, everything: bool) -> Iterator[str]:
    yield f"{domain}:"
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


def _row(domain: str, finding: Finding) -> dict[str, object]:
    return {
        "domain": domain,
        "check": finding.check,
        "code": finding.code,
        "level": str(finding.level),
        "of": finding.of,
        "what": finding.what,
        "why": finding.why or None,
        "fix": finding.fix or None,
    }


def _summary(findings: Sequence[Finding]) -> str:
    counts = {level: sum(finding.level is level for finding in findings) for level in reversed(Level)}
    told = (f"{count} {level}{'' if count == 1 else 's'}" for level, count in counts.items() if level and count)
    return ", ".join(told) or "nothing is wrong"
