"""What a life said to its servers, said again by somebody else: the same sessions, as many of them at once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from warmup.daemon.loop import Factory
from warmup.sandbox import Account

from .servers import Servers
from .tape import Submission, Tape, Visit

_SMTP_AT_ONCE = 10  # as the daemon has to one host


class Speaker(Protocol):
    """Says one session, from dialling to goodbye."""

    async def submit(self, servers: Servers, account: Account, session: Submission) -> None: ...

    async def visit(self, servers: Servers, account: Account, visit: Visit) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """Microseconds of client CPU for all sessions; `servers` is seconds of theirs."""

    smtp: float
    imap: float
    servers: float


def replay(tape: Tape, people: Sequence[Account], servers: Servers, speaker: Speaker, loop: Factory) -> Spoken:
    """On these servers, which nobody else has used."""
    before = servers.cpu
    accounts = {account.address: account for account in people}
    with asyncio.Runner(loop_factory=loop) as runner:
        smtp, imap = runner.run(_say(tape, accounts, servers, speaker))
    return Spoken(smtp=smtp, imap=imap, servers=servers.cpu - before)


async def _say(tape: Tape, accounts: Mapping[str, Account], servers: Servers, speaker: Speaker) -> tuple[float, float]:
    at_once = asyncio.Semaphore(_SMTP_AT_ONCE)

    async def submit(session: Submission) -> None:
        async with at_once:
            await speaker.submit(servers, accounts[session.login], session)

    smtp = imap = 0.0
    for visits, submissions in tape.rounds():
        imap += await _together(partial(speaker.visit, servers, accounts[visit.login], visit) for visit in visits)
        smtp += await _together(partial(submit, session) for session in submissions)
    return smtp, imap


async def _together(works: Iterable[Callable[[], Coroutine[None, None, None]]]) -> float:
    before = time.process_time()
    async with asyncio.TaskGroup() as group:
        for work in works:
            group.create_task(work())
    return (time.process_time() - before) * 1e6
