"""One connection to a server: ask, and be answered, in step and in time.

A line is used by one task at a time and never after trouble: whatever breaks, cancellation included, drops it at once,
for the two sides no longer agree on whose turn it is.

Owns: connecting, one hard deadline per command, TLS, the one table of what can go wrong, keeping secrets out of what is
told. Does not own: framing (`warmup.imap.wire`), the order of commands (`warmup.imap.login`, `warmup.imap.access`).
Sources: RFC 3501 §6.2.1 (STARTTLS), §7.1 (OK, NO, BAD, BYE), RFC 8314 §3.2 (implicit TLS), RFC 5530 (response codes).
"""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
from collections.abc import Coroutine, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, NamedTuple

from aioimaplib import AioImapException

from warmup.errors import AccessLost, AccessRefused
from warmup.model import Endpoint, Security, Stage
from warmup.tls import failed

from .grammar import Value, read
from .wire import Command, Said, Wire

_KIND = 64  # octets in which a response says of which kind it is, a number before it
_LONGEST = 1000  # characters; real explanations are shorter, and this text is stored, logged and shown
_CODE = re.compile(rb"OK \[([^\] ]+) ([^\]]*)\]", re.IGNORECASE)

# What can go wrong, and how it is told: the first row that fits. Nothing a server said is in here.
_TROUBLE: tuple[tuple[type[BaseException], str], ...] = (
    (ssl.SSLCertVerificationError, "the certificate of {host} isn't trusted: {error.verify_message}"),
    (ssl.SSLError, "no TLS with {host}: {error.reason}"),
    (socket.gaierror, "{host} has no address: {error.strerror}"),
    (ConnectionRefusedError, "{host} refuses connections"),
    (ConnectionAbortedError, "no TLS with {host} within {seconds:g} s"),  # what asyncio makes of a slow handshake
    (ConnectionError, "{host} closed the connection"),
    (TimeoutError, "no answer from {host} within {seconds:g} s"),
    (AioImapException, "{host} doesn't speak IMAP: {error}"),
    (Exception, "{host} can't be reached: {error}"),
)


def _why(error: BaseException, host: str, seconds: float) -> str:
    words = next(words for kind, words in _TROUBLE if isinstance(error, kind))
    return words.format(host=host, seconds=seconds, error=error)


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """Seconds to wait for a server, each a guess: no RFC has a word to say about a client's patience."""

    connect: float = 30.0  # for TCP; as many again for TLS
    command: float = 120.0  # each command; a search through a folder without an index is slow
    transfer: float = 600.0  # a command that carries a whole message
    logout: float = 5.0  # politeness


class Question(NamedTuple):
    """A command such as ("UID FETCH", "7", "(FLAGS)"), to be answered within so many `seconds`."""

    stage: Stage
    words: Sequence[str]
    seconds: float

    def __repr__(self) -> str:  # where one signs in, a word is the password
        return f"Question({self.stage!r}, {self.words[:1]}, {self.seconds!r})"


class Farewell(AccessLost):
    """The server ended the session with a BYE: `why` is that, word for word."""


@dataclass(frozen=True, slots=True)
class Answer:
    """All that a server said to a command which it carried out, the tagged OK last."""

    lines: tuple[Said, ...]

    def about(self, kind: bytes) -> Iterator[list[Value]]:
        """The untagged responses of a kind, as values: `LIST`, or `FETCH` with its number before it."""
        for said in self.lines[:-1]:
            if kind in said.text[:_KIND].upper():  # most are of other kinds, and to read one takes longer than to see
                values = read(said.text, said.literals)
                if any(isinstance(word, bytes) and word.upper() == kind for word in values[:2]):
                    yield values

    @property
    def codes(self) -> dict[bytes, bytes]:
        """What stands after a name in the brackets of a status, `[UIDVALIDITY 7]`, by that name in upper case; the last
        where it is said twice.
        """
        coded = (_CODE.match(said.text) for said in self.lines if said.text[3:4] == b"[")
        return {match[1].upper(): match[2] for match in coded if match}


def granted(answer: Answer | AccessRefused) -> Answer:
    """The answer; a refusal is raised."""
    if isinstance(answer, AccessRefused):
        raise answer
    return answer


class Line:
    """A connection on which we speak by turns. Every verb ends within its `seconds`.

    All of them give the server's answer, raise `AccessRefused` with its NO or BAD word for word, `Farewell` with its
    BYE, or `AccessLost` when the line breaks, when the answer makes no sense or isn't in time. After all but a refusal
    the line is dropped.
    """

    def __init__(self, wire: Wire, host: str) -> None:
        self._wire = wire
        self._host = host
        self._secrets: tuple[str, ...] = ()
        self.throttled = False  # the server has said that it is slow on purpose, as Gmail does in an OK

    @classmethod
    async def connect(cls, endpoint: Endpoint, tls: ssl.SSLContext, seconds: float) -> Line:
        """A line to `endpoint`, in TLS from the first byte if that is its security. `seconds` for TCP, and as many
        again for TLS.
        """
        implicit = endpoint.security is Security.TLS
        try:
            async with asyncio.timeout(2 * seconds if implicit else seconds):
                _, wire = await asyncio.get_running_loop().create_connection(
                    Wire,
                    endpoint.host,
                    endpoint.port,
                    ssl=tls if implicit else None,
                    ssl_handshake_timeout=seconds if implicit else None,
                )
        except (OSError, UnicodeError) as error:
            # A TCP connection that fails is refused or times out; one that is reset or aborted had been made.
            shaking = implicit and isinstance(error, ssl.SSLError | ConnectionResetError | ConnectionAbortedError)
            if shaking:
                failed(tls, endpoint.host)
            stage = Stage.TLS if shaking else Stage.CONNECT
            raise AccessLost(stage, _why(error, endpoint.host, seconds)) from error
        return cls(wire, endpoint.host)

    @property
    def usable(self) -> bool:
        """Connected, in step, and not about to be closed by the server."""
        return self._wire.broken is None and self._wire.farewell is None

    def hide(self, *secrets: str) -> None:
        """What mustn't stand in any text from now on: a server may repeat it at any time."""
        self._secrets = tuple(sorted(filter(None, secrets), key=len, reverse=True))

    async def greeting(self, seconds: float) -> Answer:
        """What the server says first."""
        wire = self._wire
        question = Question(Stage.CONNECT, (), seconds)
        return granted(*await self._answers([question], [wire.greeting], wire.greeted(seconds)))

    async def ask(
        self, stage: Stage, command: str, *arguments: str, owed: Iterable[bytes] = (), seconds: float
    ) -> Answer:
        """The answer to a command such as "UID FETCH"; what is `owed` goes out piece by piece as the server asks."""
        return granted(*await self._ask([Question(stage, (command, *arguments), seconds)], owed))

    async def ask_all(self, *questions: Question) -> list[Answer]:
        """As `try_all`; the first refusal is raised, once all are answered."""
        return [granted(answer) for answer in await self.try_all(*questions)]

    async def try_all(self, *questions: Question) -> list[Answer | AccessRefused]:
        """The answers to commands that are said at once, which saves turns (RFC 3501 §5.5), or their refusals. Each is
        carried out even if one before it is refused.
        """
        return await self._ask(questions)

    async def starttls(self, tls: ssl.SSLContext, seconds: float) -> None:
        """From here on in TLS; what the server said before is to be forgotten. `seconds` for each of the two steps."""
        await self.ask(Stage.TLS, "STARTTLS", seconds=seconds)
        wire = self._wire
        try:
            assert wire.transport is not None
            wire.transport = await asyncio.get_running_loop().start_tls(
                wire.transport, wire, tls, server_hostname=self._host, ssl_handshake_timeout=seconds
            )
        except OSError as error:
            self.drop()
            failed(tls, self._host)
            raise AccessLost(Stage.TLS, _why(error, self._host, seconds)) from error
        except BaseException:
            self.drop()
            raise

    async def close(self, seconds: float) -> None:
        """Say goodbye, and hang up whatever comes of it."""
        if self.usable:
            with suppress(AccessLost, AccessRefused):
                await self.ask(Stage.CONNECT, "LOGOUT", seconds=seconds)
        self.drop()

    def drop(self) -> None:
        """Hang up without a word."""
        self._wire.drop()

    async def _ask(self, questions: Sequence[Question], owed: Iterable[bytes] = ()) -> list[Answer | AccessRefused]:
        if not self.usable:
            raise self._lost(questions[0], ConnectionResetError())
        commands = [self._command(*question.words, seconds=question.seconds) for question in questions]
        return await self._answers(questions, commands, self._wire.execute(*commands, owed=owed))

    def _command(self, words: str, *arguments: str, seconds: float) -> Command:
        prefix, _, name = words.rpartition(" ")
        return Command(name, self._wire.new_tag(), *arguments, prefix=prefix or None, seconds=seconds)

    async def _answers(
        self, questions: Sequence[Question], commands: Sequence[Command], asking: Coroutine[Any, Any, None]
    ) -> list[Answer | AccessRefused]:
        lost: Exception | None = None
        try:
            await asking
        except (AioImapException, OSError) as error:
            self.drop()
            lost = error
        except BaseException:
            self.drop()
            raise
        answers: list[Answer | AccessRefused] = []
        for question, command in zip(questions, commands, strict=True):
            if lost is not None and not command.answered:
                for before in answers:
                    granted(before)  # a refusal tells more than that the server hung up after it
                raise self._lost(question, lost)  # not chained: aioimaplib's exceptions hold the command
            answers.append(self._answer(question, command))
        return answers

    def _answer(self, question: Question, command: Command) -> Answer | AccessRefused:
        last = command.said[-1].text
        match last.partition(b" ")[0].upper():
            case b"OK":
                self.throttled |= b"[THROTTLED]" in last.upper()
                return Answer(tuple(command.said))
            case b"BYE":
                self.drop()
                raise Farewell(question.stage, self._told(last))
            case _:
                return AccessRefused(question.stage, self._told(last))

    def _lost(self, question: Question, error: BaseException) -> AccessLost:
        if self._wire.farewell is not None:
            return Farewell(question.stage, self._told(self._wire.farewell))
        return AccessLost(question.stage, _why(error, self._host, question.seconds))

    def _told(self, text: bytes) -> str:
        """What a server said, fit to be stored and shown: without secrets, and without what a terminal would obey."""
        told = text.decode("utf-8", "replace")
        for secret in self._secrets:
            told = told.replace(secret, "…")
        return " ".join("".join(sign if sign.isprintable() else " " for sign in told).split())[:_LONGEST]
