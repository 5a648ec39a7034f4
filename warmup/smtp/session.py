"""A submission: sign in once, then send message after message, stage by stage.

Owns: the order of commands, one authentication mechanism, deadlines per stage, framing a message.
Does not own: the wire (`warmup.smtp.line`), what a server can take (`warmup.smtp.offer`).
Sources: RFC 5321 §3.3, §4.1.1 (commands), §4.5.2 (dots), §4.5.3.1.4 (length of a command), §4.5.3.2 (deadlines);
RFC 4954 and RFC 4616 (AUTH PLAIN), RFC 3207 (STARTTLS), RFC 8314.
"""

from __future__ import annotations

import ssl
from base64 import b64encode
from dataclasses import dataclass

from warmup.address import wire
from warmup.errors import NotSent, SignInError
from warmup.model import Bearer, Endpoint, Response, Security, Stage
from warmup.sasl import Proof, proof

from .answer import answer
from .line import Line
from .offer import Offer

_COMMAND = 512  # octets of a command with its CRLF, which AUTH with an initial response mustn't pass (RFC 4954 §4)


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """Seconds to wait for a server: RFC 5321 §4.5.3.2, where that has a word to say."""

    connect: float = 30.0  # for TCP; as many again for TLS
    command: float = 300.0  # the greeting, EHLO, STARTTLS, AUTH, MAIL, RCPT and RSET, each
    data: float = 120.0  # the answer to DATA
    dot: float = 600.0  # the message, and the answer to its final dot; the server is to hurry, we are to wait
    quit: float = 5.0  # politeness


async def dial(
    endpoint: Endpoint,
    login: str,
    secret: str | Bearer,
    *,
    hello: str,
    tls: ssl.SSLContext,
    timeouts: Timeouts,
    source: str | None = None,
) -> Session | Response:
    """A session signed in as `login`, or the server's refusal at CONNECT, TLS, EHLO or AUTH (the line is closed then).

    `hello` is the ASCII name or address literal we give in EHLO, `source` the address to dial from, if it matters.
    There is no falling back: not to HELO, not to another mechanism, not to the clear. A server that offers neither
    PLAIN nor LOGIN (for a token neither OAUTHBEARER nor XOAUTH2) is answered for with 504 5.5.4 at AUTH, its text
    ending in "(not sent)".

    Raises `NotSent` when the line breaks, the certificate isn't trusted or STARTTLS isn't offered, `Unbound` if this
    machine hasn't got the `source`; `SignInError`, before dialling, when the password would go in the clear to another
    machine.
    """
    if endpoint.security is Security.PLAIN and not endpoint.loopback:
        raise SignInError(f"{endpoint}: a password isn't sent without TLS except to this machine; use tls or starttls")
    line = await Line.connect(endpoint, tls, timeouts.connect, source)
    try:
        outcome = await _introduce(line, endpoint, login, secret, hello=hello, tls=tls, timeouts=timeouts)
        if isinstance(outcome, Response):
            await line.quit(timeouts.quit)
    except BaseException:
        line.drop()
        raise
    return outcome


class Session:
    """A connection signed in, on which messages are sent one after the other by one task.

    After `NotSent`, `Uncertain`, a 421 or a cancellation it is closed and no longer `usable`.
    """

    def __init__(self, line: Line, offer: Offer, timeouts: Timeouts) -> None:
        self._line = line
        self._offer = offer
        self._timeouts = timeouts
        self._open = False  # whether the server holds a transaction that has come to nothing

    @property
    def usable(self) -> bool:
        """The connection is alive and the server hasn't spoken since its last answer (an idle 421). Ask before the
        next message.
        """
        return self._line.usable

    async def envelope(self, sender: str, recipient: str, message: bytes) -> Response:
        """MAIL and RCPT: the first refusal, or the answer to RCPT. Nothing of the message goes out.

        What the server couldn't take isn't offered to it; the Response then is at MAIL, with a text ending in
        "(not sent)": 552 5.3.4 longer than its SIZE, 553 5.6.7 a non-ASCII local part without SMTPUTF8, 554 5.6.3
        8-bit octets without 8BITMIME. Raises `NotSent` when the line breaks.
        """
        sender, recipient = wire(sender), wire(recipient)
        refusal = self._offer.refusal(sender, recipient, message) or await self._reset()
        if refusal is not None:
            return refusal
        seconds = self._timeouts.command
        mail = b"FROM:<%s>" % sender.encode()
        parameters = self._offer.parameters(sender, recipient, message)
        said = await self._line.ask(Stage.MAIL, b"MAIL", mail, *parameters, seconds=seconds)
        if not said.positive:
            return said
        self._open = True
        return await self._line.ask(Stage.RCPT, b"RCPT", b"TO:<%s>" % recipient.encode(), seconds=seconds)

    async def data(self, message: bytes) -> Response:
        """DATA, then the message: its refusal at DATA, when nothing has gone out, or the answer to the final dot.

        To be called after a positive `envelope` only. Raises `NotSent` if the line breaks before the message goes
        out, `Uncertain` after that; ValueError if the message isn't made of CRLF lines (RFC 5321 §2.3.8).
        """
        assert self._open, "DATA follows an accepted envelope"
        stuffed = _stuffed(message)
        said = await self._line.ask(Stage.DATA, b"DATA", seconds=self._timeouts.data, wants=(3,))
        if not said.positive:
            return said
        said = await self._line.message(stuffed, self._timeouts.dot)
        self._open = not said.positive
        return said

    async def close(self) -> None:
        """Say goodbye and hang up. Never fails: what went before isn't changed by it."""
        await self._line.quit(self._timeouts.quit)

    async def _reset(self) -> Response | None:
        """Put away what a refusal left open. None: done; a Response: the server's 421."""
        if not self._open:
            return None
        said = await self._line.ask(Stage.MAIL, b"RSET", seconds=self._timeouts.command)
        if said.positive:
            self._open = False
            return None
        if said.code == 421:
            return said
        # RSET can't be refused (RFC 5321 §4.1.1.5), and the next message isn't to blame.
        self._line.drop()
        raise NotSent(Stage.MAIL, f"RSET was answered {said.code}")


async def _introduce(
    line: Line,
    endpoint: Endpoint,
    login: str,
    secret: str | Bearer,
    *,
    hello: str,
    tls: ssl.SSLContext,
    timeouts: Timeouts,
) -> Session | Response:
    seconds = timeouts.command
    said = await line.greeting(seconds)
    if not said.positive:
        return said
    offer = await _hello(line, hello, seconds)
    if isinstance(offer, Offer) and endpoint.security is Security.STARTTLS:
        if not offer.starttls:
            raise NotSent(Stage.TLS, f"{endpoint.host} offers no STARTTLS, and nothing goes in the clear")
        said = await line.starttls(tls, seconds)
        if not said.positive:
            return said
        offer = await _hello(line, hello, seconds)  # what was offered in the clear doesn't count, RFC 3207 §4.2
    if isinstance(offer, Response):
        return offer
    if isinstance(secret, Bearer):
        shown = proof({mechanism.upper() for mechanism in offer.auth}, login, secret, endpoint)
        said = await _show(line, shown, seconds) if shown else _not_offered(offer, "AUTH OAUTHBEARER nor XOAUTH2")
    else:
        said = await _sign_in(line, offer, login, secret, seconds)
    return Session(line, offer, timeouts) if said.positive else said


async def _hello(line: Line, hello: str, seconds: float) -> Offer | Response:
    code, message = await line.exchange(Stage.EHLO, b"EHLO", hello.encode("ascii"), seconds=seconds)
    return Offer.parse(message) if code < 400 else answer(Stage.EHLO, code, message)


async def _sign_in(line: Line, offer: Offer, login: str, secret: str, seconds: float) -> Response:
    """Exactly one mechanism: a wrong password tried by two counts as two failures, and a 421 in between gets lost."""
    user, password = b64encode(login.encode()), b64encode(secret.encode())
    plain = b64encode(b"\0%s\0%s" % (login.encode(), secret.encode()))
    turns: tuple[tuple[int, tuple[bytes, ...]], ...]
    if "plain" in offer.auth:
        turns = ((2, (b"AUTH", b"PLAIN", plain)),)
    elif "login" in offer.auth:
        # The user name waits to be asked for: a server that overlooks it beside AUTH LOGIN would take, and log, the
        # password for it.
        turns = ((3, (b"AUTH", b"LOGIN")), (3, (user,)), (2, (password,)))
    else:
        return _not_offered(offer, "AUTH PLAIN nor LOGIN")
    hide = (secret, plain.decode(), password.decode())
    for wants, command in turns:
        said = await line.ask(Stage.AUTH, *command, seconds=seconds, wants=(wants,), hide=hide)
        if not said.positive:
            break
    return said


async def _show(line: Line, shown: Proof, seconds: float) -> Response:
    """The token, by one mechanism, once."""
    hide = (shown.bearer.token, shown.opening)
    auth: tuple[bytes, ...] = (b"AUTH", shown.mechanism.encode())
    opening = shown.opening.encode()
    if len(b" ".join((*auth, opening))) + 2 > _COMMAND:
        said = await line.ask(Stage.AUTH, *auth, seconds=seconds, wants=(3,))
        if not said.positive:
            return said
        auth = ()
    said = await line.ask(Stage.AUTH, *auth, opening, seconds=seconds, wants=(2, 3), hide=hide)
    if said.code // 100 == 3:
        said = await line.ask(Stage.AUTH, shown.surrender.encode(), seconds=seconds, wants=(), hide=hide)
    return said


def _not_offered(offer: Offer, wanted: str) -> Response:
    offered = ", ".join(sorted(offer.auth)).upper() or "none"
    text = f"the server takes neither {wanted}; it offers {offered} (not sent)"
    return Response(Stage.AUTH, 504, "5.5.4", text)


def _stuffed(message: bytes) -> bytes:
    """The message as it goes over the wire: a dot before every dot that begins a line, and the final dot (§4.5.2)."""
    lines = message.count(b"\r\n")
    if not lines == message.count(b"\r") == message.count(b"\n") or not message.endswith(b"\r\n"):
        raise ValueError("a message is made of lines that end in CRLF")
    dotted = b"." + message if message.startswith(b".") else message
    return dotted.replace(b"\r\n.", b"\r\n..") + b".\r\n"
