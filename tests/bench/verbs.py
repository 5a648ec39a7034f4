"""The daemon's verbs towards servers on their own: what one of each costs the client.

The whole of it: the coroutine, the loop's callbacks, the kernel. With several people at once a turn of the loop serves
many, and each verb costs less. Here the same is done again and again, and all caches are warm; what the same verb costs
more amid a life shows in that life's rest.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Coroutine, Mapping, Sequence
from datetime import UTC, datetime
from typing import TypeVar

from warmup import imap, smtp
from warmup.config import load
from warmup.content import Letter, Person, compose
from warmup.imap import Access, Sighting
from warmup.model import Response
from warmup.sandbox import Account
from warmup.smtp import Session

from .meter import metered
from .servers import Servers

T = TypeVar("T")

_TIMES = 60  # each verb, by all people together
_LABEL = ("X-Warmup", "label")
_AT = datetime(2026, 3, 2, 9, tzinfo=UTC)


def measure(people: Sequence[Account], servers: Servers) -> Mapping[str, float]:
    """Microseconds of CPU by verb, when that many people are at it at once; nobody else uses their accounts. `dial` and
    `sign_in` are with their goodbyes, `data` is with its envelope.
    """
    return asyncio.run(_measure([_Worker(person, servers, _TIMES // len(people)) for person in people]))


async def _measure(workers: Sequence[_Worker]) -> Mapping[str, float]:
    smtp.context()  # what is made once in a process
    costs = {}
    for name, work in _WORKS.items():
        with metered() as cost:
            async with asyncio.TaskGroup() as group:
                for worker in workers:
                    group.create_task(work(worker))
        costs[name] = cost.each(sum(worker.times for worker in workers))
    for worker in workers:
        await worker.leave()
    return costs


class _Worker:
    """One person who writes to themselves and reads it: each work is one verb, `times` times."""

    _session: Session
    _access: Access

    def __init__(self, person: Account, servers: Servers, times: int) -> None:
        self.times = times
        self._person = person
        self._servers = servers
        self._texts = _letters(person, times)
        self._seen: list[Sighting] = []

    async def dial(self) -> None:
        for _ in range(self.times - 1):
            await (await self._dial()).close()
        self._session = await self._dial()

    async def sign_in(self) -> None:
        for _ in range(self.times - 1):
            await (await self._sign_in()).close()
        self._access = await self._sign_in()

    async def data(self) -> None:
        address = self._person.address
        for text in self._texts.values():
            said = await self._session.envelope(address, address, text)
            assert said.positive, said
            said = await self._session.data(text)
            assert said.positive, said

    async def look(self) -> None:
        name, value = _LABEL
        for sought in self._texts:
            self._seen += (await self._access.look({sought: value}, label=name)).values()
        assert len(self._seen) == self.times

    async def open(self) -> None:
        await _each(self._seen, self._access.open)

    async def answered(self) -> None:
        await _each(self._seen, self._access.answered)

    async def file(self) -> None:
        await _each(self._seen, lambda sighting: self._access.file(sighting, "Warmup"))

    async def keep(self) -> None:
        await _each(self._texts.items(), lambda kept: self._access.keep(kept[1], kept[0], _AT))

    async def leave(self) -> None:
        await self._session.close()
        await self._access.close()

    async def _dial(self) -> Session:
        session = await smtp.dial(
            self._servers.smtp,
            self._person.address,
            self._person.password,
            hello="[127.0.0.1]",
            tls=smtp.context(),
            timeouts=smtp.Timeouts(),
        )
        assert not isinstance(session, Response), session
        return session

    async def _sign_in(self) -> Access:
        access = await imap.sign_in(
            self._servers.imap,
            self._person.address,
            self._person.password,
            tls=smtp.context(),
            timeouts=imap.Timeouts(),
        )
        assert not isinstance(access, Response), access
        return access


_WORKS: Mapping[str, Callable[[_Worker], Coroutine[None, None, None]]] = {
    name: getattr(_Worker, name) for name in ("dial", "sign_in", "data", "look", "open", "answered", "file", "keep")
}


async def _each(things: Collection[T], verb: Callable[[T], Awaitable[object]]) -> None:
    for thing in things:
        await verb(thing)


def _letters(person: Account, count: int) -> Mapping[str, bytes]:
    """Messages as the daemon writes them, by their Message-IDs."""
    corpus = load(None, {}).corpus
    writer = Person("Ann Bell", person.address)
    names = [f"<{number}.{person.address}>" for number in range(count)]
    return {
        name: compose(
            Letter(
                message_id=name,
                references=(),
                thread=name,
                scenario=corpus.scenarios[number % len(corpus.scenarios)].name,
                turn=1,
                sender=writer,
                recipient=writer,
                date=_AT,
                earlier=(),
                label=_LABEL,
            ),
            corpus,
        )
        for number, name in enumerate(names)
    }
