"""`warmup mailbox`: looking after the mailboxes of the pool.

Owns: the commands that aren't one of the modules' that it takes together. Does not own: registering
(`warmup.cli.joining`), proof of ownership (`warmup.daemon.proof`), CSV (`warmup.cli.roll`), pauses (`warmup.cli.hold`).
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from warmup.address import canonical
from warmup.config import Config
from warmup.daemon.proof import Claim
from warmup.errors import OperatorError, UsageError
from warmup.model import Endpoint, Mailbox, Security
from warmup.store import Store, mailboxes, pauses
from warmup.view import held

from . import authorize, hold, joining, roll
from .authorize import opens
from .common import Address, ConfigFile, Database, Json, now, opened, settings, vault
from .entry import curve_named, endpoint, name_given, password, provider_for, zone_named
from .joining import CurveName, Guard, Imap, Login, Name, PasswordFile, Provider, Smtp, Zone, prove_now
from .relays import Relays, Source, checked, relays_given, source_given, written
from .sheet import show, show_one

app = typer.Typer(
    help="Register, change, pause and remove mailboxes.\n\nA mailbox is registered by signing in to "
    "both its servers. Its password is kept in the credentials directory, encrypted, and shown nowhere.",
    no_args_is_help=True,
)

joining.register(app)


@app.command("list")
def list_(
    removed: Annotated[bool, typer.Option("--removed", help="Those removed as well.")] = False,
    config: ConfigFile = None,
    database: Database = None,
    json: Json = False,
) -> None:
    """Show the registered mailboxes.

    \b
    Examples:
      warmup mailbox list
      warmup mailbox list --json | jq -r '.[].address'
    """
    found = settings(config, database)
    with opened(found) as store:
        rows = [_row(mailbox, found) for mailbox in store.run(mailboxes.every, removed=removed)]
    headings = {"address": "ADDRESS", "name": "NAME", "provider": "PROVIDER", "curve": "CURVE", "zone": "ZONE"}
    if removed:
        headings["removed_at"] = "REMOVED"
    empty = "no mailboxes; `warmup mailbox add ADDRESS` registers one"
    show(rows, headings, as_json=json, empty=empty, spare=("zone", "name", "provider"))


def _row(mailbox: Mailbox, config: Config) -> dict[str, object]:
    return {
        "address": mailbox.address,
        "name": mailbox.name,
        "provider": mailbox.provider,
        "curve": mailbox.curve or config.curve,
        "auth": mailbox.auth,
        "zone": mailbox.zone,
        "login": mailbox.login,
        "smtp": str(mailbox.smtp),
        "relays": [{"server": str(relay.server), "weight": relay.weight} for relay in mailbox.relays],
        "source": mailbox.source,
        "imap": str(mailbox.imap),
        "added_at": mailbox.added_at,
        "removed_at": mailbox.removed_at,
    }


@app.command("show")
def show_(address: Address, config: ConfigFile = None, database: Database = None, json: Json = False) -> None:
    """Show one mailbox: its servers, its curve, what holds it."""
    found = settings(config, database)
    with opened(found) as store:
        mailbox = store.run(mailboxes.get, canonical(address))
        holds = held.of(mailbox, store.run(pauses.active, now()))
    row = _row(mailbox, found)
    if not json:
        row["relays"] = [written(relay) for relay in mailbox.relays] or None
    show_one(row | {"held": [held.told(pause) for pause in holds]}, as_json=json)


@app.command("set")
def set_(
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
    new_password: Annotated[bool, typer.Option("--password", help="Ask for a new password.")] = False,
    password_file: PasswordFile = None,
    config: ConfigFile = None,
    database: Database = None,
) -> None:
    """Change a mailbox; what isn't named stays.

    New servers, login or password are tried by signing in before anything is changed. A new curve or zone counts from
    the next day that is planned. All --relay together take the place of those it had; --relay none and --source none
    take them away. What a relay is: warmup mailbox add --help.

    \b
    Examples:
      warmup mailbox set ann@example.org --curve logistic
      warmup mailbox set ann@example.org --relay mail2.example.org=30
      warmup mailbox set ann@example.org --password
    """
    found = settings(config, database)
    with opened(found) as store:
        old = store.run(mailboxes.get, canonical(address))
        new = replace(
            old,
            name=name_given(name) if name is not None else old.name,
            zone=zone_named(zone) if zone is not None else old.zone,
            provider=provider_for(old.address, provider, found) if provider is not None else old.provider,
            curve=curve_named(curve, found) or old.curve,
            login=login or old.login,
            smtp=_moved("smtp", old.smtp, smtp, smtp_security),
            imap=_moved("imap", old.imap, imap, imap_security),
            source=source_given(source) if source else old.source,
        )
        given = relays_given(relay, new.smtp) if relay else checked(old.relays, new.smtp)
        new = replace(new, relays=given)
        fresh = new_password or password_file is not None
        if fresh:
            new = replace(new, auth="password")
        if new == old and not fresh:
            raise UsageError(f"{old.address}: nothing to change; `warmup mailbox set --help` shows what can be")
        if fresh or Claim.of(new) != Claim.of(old):
            secret = password(password_file, old.address) if fresh else None
            prove_now(Claim.of(new), secret if secret is not None else opens(old, vault(found), found), found)
            if secret is not None:
                vault(found).put(old.credential, secret)
            store.run(pauses.mended, old.id, now())
        store.run(mailboxes.change, old.id, **_fields(new))
    print(f"{old.address}: changed")


def _fields(mailbox: Mailbox) -> mailboxes.Fields:
    """All that `set` can change."""
    return {
        "name": mailbox.name,
        "zone": mailbox.zone,
        "provider": mailbox.provider,
        "login": mailbox.login,
        "auth": mailbox.auth,
        "smtp": mailbox.smtp,
        "imap": mailbox.imap,
        "relays": mailbox.relays,
        "source": mailbox.source,
        "curve": mailbox.curve,
    }


def _moved(kind: str, old: Endpoint, text: str | None, security: Security | None) -> Endpoint:
    if text is not None:
        return endpoint(kind, text, security or old.security)
    return replace(old, security=security or old.security)


@app.command()
def remove(address: Address, config: ConfigFile = None, database: Database = None) -> None:
    """Take a mailbox out of the pool.

    Nothing more is sent from it or to it, and its password is erased. Its history stays: `mailbox add` brings it back
    as it was, `mailbox purge` erases that too.
    """
    found = settings(config, database)
    with opened(found) as store:
        mailbox = store.run(mailboxes.get, canonical(address))
        store.run(mailboxes.remove, mailbox.id, now())
    vault(found).delete(mailbox.credential)
    print(f"{mailbox.address}: removed; its password is erased, its history kept")


@app.command()
def purge(
    address: Address,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")] = False,
    config: ConfigFile = None,
    database: Database = None,
) -> None:
    """Erase a mailbox and all that is known of it.

    Messages of it and to it, its days, its pauses, its password. There is no way back. Mail that it has received stays
    where it is.
    """
    found = settings(config, database)
    with opened(found) as store:
        mailbox = store.run(mailboxes.get, canonical(address), removed=True)
        if not yes:
            _ask(f"Erase {mailbox.address} and its whole history?")
        store.run(mailboxes.purge, mailbox.id)
    vault(found).delete(mailbox.credential)
    print(f"{mailbox.address}: erased")


def _ask(question: str) -> None:
    """Returns if the answer is yes."""
    if not sys.stdin.isatty():
        raise UsageError("there is no terminal to ask whether you are sure; --yes says that you are")
    if not typer.confirm(question, err=True):
        raise OperatorError("nothing was erased")


hold.register(app)
authorize.register(app)


@app.command("test")
def try_(
    addresses: Annotated[
        list[str] | None, typer.Argument(metavar="ADDRESS", help="Which. Default: all.", show_default=False)
    ] = None,
    config: ConfigFile = None,
    database: Database = None,
    json: Json = False,
) -> None:
    """Sign in to both servers of one, some or all mailboxes.

    Says what they answer; nothing is sent. Exit code 77 if one of them refuses.
    """
    found = settings(config, database)
    with opened(found) as store:
        pool = _named(store, addresses)
    rows = roll.tried(pool, vault(found), found)
    show(rows, {"address": "ADDRESS", "works": "WORKS", "says": "SAYS"}, as_json=json, empty="no mailboxes")
    if not all(row["works"] for row in rows):
        raise typer.Exit(77)


def _named(store: Store, addresses: list[str] | None) -> list[Mailbox]:
    if addresses:
        return [store.run(mailboxes.get, canonical(address)) for address in addresses]
    return store.run(mailboxes.every)


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE.csv", help="See above.", show_default=False)],
    config: ConfigFile = None,
    database: Database = None,
) -> None:
    """Register the mailboxes of a CSV file, all or none.

    The first line names the columns: address, password or password_file (beside the CSV), and as needed name, smtp,
    smtp_security, imap, imap_security, login, zone, provider, curve, auth, relays, source. A cell left empty means what
    `mailbox add` takes by default: servers are found too. All are tried by signing in; every line's mistake is told,
    and one mistake registers nothing.

    relays are written as for --relay, parted by blanks. With oauth:NAME for auth a mailbox has no password: its consent
    must lie in the credentials directory already, as when that was brought along.

    \b
    Example:
      address,password_file,zone
      ann@example.org,secrets/ann,Europe/Berlin
      ben@example.net,secrets/ben,Europe/Lisbon
    """
    count = roll.register(file, settings(config, database), now())
    print(f"{count} mailbox{'' if count == 1 else 'es'} registered")


@app.command()
def export(config: ConfigFile = None, database: Database = None) -> None:
    """Write the registered mailboxes as CSV, without passwords.

    To standard output, as `mailbox import` reads it once a column password or password_file is added. Consents aren't
    in it either: they, and passwords, lie in the credentials directory.

    \b
    Example:
      warmup mailbox export > pool.csv
    """
    with opened(settings(config, database)) as store:
        roll.write(store.run(mailboxes.every), sys.stdout)
