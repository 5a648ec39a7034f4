"""Proof that a mailbox is the operator's: signing in to all of its servers.

Owns: what counts as proof, and a refusal in words an operator can act on. Does not own: registering (`warmup.cli`), the
words about providers and answers (`data/providers.toml`, `data/advice.toml`).
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass

from warmup import imap, smtp
from warmup.config import Config, directory
from warmup.errors import SignInError, WireError
from warmup.imap import Folders
from warmup.model import Bearer, Endpoint, Mailbox, Relay, Response
from warmup.throttle import judge


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What somebody says is theirs."""

    address: str
    login: str
    smtp: Endpoint
    imap: Endpoint
    relays: tuple[Relay, ...] = ()
    source: str | None = None

    @classmethod
    def of(cls, mailbox: Mailbox) -> Claim:
        """What is to be proven of a mailbox that is registered, or will be so."""
        return cls(
            address=mailbox.address,
            login=mailbox.login,
            smtp=mailbox.smtp,
            imap=mailbox.imap,
            relays=mailbox.relays,
            source=mailbox.source,
        )

    @property
    def servers(self) -> str:
        """All of them, to be told."""
        *first, last = (self.smtp, *(relay.server for relay in self.relays), self.imap)
        return f"{', '.join(map(str, first))} and {last}"


async def prove(claim: Claim, secret: str | Bearer, config: Config, tls: ssl.SSLContext) -> Folders:
    """Sign in to both servers and every relay, as the daemon would; the folders found. Raises `SignInError` saying
    which server refused, and with what words.
    """
    for server in (claim.smtp, *(relay.server for relay in claim.relays)):
        await _submits(claim, server, secret, config, tls)
    reading = config.reading
    try:
        access = await imap.sign_in(
            claim.imap,
            claim.login,
            secret,
            tls=tls,
            timeouts=imap.Timeouts(connect=reading.connect, command=reading.command),
        )
    except WireError as broken:
        raise SignInError(f"{claim.address}: IMAP at {claim.imap}: {broken.why}") from broken
    if isinstance(access, Response):
        advice = advice_on(claim, claim.imap, access, config)
        raise SignInError(f"{claim.address}: IMAP at {claim.imap} refused {claim.login!r}: {access.text}{advice}")
    await access.close()
    return access.folders


async def _submits(claim: Claim, server: Endpoint, secret: str | Bearer, config: Config, tls: ssl.SSLContext) -> None:
    submission = config.submission
    try:
        session = await smtp.dial(
            server,
            claim.login,
            secret,
            hello=submission.hello,
            tls=tls,
            timeouts=smtp.Timeouts(connect=submission.connect, command=submission.command),
            source=claim.source,
        )
    except WireError as broken:
        raise SignInError(f"{claim.address}: submission at {server}: {broken.why}") from broken
    if isinstance(session, Response):
        advice = advice_on(claim, server, session, config)
        raise SignInError(f"{claim.address}: submission at {server} refused {claim.login!r}: {session}{advice}")
    await session.close()


def advice_on(claim: Claim, server: Endpoint, said: Response, config: Config) -> str:
    """What can be done about a refusal: what is known of that provider, and else of such answers in general."""
    known = directory().of_server(server, claim.address.rpartition("@")[2])
    provider = known.provider if known else None
    verdict = judge(said, provider=provider, waits=config.waits, rules=config.rules)
    advice = config.rules.advice(verdict, provider)
    told = [f"{one.text} ({one.source})" if one.source else one.text for one in advice]
    if known and known.note:
        # It says better than the general advice which password is wanted.
        about_passwords = ("password", f"password.{provider}")
        spare = {config.rules.topics.by_name[topic] for topic in about_passwords if topic in config.rules.topics}
        told = [known.note, *(words for one, words in zip(advice, told, strict=True) if one not in spare)]
    return f"; {' '.join(told)}" if told else ""
