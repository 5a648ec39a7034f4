"""Proof that a mailbox is the operator's: signing in to both of its servers.

Owns: what counts as proof, and a refusal in words an operator can act on. Does not own: registering (`warmup.cli`).
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass

from warmup import imap, smtp
from warmup.config import Config
from warmup.errors import SignInError, WireError
from warmup.imap import Folders
from warmup.model import Endpoint, Response


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What somebody says is theirs."""

    address: str
    login: str
    smtp: Endpoint
    imap: Endpoint


async def prove(claim: Claim, secret: str, config: Config, tls: ssl.SSLContext) -> Folders:
    """Sign in to both servers, as the daemon would; the folders found. Raises `SignInError` saying which server
    refused, and with what words.
    """
    submission = config.submission
    try:
        session = await smtp.dial(
            claim.smtp,
            claim.login,
            secret,
            hello=submission.hello,
            tls=tls,
            timeouts=smtp.Timeouts(connect=submission.connect, command=submission.command),
        )
    except WireError as broken:
        raise SignInError(f"{claim.address}: submission at {claim.smtp}: {broken.why}") from broken
    if isinstance(session, Response):
        raise SignInError(f"{claim.address}: submission at {claim.smtp} refused {claim.login!r}: {session}")
    await session.close()
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
        raise SignInError(f"{claim.address}: IMAP at {claim.imap} refused {claim.login!r}: {access.text}")
    await access.close()
    return access.folders
