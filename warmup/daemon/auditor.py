"""Auditing: every mailbox is looked into, and compared with what the store has of it.

Nothing is changed, there or here, so a daemon may be at work. What a mailbox holds is read before the rows of it: a
message that comes in between is known. What would count as lost is looked for once more by its Message-ID, since not
every server searches well for a label, and what lies there twice is counted once more, since the daemon may have moved
it meanwhile.

Owns: the visits. Does not own: what is wrong (`warmup.audit`), speaking IMAP (`warmup.imap`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from warmup.audit import Audit, Copy, Finding
from warmup.config import Config
from warmup.errors import AccessRefused, OperatorError, SignInError, StoreError, WireError
from warmup.imap import Access, Sighting, Timeouts, sign_in
from warmup.model import Mailbox, Message, Response
from warmup.secrets import Vault
from warmup.store import Connection, Store, days, installs, mailboxes, messages

from .clock import SystemClock
from .keys import Keys
from .trust import trusted

_AT_ONCE = 5  # mailboxes: an operator waits, and a server may count its connections
_LONGEST = 1800.0  # seconds in one mailbox; a guess, enough to read the header of 100,000 mails
_EARLIER = timedelta(days=2)  # of an INBOX by its server's clock and zone, and of a row by when it was to be sent


@dataclass(frozen=True, slots=True)
class Visited:
    """A mailbox of the pool, with how many messages of ours it holds; or why nobody could look."""

    address: str
    copies: int = 0
    trouble: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """`counts` are of what is as it should be."""

    since: datetime
    visited: Sequence[Visited]
    findings: Sequence[Finding]
    counts: dict[str, int] = field(default_factory=dict)

    @property
    def clean(self) -> bool:
        return not any(finding.kind.wrong for finding in self.findings)

    @property
    def whole(self) -> bool:
        return not any(visited.trouble for visited in self.visited)


async def audit(config: Config, store: Store, vault: Vault, *, since: datetime, now: datetime) -> Report:
    """Compare everything that was to be sent since then. A mailbox in trouble doesn't keep the others from it."""
    pool = await store.do(mailboxes.every, removed=True)
    patience = sum(config.reading.looks, timedelta(0))
    found = Audit(pool, await store.do(installs.get), now=now, since=since, patience=patience)
    # Before anybody is visited: what lies in a mailbox and isn't known to be sent is counted beside these.
    used = await store.do(days.lived, since.date() + timedelta(days=1))  # a whole day everywhere
    visits = _Visits(config, store, vault, since=since, found=found)
    visited = await visits.go([mailbox for mailbox in pool if mailbox.removed_at is None])
    for mailbox in pool:
        if mailbox.removed_at is not None:
            found.unvisited(await visits.rows(mailbox))
    return Report(since=since, visited=visited, findings=found.findings(used), counts=dict(found.counts))


class _Visits:
    """Of one audit."""

    def __init__(self, config: Config, store: Store, vault: Vault, *, since: datetime, found: Audit) -> None:
        self._config = config
        self._store = store
        self._keys = Keys(vault, lambda: config, SystemClock().now)
        self._tls = trusted(config)
        self._since = since - _EARLIER
        self._found = found
        self._places = asyncio.Semaphore(_AT_ONCE)

    async def go(self, pool: Sequence[Mailbox]) -> list[Visited]:
        return await asyncio.gather(*(self._in_turn(mailbox) for mailbox in pool))

    async def rows(self, mailbox: Mailbox, copies: Sequence[Copy] = ()) -> list[Message]:
        """The rows of all that was sent to a mailbox, and of whatever of ours is among the copies."""
        rows, people = await self._store.do(_remembered, mailbox.id, self._since, self._found.ours(copies))
        self._found.joined(people)
        return rows

    async def _in_turn(self, mailbox: Mailbox) -> Visited:
        async with self._places:
            try:
                async with asyncio.timeout(_LONGEST):
                    return await self._visit(mailbox)
            except StoreError:
                raise
            except (OperatorError, WireError) as error:
                trouble = str(error)
            except TimeoutError:
                trouble = f"not done within {_LONGEST:g} s"
            self._found.unvisited(await self.rows(mailbox))
            return Visited(mailbox.address, trouble=trouble)

    async def _visit(self, mailbox: Mailbox) -> Visited:
        reading = self._config.reading
        signed_in = partial(
            sign_in,
            mailbox.imap,
            mailbox.login,
            tls=self._tls,
            timeouts=Timeouts(connect=reading.connect, command=reading.command),
        )
        access = await self._keys.turn(mailbox, signed_in)
        if isinstance(access, Response):
            raise SignInError(f"{mailbox.imap} refused {mailbox.login!r}: {access}")
        try:
            copies, rows = await self._read(mailbox, access)
        finally:
            await access.close()
        self._found.compare(mailbox, copies, rows)
        return Visited(mailbox.address, len(copies))

    async def _read(self, mailbox: Mailbox, access: Access) -> tuple[list[Copy], list[Message]]:
        """What lies in the mailbox, and its rows."""
        copies = await self._counted(access)
        rows = await self.rows(mailbox, copies)
        absent = self._found.absent(mailbox, copies, rows)
        seen = await access.look(absent, label=self._config.label) if absent else {}
        if seen:
            copies = await self._counted(access, thorough=True)
            rows = await self.rows(mailbox, copies)
        if self._found.doubled(copies, rows):
            again = await self._counted(access, thorough=bool(seen))
            copies = [copy for copy in copies if copy in again]
        labels = {copy.label for copy in copies}
        # What came earlier, by the server's clock, than it was sent by ours.
        return [*copies, *(_copy(one, absent) for name, one in seen.items() if absent[name] not in labels)], rows

    async def _counted(self, access: Access, *, thorough: bool = False) -> list[Copy]:
        since = self._since.date()
        try:
            return await access.census(self._config.label, since=since, thorough=thorough)
        except AccessRefused:
            if thorough:
                raise
            return await access.census(self._config.label, since=since, thorough=True)


def _copy(seen: Sighting, tokens: Mapping[str, str]) -> Copy:
    """A message of which there is a row, and so no more needs to be known."""
    return Copy(
        folder=seen.folder,
        uid=seen.uid,
        message_id=seen.message_id,
        label=tokens[seen.message_id],
        written_by="",
        written_to=(),
        written_on=None,
    )


def _remembered(
    db: Connection, mailbox: int, since: datetime, message_ids: set[str]
) -> tuple[list[Message], list[Mailbox]]:
    """What is known of a mailbox's mail and of some other, and of whom it names. A work of the store."""
    rows = messages.written_to(db, mailbox, since)
    rows += messages.called_each(db, message_ids - {row.message_id for row in rows})
    people = {number for row in rows for number in (row.sender, row.recipient)}
    return rows, list(mailboxes.some(db, people).values())
