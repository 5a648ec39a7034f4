"""What a life said to its servers, session by session, so that somebody else can say the same.

Recorded where the daemon hands its commands to the client libraries. What servers said isn't kept: they say the same
again. A session belongs to the instant of the jumping clock at which it began; those of one instant ran together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import Any
from unittest.mock import patch

import warmup.imap.line
import warmup.smtp
from warmup.imap import Access
from warmup.imap.line import Question
from warmup.smtp import Session

_IMAP = warmup.imap.line.Line


@dataclass(slots=True)
class Submission:
    """An SMTP connection: who signed in, and what was handed over, as (sender, recipient, message)."""

    login: str = ""
    messages: list[tuple[str, str, bytes]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Command:
    """An IMAP command such as "UID FETCH"; `owed` is the literal that goes with it. `along`: it was said at once with
    the one before it.
    """

    name: str
    arguments: tuple[str, ...]
    owed: bytes | None = None
    along: bool = False


@dataclass(slots=True)
class Visit:
    """An IMAP connection, from LOGIN or AUTHENTICATE on, which aren't among its commands."""

    login: str = ""
    commands: list[Command] = field(default_factory=list)


@dataclass(slots=True)
class Tape:
    """Sessions in the order in which they began, each with its instant."""

    submissions: list[tuple[datetime, Submission]] = field(default_factory=list)
    visits: list[tuple[datetime, Visit]] = field(default_factory=list)

    def rounds(self) -> Iterator[tuple[Sequence[Visit], Sequence[Submission]]]:
        """What ran together: at each instant first the visits, then the submissions, as the jumping daemon has it."""
        visits, submissions = _by_instant(self.visits), _by_instant(self.submissions)
        for instant in sorted(visits.keys() | submissions.keys()):
            yield visits.get(instant, []), submissions.get(instant, [])

    @property
    def turns(self) -> int:
        """How often the daemon had its turn: SMTP's EHLO, AUTH, MAIL, RCPT, DATA, dot and QUIT; AUTHENTICATE and all
        other commands of IMAP, but for those that it said along with another.
        """
        smtp = sum(3 + 4 * len(session.messages) for _, session in self.submissions)
        imap = sum(1 + sum(not command.along for command in visit.commands) for _, visit in self.visits)
        return smtp + imap

    @property
    def texts(self) -> int:
        """Messages that were handed over."""
        return sum(len(session.messages) for _, session in self.submissions)


@contextmanager
def recorded(instant: Callable[[], datetime]) -> Iterator[Tape]:
    """What is said to servers inside; `instant` tells when it is."""
    tape = Tape()
    with ExitStack() as patches:
        _record_smtp(tape, instant, patches)
        _record_imap(tape, instant, patches)
        yield tape


def _record_smtp(tape: Tape, instant: Callable[[], datetime], patches: ExitStack) -> None:
    known: dict[Session, Submission] = {}
    dial, envelope = warmup.smtp.dial, Session.envelope

    async def dialled(endpoint: Any, login: str, *args: Any, **kwargs: Any) -> Any:
        submission = Submission(login)
        tape.submissions.append((instant(), submission))
        session = await dial(endpoint, login, *args, **kwargs)
        assert isinstance(session, Session), session
        known[session] = submission
        return session

    async def handed(session: Session, sender: str, recipient: str, message: bytes) -> Any:
        known[session].messages.append((sender, recipient, message))
        return await envelope(session, sender, recipient, message)

    patches.enter_context(patch("warmup.daemon.sender.dial", dialled))
    patches.enter_context(patch.object(Session, "envelope", handed))


def _record_imap(tape: Tape, instant: Callable[[], datetime], patches: ExitStack) -> None:
    known: dict[_IMAP, Visit] = {}
    ask, try_all = _IMAP.ask, _IMAP.try_all
    sign_in = warmup.imap.sign_in

    async def signed_in(endpoint: Any, login: str, *args: Any, **kwargs: Any) -> Any:
        visit = Visit(login)
        tape.visits.append((instant(), visit))
        access = await sign_in(endpoint, login, *args, **kwargs)
        assert isinstance(access, Access), access
        visit.commands[:0] = known.pop(access._line).commands
        known[access._line] = visit
        return access

    async def asked(line: _IMAP, stage: Any, command: str, *arguments: str, **kwargs: Any) -> Any:
        if command not in {"LOGIN", "AUTHENTICATE"}:
            owed = b"".join(kwargs.get("owed", ())) or None
            known.setdefault(line, Visit()).commands.append(Command(command, arguments, owed))
        return await ask(line, stage, command, *arguments, **kwargs)

    async def tried_all(line: _IMAP, *questions: Question) -> Any:
        commands = known.setdefault(line, Visit()).commands
        for along, (_, (command, *arguments), _) in enumerate(questions):
            commands.append(Command(command, tuple(arguments), along=bool(along)))
        return await try_all(line, *questions)

    patches.enter_context(patch("warmup.daemon.reader.sign_in", signed_in))
    patches.enter_context(patch.object(_IMAP, "ask", asked))
    patches.enter_context(patch.object(_IMAP, "try_all", tried_all))


def _by_instant(sessions: list[tuple[datetime, Any]]) -> dict[datetime, list[Any]]:
    return {
        instant: [session for _, session in together] for instant, together in groupby(sessions, lambda one: one[0])
    }
