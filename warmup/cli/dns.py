"""`warmup dns`: the records a domain should publish.

Owns: the commands. Does not own: building records (`warmup.dns.writing`), who sends for whom (`data/senders.toml`).
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Coroutine, Iterable, Sequence
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from warmup.address import canonical, wire
from warmup.config import Config, Hoster, hoster
from warmup.dns import Ask, Draft, Finding, Level, Malformed, Unanswered, asking, drafts, mail_servers
from warmup.errors import OperatorError, UsageError
from warmup.model import Mailbox
from warmup.store import mailboxes

from .common import ConfigFile, Database, Json, opened, settings
from .doctor import Ips, NameServer, domain, resolver_of
from .root import tell
from .sheet import print_json

Made = TypeVar("Made")

_OWN = (
    "whoever runs it has the key, or makes one: with OpenDKIM opendkim-genkey -b 2048 -d DOMAIN -s SELECTOR, with "
    "Rspamd rspamadm dkim_keygen -b 2048 -d DOMAIN -s SELECTOR"
)

app = typer.Typer(no_args_is_help=True, help="Print the SPF, DKIM and DMARC records a domain should publish.")
Domain = Annotated[str, typer.Argument(metavar="DOMAIN", help="The domain in your addresses.", show_default=False)]


@app.command()
def spf(
    name: Domain,
    ip: Ips = None,
    include: Annotated[
        list[str] | None,
        typer.Option(metavar="DOMAIN", help="Another service that sends for you.", show_default=False),
    ] = None,
    name_server: NameServer = None,
    config: ConfigFile = None,
    database: Database = None,
    json: Json = False,
) -> None:
    """Print the SPF record to publish.

    Made of what stands there, the submission servers of the domain's mailboxes, and the addresses and services you
    name. Several records are made one, what can't be read is left out, the end is at least ~all. What has to be changed
    is told on standard error; so is what is wrong with the result, such as more than ten lookups.

    \b
    Examples:
      warmup dns spf example.org
      warmup dns spf example.org --ip 192.0.2.1 --include _spf.newsletters.example
    """
    found = settings(config, database)
    pool = _pool(found, domain(name))
    ask = asking(resolver_of(name_server, found))
    at = _wire(name)

    async def work() -> tuple[Draft, list[Finding]]:
        needed = [_term(address) for address in ip or found.doctor.addresses]
        needed += [f"include:{other}" for other in include or []]
        needed += await _senders(pool, at, ask, own=bool(needed))
        return await drafts.spf(at, needed, ask)

    draft, findings = _run(work())
    _end([draft], findings, as_json=json)


@app.command()
def dmarc(
    name: Domain,
    policy: Annotated[
        str | None, typer.Option(metavar="POLICY", help="none, quarantine or reject.", show_default=False)
    ] = None,
    rua: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Where reports are to go.", show_default=False)
    ] = None,
    name_server: NameServer = None,
    config: ConfigFile = None,
    json: Json = False,
) -> None:
    """Print the DMARC record to publish.

    What stands there is kept. A first record only watches (p=none). Where reports go to another domain, the record that
    has to be published there is printed too.

    \b
    Examples:
      warmup dns dmarc example.org --rua reports@example.org
      warmup dns dmarc example.org --policy quarantine
    """
    if policy not in {None, "none", "quarantine", "reject"}:
        raise UsageError(f"--policy {policy!r}: write none, quarantine or reject")
    ask = asking(resolver_of(name_server, settings(config, None)))
    reports = wire(canonical(rua)) if rua else None
    _end(_run(drafts.dmarc(_wire(name), policy, reports, ask)), [], as_json=json)


@app.command()
def dkim(
    name: Domain,
    selector: Annotated[
        str | None, typer.Option(metavar="NAME", help="The selector of the key.", show_default=False)
    ] = None,
    key: Annotated[
        str | None,
        typer.Option(
            metavar="FILE", help='The public key: PEM, base64 or a record; "-" is standard input.', show_default=False
        ),
    ] = None,
    name_server: NameServer = None,
    config: ConfigFile = None,
    database: Database = None,
    json: Json = False,
) -> None:
    """Say where a DKIM key is to be got, look at one that is published, or print the record of one.

    The key is made by whoever sends for the domain. With --selector the published one is looked at, with --key as well
    the record for that public key is printed.

    \b
    Examples:
      warmup dns dkim example.org
      warmup dns dkim example.org --selector s1
      warmup dns dkim example.org --selector s1 --key s1.public.pem
    """
    found = settings(config, database)
    if selector is None:
        if key is not None:
            raise UsageError("--key needs --selector, the name it is to be published under")
        _where(_pool(found, domain(name)), name, as_json=json)
        return
    ask = asking(resolver_of(name_server, found))
    draft, findings = _run(drafts.dkim(_wire(name), selector, _text(key) if key else None, ask))
    _end([draft] if draft else [], findings, as_json=json)


def _wire(name: str) -> str:
    return wire(f"x@{domain(name)}").rpartition("@")[2]


def _term(address: str) -> str:
    return f"ip6:{address}" if ":" in address else f"ip4:{address}"


def _text(key: str) -> str:
    try:
        return sys.stdin.read() if key == "-" else Path(key).read_text("ascii")
    except (OSError, UnicodeError) as error:
        raise UsageError(f"{key}: can't be read as a key: {error}") from error


def _pool(config: Config, of: str) -> list[Mailbox]:
    """The domain's mailboxes; none where there is no database yet."""
    try:
        with opened(config) as store:
            return [mailbox for mailbox in store.run(mailboxes.every) if mailbox.domain == of]
    except OperatorError as error:
        tell(f"{error}; so nobody's submission server is known")
        return []


async def _senders(pool: Sequence[Mailbox], at: str, ask: Ask, *, own: bool) -> list[str]:
    """The terms that the submission servers of these mailboxes need; `own`: those that are the operator's are named."""
    terms: list[str] = []
    for host, loopback in _hosts(pool):
        if known := hoster(host):
            terms.append(known.spf)
        elif loopback and not own:
            tell(f"{host}: from which address that sends can't be known: name it with --ip")
        elif not loopback and not own:
            terms.append("mx" if host in await mail_servers(at, ask) else f"a:{host}")
    return terms


def _hosts(pool: Sequence[Mailbox]) -> Iterable[tuple[str, bool]]:
    """Of their submission servers, each once: its name, and whether it is this machine."""
    return dict.fromkeys((server.name, server.loopback) for mailbox in pool for server in mailbox.submission)


def _where(pool: Sequence[Mailbox], name: str, *, as_json: bool) -> None:
    """Where the keys of the domain's senders are to be got."""
    rows = [_row(host, hoster(host)) for host, _ in _hosts(pool)]
    if as_json:
        print_json(rows)
        return
    if not rows:
        raise UsageError(f"no mailbox of {name} is registered, so who sends for it isn't known; name a --selector")
    for row in rows:
        print(f"{row['host']}: {row['dkim']}")
        if row["source"]:
            print(f"  {row['source']}")


def _row(host: str, known: Hoster | None) -> dict[str, object]:
    return {"host": host, "dkim": known.dkim if known else _OWN, "source": known.source if known else None}


def _run(work: Coroutine[None, None, Made]) -> Made:
    try:
        return asyncio.run(work)
    except Unanswered as error:
        raise OperatorError(f"{error}; without knowing what stands there no record can be made") from error
    except Malformed as error:
        raise UsageError(str(error)) from error


def _end(made: Sequence[Draft], findings: Sequence[Finding], *, as_json: bool) -> None:
    if as_json:
        rows = [
            {"name": one.name, "type": "TXT", "value": one.value, "standing": one.standing, "changes": one.changes}
            for one in made
        ]
        wrong = [{"code": one.code, "level": str(one.level), "what": one.what, "fix": one.fix} for one in findings]
        print_json({"records": rows, "findings": wrong})
        return
    for one in made:
        print(one)
        sys.stdout.flush()
        for change in one.changes or ("it stands there already",):
            tell(f"{one.name}: {change}")
    for finding in findings:
        if finding.level is not Level.OK:
            tell(f"{finding.level}: {finding.what}. {finding.why} {finding.fix}".rstrip())
        elif not made:
            print(f"{finding.of}: {finding.what}")
