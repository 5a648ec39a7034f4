"""`warmup mailbox add` and `warmup mailbox discover`: a mailbox joins the pool.

Owns: the commands, and the options that `mailbox set` has too. Does not own: finding servers (`warmup.cli.servers`),
proof of ownership (`warmup.daemon.proof`), consent (`warmup.cli.authorize`).
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Annotated

import typer
from tzlocal import get_localzone_name

from warmup.address import canonical
from warmup.config import Config
from warmup.daemon.proof import Claim, prove
from warmup.daemon.trust import trusted
from warmup.discovery import ADDRESS, LOCAL, Found, Report
from warmup.errors import OperatorError, UsageError
from warmup.model import Bearer, Endpoint, Security
from warmup.store import mailboxes

from . import servers
from .authorize import Device, Port, client_for, consented
from .common import Address, ConfigFile, Database, Json, now, opened, settings, vault
from .entry import asked, curve_named, kept, name_given, name_of, provider_for, provider_named, zone_named
from .relays import Relays, Source, relays_given, source_given
from .servers import Servers, Wanted
from .sheet import print_json, show

Smtp = Annotated[str | None, typer.Option(metavar="HOST[:PORT]", help="Its submission server.", show_default=False)]
Imap = Annotated[str | None, typer.Option(metavar="HOST[:PORT]", help="Its IMAP server.", show_default=False)]
Guard = Annotated[
    Security | None,
    typer.Option(
        help="tls from the first byte, starttls, or plain: plain with servers on this machine only.", show_default=False
    ),
]
Login = Annotated[str | None, typer.Option(help="User name at both servers.", show_default=False)]
Name = Annotated[str | None, typer.Option(help="The person's name, for From and signatures.", show_default=False)]
Zone = Annotated[
    str | None,
    typer.Option(metavar="ZONE", help="Time zone of its working day, such as Europe/Berlin.", show_default=False),
]
Provider = Annotated[
    str | None, typer.Option(help="Who receives for it: google, microsoft, …, or a domain.", show_default=False)
]
CurveName = Annotated[str | None, typer.Option(help="Its curve, of `warmup curve list`.", show_default=False)]
PasswordFile = Annotated[
    str | None,
    typer.Option(
        metavar="FILE|-",
        help="Read the password from a file, or from standard input with -.",
        show_default=False,
    ),
]
_BY_HAND = "name them: --smtp HOST[:PORT] --imap HOST[:PORT]"
_HEADINGS = {"asked": "ASKED", "said": "SAID"}
_LOGIN = {ADDRESS: "the address", LOCAL: "what stands before the @"}


def register(app: typer.Typer) -> None:
    app.command()(add)
    app.command("discover")(discover_)


def add(
    address: Address,
    smtp: Smtp = None,
    imap: Imap = None,
    smtp_security: Guard = None,
    imap_security: Guard = None,
    relay: Relays = None,
    source: Source = None,
    login: Login = None,
    name: Name = None,
    zone: Zone = None,
    provider: Provider = None,
    curve: CurveName = None,
    password_file: PasswordFile = None,
    oauth: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="No password, but consent: by [oauth.NAME] of the configuration."),
    ] = None,
    device: Device = False,
    port: Port = 0,
    config: ConfigFile = None,
    database: Database = None,
) -> None:
    """Register a mailbox you own.

    Its servers are found, and shown with who named them: see warmup mailbox discover --help. What you name yourself is
    taken as it is, with tls, but on the ports 587 and 143 starttls. Servers outside the mailbox's domain, other than
    those of well-known providers, are taken only if you say so.

    It is yours if you can sign in to both, which is tried at once; if that fails nothing is registered. The password is
    asked for, or read from --password-file. It is never taken from the command line, where others on this machine could
    read it.

    Unless said otherwise: the user name is what the servers are known to want, mostly the address; the person's name is
    made from it; the time zone is this machine's; the provider is the one known to receive for the domain, by its name
    or its MX records; the curve is the configuration's.

    Relays are further submission servers that take the same user name and password. PERCENT of its connections go to a
    relay, the rest to its own server; to one without PERCENT they go while the hosts of the others are in trouble or
    held. A mailbox that is throttled stays throttled, whichever relay it has. With --source it submits from that
    address of this machine.

    A running daemon plans a first day for it within a minute. One that was removed comes back with its history.

    \b
    Examples:
      warmup mailbox add ann@example.org
      warmup mailbox add ann@x.org --smtp mail.x.org:587 --imap mail.x.org
      warmup mailbox add ann@x.org --relay mx2.x.org=30 --relay mx3.x.org:587
      warmup mailbox add ann@example.com --oauth google
      pass show mail/ann | warmup mailbox add ann@example.org --password-file -
    """
    found = settings(config, database)
    address = canonical(address)
    wanted = Wanted.read(smtp, imap, smtp_security, imap_security)
    fields: mailboxes.Fields = {
        "name": name_given(name or name_of(address)),
        "zone": zone_named(zone or get_localzone_name()),
        "credential": address,
        "curve": curve_named(curve, found),
    }
    named = provider_named(provider)
    proven: Callable[[Claim], str]
    if oauth is None:
        proven = partial(_proven, found, asked(password_file, address))
    else:
        client = client_for(found, oauth)
        fields["auth"] = f"oauth:{client.provider}"
        proven = partial(consented, found, client, device=device, port=port)
    with opened(found, create=True) as store:
        if any(mailbox.address == address for mailbox in store.run(mailboxes.every)):
            raise UsageError(f"{address} is registered already; `warmup mailbox set` changes it")
        agreed = _agreed(found, address, wanted, by_password=oauth is None)
        claim = Claim(
            address=address,
            login=login or agreed.login,
            smtp=agreed.smtp,
            imap=agreed.imap,
            relays=relays_given(relay or (), agreed.smtp),
            source=source_given(source) if source else None,
        )
        fields |= {"login": claim.login, "smtp": claim.smtp, "imap": claim.imap}
        fields |= {"relays": claim.relays, "source": claim.source}
        fields["provider"] = provider_for(address, named, found, agreed.provider)
        with kept(vault(found), {address: proven(claim)}):
            store.run(mailboxes.add, address=address, now=now(), **fields)
    print(f"{address}: registered")


def _agreed(config: Config, address: str, wanted: Wanted, *, by_password: bool) -> Servers:
    """The servers that the operator named, or that were found, shown and confirmed."""
    report = None if wanted.whole else servers.search([address], config)[address]
    agreed = servers.chosen(address, wanted, report, _BY_HAND)
    for line in servers.told(agreed):
        print(f"{address}: {line}", file=sys.stderr)
    if by_password and agreed.oauth_only:
        name = agreed.provider or "NAME"
        raise UsageError(
            f"{address}: no password opens it, only consent: `warmup mailbox add {address} --oauth {name}`"
        )
    _confirm(address, agreed)
    return agreed


def _confirm(address: str, agreed: Servers) -> None:
    """Returns if there are no strangers, or a person at the terminal says that they are right."""
    if not agreed.strangers:
        return
    if not sys.stdin.isatty():
        raise UsageError(
            f"{address}: {servers.strange(agreed)}; if they are yours, name them: {servers.options(agreed)}"
        )
    if not typer.confirm(f"{servers.strange(agreed)}. Sign in there?", err=True):
        raise OperatorError("nothing was registered")


def prove_now(claim: Claim, secret: str | Bearer, config: Config) -> None:
    """Sign in to all servers, and tell what was seen there."""
    folders = asyncio.run(prove(claim, secret, config, trusted(config)))
    junk, sent = folders.junk or "none", folders.sent or "none, one will be made"
    print(f"{claim.address}: signed in to {claim.servers}", file=sys.stderr)
    print(f"{claim.address}: {len(folders.names)} folders; Junk: {junk}; Sent: {sent}", file=sys.stderr)


def _proven(config: Config, secret: Callable[[], str], claim: Claim) -> str:
    """The password, once both servers have taken it."""
    password = secret()
    prove_now(claim, password, config)
    return password


def discover_(
    what: Annotated[
        str, typer.Argument(metavar="DOMAIN|ADDRESS", help="Of a mailbox, registered or not.", show_default=False)
    ],
    config: ConfigFile = None,
    json: Json = False,
) -> None:
    """Show which servers a mailbox would have, and who says so. Nothing is registered, and no password is needed.

    Asked are, until one of them knows: the list of known providers, by the domain and by its MX records; the domain's
    SRV records; its autoconfig file, at autoconfig.DOMAIN and DOMAIN, which are told the address if you give one;
    Mozilla's, which is told the domain; and the usual names smtp.DOMAIN, imap.DOMAIN and mail.DOMAIN, whether a server
    greets there.

    Exit code 1 if nobody knows.

    \b
    Examples:
      warmup mailbox discover example.org
      warmup mailbox discover ann@example.org --json
    """
    found = settings(config)
    address = canonical(what) if "@" in what else f"@{canonical(f'x@{what}').rpartition('@')[2]}"
    report = servers.search([address], found)[address]
    if json:
        print_json(_row(address, report))
    else:
        show([{"asked": step.asked, "said": step.said} for step in report.steps], _HEADINGS, as_json=False, empty="")
        print("\n".join(_lines(report)))
    if report.found is None:
        raise typer.Exit(1)


def _lines(report: Report) -> Iterator[str]:
    found = report.found
    if found is None:
        why = f": {report.obstacle}" if report.obstacle else ""
        yield f"nothing was found{why}; `warmup mailbox add` takes --smtp HOST[:PORT] --imap HOST[:PORT]"
        return
    yield f"submission: {found.smtp}"
    yield f"IMAP: {found.imap}"
    yield f"user name: {_LOGIN.get(found.login, found.login)}"
    yield f"takes: {' or '.join(found.auth)}"
    if found.strangers:
        yield f"outside the domain, to be confirmed: {', '.join(found.strangers)}"
    if found.known:
        yield from servers.known_of(found.known)


def _row(address: str, report: Report) -> Mapping[str, object]:
    return {
        "domain": report.domain,
        "provider": report.provider,
        "found": report.found and _found(address, report.found),
        "obstacle": report.obstacle or None,
        "steps": [{"asked": step.asked, "said": step.said} for step in report.steps],
    }


def _found(address: str, found: Found) -> Mapping[str, object]:
    return {
        "origin": found.origin,
        "evidence": found.evidence,
        "smtp": _server(found.smtp),
        "imap": _server(found.imap),
        "login": found.login if address.startswith("@") else found.login_of(address),
        "auth": found.auth,
        "confirm": found.strangers,
        "known": found.known and found.known.title,
        "limits": found.known.limits if found.known else {},
        "note": found.known.note if found.known else "",
    }


def _server(server: Endpoint) -> Mapping[str, object]:
    return {"host": server.host, "port": server.port, "security": server.security}
