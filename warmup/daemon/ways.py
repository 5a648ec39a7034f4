"""The ways by which mail leaves, and who goes when: what is due is looked for, and everybody waits for a turn.

A way is a domain or a host on which one goes at a time since it was held lately, a host, a provider, or this process.

Owns: who waits for what, and how many go at once. Does not own: the order in a line (`warmup.daemon.waiting`), places
and their limits across nodes (`warmup.daemon.places`), sending (`warmup.daemon.sender`).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence, Set
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta

from warmup.model import Endpoint, Mailbox, Pause, Scope, chance
from warmup.plan import server
from warmup.store import Connection, Shards, mailboxes, messages, pauses

from .office import Office
from .waiting import WaitingRoom

_AT_ONCE = 200  # connections of the process; a guess below the usual limit of 1024 open files
_OF_ONE_PROVIDER = _AT_ONCE // 2  # its servers may all hang, and the mail of others still goes
_CALLED = 200  # mailboxes of those who go to one host; more than it serves until the next look
_NARROW_FOR = timedelta(days=1)  # after a host or a domain was held: the first who goes is a probe

_RESTS = timedelta(seconds=5)  # the longest between two looks

_Way = tuple[Scope, str]


class Ways:
    """Of all mailboxes that this daemon serves."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._room = WaitingRoom(_CALLED)
        self._narrow: Set[_Way] = frozenset()
        self._rests = office.clock.now()  # until when
        self._found: int | None = None  # mailboxes that were due at the last look

    @property
    def empty(self) -> bool:
        """Whether nobody waits or goes."""
        return not self._room.numbers

    async def look(self) -> None:
        """Whoever has something due waits from now on. Where so much is due that a look takes long, looks take a tenth
        of the time at most: there is no lack of those who wait.
        """
        store, now = self._office.store, self._office.clock.now()
        if now < self._rests <= now + _RESTS:  # else the clock was set back
            return
        known = frozenset(self._room.numbers)
        due = await store.look(self._found, _due, now, self._office.share.shards, known)
        self._found = due.found
        self._narrow = {(pause.scope, pause.domain or pause.host or "") for pause in due.narrow}
        # Those of a domain who go one at a time mustn't take the turns of others who go to the same host.
        alone = {domain for scope, domain in self._narrow if scope is Scope.DOMAIN}
        self._room.enter({number: domain if domain in alone else host for number, (domain, host) in due.ends.items()})
        after = self._office.clock.now()
        self._rests = after + min(9 * (after - now), _RESTS)

    async def call(self) -> list[Mailbox]:
        """Those whose turn it is, each until it `leave`s."""
        called = list(self._room.call())
        found = await self._office.store.look(len(called), mailboxes.some, called) if called else {}
        for number in called:
            if number not in found or not self._office.share.serves(number):  # purged, or another node's by now
                self._room.leave(number)
                found.pop(number, None)
        return [found[number] for number in called if number in found]

    async def choose(self, sender: Mailbox) -> Endpoint:
        """The submission server to go to; its own if all are held: what is due is dropped for that reason then."""
        office = self._office
        other = await office.store.do(free, office, sender, office.clock.now()) if sender.relays else None
        return other or sender.smtp

    def leave(self, sender: Mailbox) -> None:
        """It has been served."""
        self._room.leave(sender.id)

    def alone(self, sender: Mailbox) -> AbstractAsyncContextManager[None]:
        """Of its domain, if that is narrow. Before the way to a host."""
        return self._one((Scope.DOMAIN, sender.domain), sender)

    @asynccontextmanager
    async def to(self, by: Endpoint, sender: Mailbox) -> AsyncIterator[None]:
        """Alone on the way to a host, if that is narrow; then at the host, then among those of its provider, which may
        have many hosts, and at last among all: those who wait for servers that hang mustn't take the places of the
        others. A domain's way comes before all that and a host's is left before another's is entered, so no two wait
        for each other.
        """
        places, most = self._office.places, self._office.config.submission.connections_per_host
        if sender.relays:
            self._room.move(sender.id, by.name)
        async with (
            self._one((Scope.HOST, by.name), sender),
            places.one(("connections", by.name), most, sender.id),
            places.one(("sending for", sender.provider), _OF_ONE_PROVIDER, sender.id, everywhere=False),
            places.one(("sending", ""), _AT_ONCE, sender.id, everywhere=False),
        ):
            yield

    def _one(self, way: _Way, sender: Mailbox) -> AbstractAsyncContextManager[None]:
        narrow = way in self._narrow
        return self._office.places.one((f"narrow {way[0]}", way[1]), 1, sender.id) if narrow else nullcontext()


def free(db: Connection, office: Office, sender: Mailbox, now: datetime) -> Endpoint | None:
    """The submission server whose turn it is; None if all are held. A work of the store, as the next one."""
    held = pauses.held_hosts(db, now)
    return server(sender, held, chance(office.install.seed, "server", sender.address, now.isoformat()))


@dataclass(frozen=True, slots=True)
class _Due:
    """How many have something to send, where those go who weren't `known`, and what held several until lately."""

    found: int
    ends: Mapping[int, tuple[str, str]]
    narrow: Sequence[Pause]


def _due(db: Connection, now: datetime, shards: Shards | None, known: Set[int]) -> _Due:
    due = messages.senders_due(db, now, shards)
    strangers = [number for number in due if number not in known]
    ends = mailboxes.ends(db, strangers) if strangers else {}
    return _Due(len(due), ends, pauses.narrow(db, now - _NARROW_FOR) if due else ())
