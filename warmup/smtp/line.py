"""One connection to a server: ask, and be answered, in step and in time.

aiosmtplib's `SMTPProtocol` frames replies and upgrades to TLS; its `SMTP` class isn't used, because `login()` tries one
mechanism after the other, `sendmail()` and `data()` can't tell DATA from the final dot, and what a server says unasked
is dropped unseen.

A line is used by one task at a time and never after trouble: whatever breaks, cancellation included, drops it at once,
for the two sides no longer agree on whose turn it is.

Owns: connecting, deadlines, the one table of what can go wrong. Does not own: the order of commands
(`warmup.smtp.session`).
Sources: RFC 5321 §3.8 and §4.2, RFC 3207 (STARTTLS), RFC 8314 §3.3 (implicit TLS), RFC 1047 (after the final dot).
"""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import cast

from aiosmtplib import SMTPException, SMTPResponse, SMTPResponseException
from aiosmtplib.protocol import SMTPProtocol

from warmup.deadline import Deadline
from warmup.errors import NotSent, Unbound, Uncertain
from warmup.model import Endpoint, Response, Security, Stage
from warmup.tls import failed

from .answer import answer

# The end of a reply: a line whose code isn't followed by "-" (RFC 5321 §4.2.1).
_LAST_LINE = re.compile(rb"^\d{3}(?!-).*\n", re.MULTILINE)
_HEARD = 65536  # octets remembered since our last turn; any reply is shorter, and aiosmtplib refuses longer ones

# What can go wrong, and how it is told: the first row that fits. Nothing a server said is in here, since a server may
# repeat a secret.
_TROUBLE: tuple[tuple[type[BaseException], str], ...] = (
    (ssl.SSLCertVerificationError, "the certificate of {host} isn't trusted: {error.verify_message}"),
    (ssl.SSLError, "no TLS with {host}: {error.reason}"),
    (socket.gaierror, "{host} has no address: {error.strerror}"),
    (ConnectionRefusedError, "{host} refuses connections"),
    (ConnectionAbortedError, "no TLS with {host} within {seconds:g} s"),  # what asyncio makes of a slow handshake
    (ConnectionError, "{host} closed the connection"),  # aiosmtplib's SMTPServerDisconnected is one
    (TimeoutError, "no answer from {host} within {seconds:g} s"),  # and so is its SMTPTimeoutError
    (SMTPResponseException, "{host} doesn't speak SMTP"),
    (Exception, "{host} can't be reached: {error}"),
)

# What getaddrinfo says of a name that has addresses, of another family alone.
_NOT_OF_THE_FAMILY = {getattr(socket, name, None) for name in ("EAI_ADDRFAMILY", "EAI_NODATA")}
_UNBOUND = (
    "the source address {source} can't be used on this machine: {error.strerror}; give it to an interface, or name "
    "another: warmup mailbox set ADDRESS --source IP"
)


def _why(error: BaseException, host: str, seconds: float) -> str:
    words = next(words for kind, words in _TROUBLE if isinstance(error, kind))
    return words.format(host=host, seconds=seconds, error=error)


def _family(source: str) -> socket.AddressFamily:
    """The family of an address that can be bound here. Tried before dialling, for asyncio tells a bind that failed in
    the same words as a host that can't be reached.
    """
    family = socket.AF_INET6 if ":" in source else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as trial:
            trial.bind((source, 0))
    except OSError as error:
        raise Unbound(Stage.CONNECT, _UNBOUND.format(source=source, error=error)) from error
    return family


class _Wire(SMTPProtocol):
    """aiosmtplib's protocol, which drops what the server says unasked; this one remembers having heard it. It also has
    one clock for all turns, where aiosmtplib sets one for each.
    """

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        super().__init__(loop)
        self._heard = bytearray()
        self.deadline = Deadline(loop, self._passed)
        self.late = False  # the server was, and the connection is no more

    def _passed(self) -> None:
        self.late = True
        self.drop()

    def connection_lost(self, exc: Exception | None) -> None:
        self.deadline.stop()
        super().connection_lost(exc)

    def drop(self) -> None:
        """Hang up without a word, and without sending what is still waiting to be sent."""
        if self.transport is not None:
            cast(asyncio.WriteTransport, self.transport).abort()

    def data_received(self, data: bytes) -> None:
        if len(self._heard) < _HEARD:
            self._heard += data
        super().data_received(data)

    @property
    def in_step(self) -> bool:
        """Connected, and since our last turn exactly one reply has come."""
        ends = _LAST_LINE.search(self._heard)
        return self.is_connected and ends is not None and ends.end() == len(self._heard)

    def turn(self) -> None:
        """It is our turn: forget what has been heard."""
        self._heard.clear()


class Line:
    """A connection on which we speak by turns. Every verb ends within its `seconds`.

    All of them give the server's answer, raise `NotSent` (after the final dot `Uncertain`) when the line breaks, when
    the answer makes no sense or isn't in time; then, and after a 421, the line is dropped.
    """

    def __init__(self, wire: _Wire, host: str) -> None:
        self._wire = wire
        self._host = host

    @classmethod
    async def connect(cls, endpoint: Endpoint, tls: ssl.SSLContext, seconds: float, source: str | None = None) -> Line:
        """A line to `endpoint`, in TLS from the first byte if that is its security. `seconds` for TCP, and as many
        again for TLS. With a `source`, an IP address, from that one. Raises `Unbound` if this machine hasn't got it.
        """
        implicit = endpoint.security is Security.TLS
        family = _family(source) if source else socket.AF_UNSPEC
        try:
            async with asyncio.timeout(2 * seconds if implicit else seconds):
                _, wire = await asyncio.get_running_loop().create_connection(
                    _Wire,
                    endpoint.host,
                    endpoint.port,
                    family=family,
                    local_addr=(source, 0) if source else None,
                    ssl=tls if implicit else None,
                    ssl_handshake_timeout=seconds if implicit else None,
                )
        except (OSError, UnicodeError) as error:
            if source and isinstance(error, socket.gaierror) and error.errno in _NOT_OF_THE_FAMILY:
                raise Unbound(Stage.CONNECT, f"{endpoint.host} has no address that {source} could dial") from error
            # A TCP connection that fails is refused or times out; one that is reset or aborted had been made.
            shaking = implicit and isinstance(error, ssl.SSLError | ConnectionResetError | ConnectionAbortedError)
            if shaking:
                failed(tls, endpoint.host)
            stage = Stage.TLS if shaking else Stage.CONNECT
            raise NotSent(stage, _why(error, endpoint.host, seconds)) from error
        return cls(wire, endpoint.host)

    @property
    def usable(self) -> bool:
        """Connected, and the server has said nothing since its last answer, such as an idle 421."""
        return self._wire.in_step

    async def greeting(self, seconds: float) -> Response:
        """What the server says first."""
        with self._careful(Stage.CONNECT, seconds):
            reply = await self._wire.read_response()
        return answer(Stage.CONNECT, *self._sensible(Stage.CONNECT, reply))

    async def ask(
        self, stage: Stage, *command: bytes, seconds: float, wants: tuple[int, ...] = (2,), hide: tuple[str, ...] = ()
    ) -> Response:
        """The answer to a command, whose code begins with one of `wants`, 4 or 5. `hide`: what its text mustn't say."""
        code, message = await self.exchange(stage, *command, seconds=seconds, wants=wants)
        for secret in hide:
            message = message.replace(secret, "…")
        return answer(stage, code, message)

    async def exchange(
        self, stage: Stage, *command: bytes, seconds: float, wants: tuple[int, ...] = (2,)
    ) -> SMTPResponse:
        """As `ask`, with the lines of the reply as they came, parted by LF."""
        with self._careful(stage, seconds):
            self._turn(stage)
            reply = await self._wire.execute_command(*command)
        return self._sensible(stage, reply, wants)

    async def starttls(self, tls: ssl.SSLContext, seconds: float) -> Response:
        """The answer to STARTTLS; if it is positive, the line is in TLS. `seconds` for each of the two."""
        wants: tuple[int, ...]
        with self._careful(Stage.TLS, seconds):
            self._wire.deadline.met()  # aiosmtplib keeps the time of both
            self._turn(Stage.TLS)
            try:
                reply = await self._wire.start_tls(tls, server_hostname=self._host, timeout=seconds)
            except SMTPResponseException as refused:
                reply, wants = SMTPResponse(refused.code, refused.message), ()
            except (SMTPException, OSError):
                failed(tls, self._host)
                raise
            else:
                wants = (2,)
        return answer(Stage.TLS, *self._sensible(Stage.TLS, reply, wants))

    async def message(self, stuffed: bytes, seconds: float) -> Response:
        """The answer to a message with its final dot, after DATA was answered by 354."""
        with self._careful(Stage.DOT, seconds):
            self._turn(Stage.DOT)
            self._wire.write(stuffed)  # raises only if nothing has been written
        with self._careful(Stage.DOT, seconds, Uncertain):
            reply = await self._wire.read_response()
        return answer(Stage.DOT, *self._sensible(Stage.DOT, reply, lost=Uncertain))

    async def quit(self, seconds: float) -> None:
        """Say goodbye, and hang up whatever comes of it: a QUIT that fails has never unsent a message."""
        if self.usable:
            with suppress(NotSent):
                await self.ask(Stage.CONNECT, b"QUIT", seconds=seconds)
        self.drop()

    def drop(self) -> None:
        """As `_Wire.drop`."""
        self._wire.drop()

    def _turn(self, stage: Stage) -> None:
        if not self._wire.in_step:
            raise NotSent(stage, f"{self._host} closed the connection or spoke out of turn")
        self._wire.turn()

    @contextmanager
    def _careful(self, stage: Stage, seconds: float, lost: type[NotSent | Uncertain] = NotSent) -> Iterator[None]:
        self._wire.deadline.within(seconds)
        try:
            yield
        except (SMTPException, OSError) as error:
            self.drop()
            why = TimeoutError() if self._wire.late else error
            # Not chained: aiosmtplib's exceptions quote the server, and a server may repeat a secret.
            raise lost(stage, _why(why, self._host, seconds)) from None
        except BaseException:
            self.drop()
            raise
        self._wire.deadline.met()

    def _sensible(
        self,
        stage: Stage,
        reply: SMTPResponse,
        wants: tuple[int, ...] = (2,),
        lost: type[NotSent | Uncertain] = NotSent,
    ) -> SMTPResponse:
        kind = reply.code // 100
        if reply.code == 421 or kind not in {*wants, 4, 5}:
            self.drop()
        if kind not in {*wants, 4, 5}:
            raise lost(stage, f"{self._host} answered {reply.code}, which makes no sense here")
        return reply
