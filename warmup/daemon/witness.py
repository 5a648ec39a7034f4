"""What receivers say of a domain's mail: the headers of some messages of ours, read where they were received.

Owns: which messages, and the visits. Does not own: reading a header (`warmup.dns`), speaking IMAP (`warmup.imap`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from warmup.config import Config
from warmup.dns import Ask, Trace, Unanswered, Witness, mail_servers, trace
from warmup.errors import OperatorError, SignInError, StoreError, WireError
from warmup.imap import Access, Timeouts, sign_in
from warmup.model import Cause, Install, Mailbox, Message, Pause, Response, Scope
from warmup.store import Connection, Store, installs, mailboxes, messages, pauses

from .keys import Keys
from .trust import trusted

_RECENT = timedelta(days=14)
_EACH = 50  # messages of a mailbox looked through for one that was found
_MOST = 3  # messages read: as many receiving providers tell enough
_LONGEST = 120.0  # seconds in one mailbox


@dataclass(frozen=True, slots=True)
class Testimony:
    """What could be read, and why some couldn't, by the mailbox's address."""

    witnesses: Sequence[Witness] = ()
    troubles: Sequence[tuple[str, str]] = ()


async def testimony(domain: str, config: Config, store: Store, keys: Keys, *, ask: Ask, now: datetime) -> Testimony:
    """Of the newest messages from the domain, one to each of some receiving providers. Nothing is marked as read."""
    install = await store.do(installs.get)
    witnesses: list[Witness] = []
    troubles: list[tuple[str, str]] = []
    for message, recipient in await store.do(_received, domain, now):
        try:
            async with asyncio.timeout(_LONGEST):
                header = await _header(message, recipient, config, keys, install)
        except StoreError:
            raise
        except (OperatorError, WireError) as error:
            troubles.append((recipient.address, str(error)))
        except TimeoutError:
            troubles.append((recipient.address, f"not done within {_LONGEST:g} s"))
        else:
            if header is not None and message.sent_at is not None:
                told = await _told(header, recipient, ask)
                witnesses.append(Witness(domain=domain, by=recipient.domain, sent_at=message.sent_at, trace=told))
    return Testimony(witnesses, troubles)


def _received(db: Connection, domain: str, now: datetime) -> list[tuple[Message, Mailbox]]:
    """The newest message from the domain that each receiving provider has; none from before the domain was held for
    what was found. A work of the store.
    """
    held = pauses.last(db, Pause(scope=Scope.DOMAIN, mailbox=None, domain=domain, cause=Cause.FAILURE, since=now))
    since = held.since if held and held.cause is Cause.FAILURE else now - _RECENT
    pool = {mailbox.id: mailbox for mailbox in mailboxes.every(db)}
    found = [
        message
        for mailbox in pool.values()
        if mailbox.domain == domain
        for message in messages.recent(db, _EACH, mailbox.id)
        if message.sender == mailbox.id and message.found_at and message.sent_at and message.recipient in pool
        if message.sent_at > max(since, now - _RECENT)
    ]
    found.sort(key=lambda message: message.sent_at or now, reverse=True)
    newest: dict[str, tuple[Message, Mailbox]] = {}
    for message in found:
        recipient = pool[message.recipient]
        newest.setdefault(recipient.provider, (message, recipient))
    return list(newest.values())[:_MOST]


async def _header(message: Message, recipient: Mailbox, config: Config, keys: Keys, install: Install) -> bytes | None:
    reading = config.reading
    timeouts = Timeouts(connect=reading.connect, command=reading.command)
    signed_in = partial(sign_in, recipient.imap, recipient.login, tls=trusted(config), timeouts=timeouts)
    access = await keys.turn(recipient, signed_in)
    if isinstance(access, Response):
        raise SignInError(f"{recipient.imap} refused {recipient.login!r}: {access}")
    try:
        return await _look(access, message, config, install)
    finally:
        await access.close()


async def _look(access: Access, message: Message, config: Config, install: Install) -> bytes | None:
    name = message.message_id
    seen = await access.look({name: install.token(name)}, label=config.label)
    return await access.header(seen[name]) if name in seen else None


async def _told(header: bytes, recipient: Mailbox, ask: Ask) -> Trace:
    """What the header tells, of the recipient's side believing its own servers alone."""
    try:
        servers = await mail_servers(recipient.domain, ask)
    except Unanswered:
        servers = []
    return trace(header, [recipient.domain, recipient.imap.host, *servers])
