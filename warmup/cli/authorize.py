"""`warmup mailbox authorize`: consent instead of a password.

Owns: the command, and what a person sees while they are asked. Does not own: the flows (`warmup.oauth`), proof of
ownership (`warmup.daemon.proof`).
"""

from __future__ import annotations

import asyncio
import sys
from typing import Annotated

import typer

from warmup.address import canonical
from warmup.config import Config
from warmup.daemon.keys import Keys
from warmup.daemon.proof import Claim, prove
from warmup.daemon.trust import trusted
from warmup.errors import OperatorError, SignInError, TokenLost, UsageError
from warmup.model import Bearer, Client, Mailbox
from warmup.oauth import Denied, Grant, by_browser, by_device, packed
from warmup.secrets import Vault
from warmup.store import Connection, mailboxes, pauses

from .common import Address, ConfigFile, Database, now, opened, settings, vault

Device = Annotated[
    bool, typer.Option("--device", help="By a code to type in a browser anywhere, where the provider gives such codes.")
]
Port = Annotated[
    int,
    typer.Option(
        min=0, max=65535, help="The port here that the browser is sent back to. Default: any.", show_default=False
    ),
]


def register(app: typer.Typer) -> None:
    app.command()(authorize)


def authorize(
    address: Address,
    device: Device = False,
    port: Port = 0,
    provider: Annotated[
        str | None,
        typer.Option(help="Whose consent: a NAME of [oauth.NAME] in the configuration.", show_default=False),
    ] = None,
    config: ConfigFile = None,
    database: Database = None,
) -> None:
    """Open a mailbox by its owner's consent (OAuth 2).

    It shows an address to open in a browser on this machine, signed in as that mailbox, and waits. In a browser
    elsewhere: with --device a code is shown to type there; or forward the port that it comes back to, with --port 8400
    here and `ssh -L 8400:127.0.0.1:8400` there.

    What was given is kept with the credentials, tried by signing in to both servers, and renewed by the daemon for as
    long as the provider lets it. You need a client id of your own: [oauth.google] or [oauth.microsoft] in the
    configuration, where it says more.

    \b
    Examples:
      warmup mailbox authorize ann@example.org
      warmup mailbox authorize ann@example.org --device --provider microsoft
    """
    found = settings(config, database)
    with opened(found) as store:
        mailbox = store.run(mailboxes.get, canonical(address))
    client = client_for(found, provider or mailbox.oauth or mailbox.provider)
    secret = consented(found, client, Claim.of(mailbox), device=device, port=port)
    with opened(found) as store:
        store.run(_change, mailbox, client, vault(found), secret)
    print(f"{mailbox.address}: authorized by {client.provider}; nothing more to do until it is taken back")


def opens(mailbox: Mailbox, credentials: Vault, config: Config) -> str | Bearer:
    """What a mailbox opens with now. Raises `OperatorError` if there is nothing."""
    try:
        return asyncio.run(Keys(credentials, lambda: config, now).key(mailbox))
    except TokenLost as lost:
        raise OperatorError(f"{mailbox.address}: {lost.why}; try again later") from None


def client_for(config: Config, provider: str) -> Client:
    """The client of a provider. Raises `UsageError` if none is configured."""
    if provider not in config.clients:
        known = ", ".join(sorted(config.clients)) or "none"
        raise UsageError(
            f"there is no client id for {provider!r}: write it into [oauth.{provider}] in the configuration, or name "
            f"another with --provider; configured: {known}"
        )
    return config.clients[provider]


def consented(config: Config, client: Client, claim: Claim, *, device: bool, port: int) -> str:
    """The secret to keep, once a person has consented and both servers have taken what was given.

    Raises `SignInError` if the answer is no, from whomever; `OperatorError` if the provider can't be reached.
    """
    tls = trusted(config)
    try:
        if device:
            given = by_device(client, tls, _show_code)
        else:
            given = by_browser(client, claim.login, tls, _show_address, port=port)
    except Denied as no:
        raise SignInError(f"{claim.address}: {no}") from None
    except TokenLost as lost:
        raise OperatorError(f"{claim.address}: {lost.why}; try again later") from None
    refresh = _lasting(client, claim, given)
    try:
        asyncio.run(prove(claim, given.access, config, tls))
    except SignInError as refused:
        raise SignInError(
            f"{refused}; was the browser signed in as {claim.login}, and does the provider allow SMTP and IMAP "
            "for this mailbox?"
        ) from None
    print(f"{claim.address}: signed in to {claim.servers}", file=sys.stderr)
    return packed(refresh)


def _lasting(client: Client, claim: Claim, given: Grant) -> str:
    if given.refresh is None:
        raise SignInError(
            f"{claim.address}: {client.provider} gave access for {given.lasts.total_seconds() / 60:.0f} min and no "
            "refresh token; take the earlier consent back in the account's settings at the provider and ask again, or "
            "ask for a scope that includes it (offline_access)"
        )
    return given.refresh


def _show_address(address: str) -> None:
    print("Open this in a browser on this machine, and consent:", file=sys.stderr)
    print(address, flush=True)
    print("Waiting for it; Ctrl-C gives up.", file=sys.stderr)


def _show_code(address: str, code: str) -> None:
    print("Open this in any browser, type the code, and consent:", file=sys.stderr)
    print(f"{address}   code: {code}", flush=True)
    print("Waiting for it; Ctrl-C gives up.", file=sys.stderr)


def _change(db: Connection, mailbox: Mailbox, client: Client, credentials: Vault, secret: str) -> None:
    """Both or neither, the secret last: a daemon that reads in between finds a secret that it can't use, and holds the
    mailbox until here. A work of the store.
    """
    mailboxes.change(db, mailbox.id, auth=f"oauth:{client.provider}")
    credentials.put(mailbox.credential, secret)
    pauses.mended(db, mailbox.id, now())
