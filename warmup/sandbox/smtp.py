"""The submission server: aiosmtpd's, on the loop it is called from, with faults at every stage.

Owns: who may send as whom, and to whom; acting out faults. Does not own: where a message goes (`warmup.sandbox.post`).
Sources: RFC 5321, RFC 6409 §6.1 (own address only), RFC 4954 (AUTH), RFC 2034 (enhanced codes).
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from contextlib import suppress
from typing import Any, AnyStr, cast

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session, TLSSetupException

from warmup.model import Stage

from .faults import GARBAGE, Fault, Manner, flood
from .mail import Box
from .post import HOSTNAME, Post

SIZE = 25 * 2**20  # octets of a message: Gmail's limit
_PATIENCE = 86400.0  # seconds a client may be silent; a fault that hangs is to outlast it
_log = logging.getLogger(__name__)

# aiosmtpd's own log: several lines for every command.
logging.getLogger("mail.log").disabled = True


class Submission(SMTP):
    """One client's connection; `connections` holds it as long as it lasts."""

    AuthLoginUsernameChallenge = "Username:"
    AuthLoginPasswordChallenge = "Password:"

    def __init__(self, post: Post, starttls: ssl.SSLContext | None, connections: set[Submission]) -> None:
        super().__init__(
            _Desk(post),
            data_size_limit=SIZE,
            enable_SMTPUTF8=True,
            hostname=HOSTNAME,
            ident="ESMTP warmup sandbox",
            tls_context=starttls,
            auth_require_tls=starttls is not None,
            authenticator=lambda server, session, envelope, mechanism, credentials: AuthResult(
                success=True, auth_data=credentials
            ),
            timeout=_PATIENCE,
            loop=asyncio.get_running_loop(),
        )
        self._post = post
        self._connections = connections
        self._greeted = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._connections.add(self)

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        self._connections.discard(self)

    async def end(self) -> None:
        """Hang up, and be done with it."""
        task = self._handler_coroutine
        self._abort()
        if task is not None:
            await asyncio.wait([task])

    async def push(self, status: AnyStr) -> None:
        if not self._greeted:
            self._greeted = True
            fault = self._post.reach(Stage.CONNECT)
            if fault is not None:
                await super().push(await self.suffer(fault))
                return
        await super().push(status)

    async def suffer(self, fault: Fault) -> str:
        """What a fault has us say. In all manners but `answer` it is acted out, and this never returns."""
        said = fault.say.replace("\n", "\r\n")
        match fault.acts:
            case Manner.ANSWER:
                return said
            case Manner.CLOSE:
                await self.push(said)
                assert self.transport is not None
                self.transport.close()
            case Manner.DROP | Manner.LOST:
                self._abort()
            case Manner.GARBAGE:
                self._writer.write(GARBAGE)
            case Manner.FLOOD:
                for piece in flood():
                    self._writer.write(piece)
                    await self._writer.drain()
        # aiosmtpd cancels us when the connection ends.
        await asyncio.get_running_loop().create_future()
        raise AssertionError("nobody answers")

    async def smtp_HELO(self, hostname: str) -> None:
        if not await self._struck(Stage.EHLO):
            await super().smtp_HELO(hostname)

    async def smtp_EHLO(self, hostname: str) -> None:
        if not await self._struck(Stage.EHLO):
            await super().smtp_EHLO(hostname)

    async def smtp_AUTH(self, arg: str) -> None:
        mechanism, *rest = (arg or "").split(" ", 1)
        await super().smtp_AUTH(" ".join([mechanism.upper(), *rest]))

    async def auth_PLAIN(self, _: Any, args: list[str]) -> AuthResult:
        return await self._admit(await super().auth_PLAIN(_, args))

    async def auth_LOGIN(self, _: Any, args: list[str]) -> AuthResult:
        return await self._admit(await super().auth_LOGIN(_, args))

    async def smtp_DATA(self, arg: str) -> None:
        envelope = self.envelope
        assert envelope is not None
        if not envelope.rcpt_tos or not await self._struck(Stage.DATA, envelope.mail_from or "", envelope.rcpt_tos):
            await super().smtp_DATA(arg)

    async def handle_exception(self, error: Exception) -> str:
        # Not the default, which repeats the exception's text to the client.
        if not isinstance(error, TLSSetupException):  # the client's decision
            _log.error("a command could not be served", exc_info=error)
        return "451 4.3.0 Local error in processing"

    async def _handle_client(self) -> None:
        with suppress(ConnectionError):  # the client left while it was spoken to
            await super()._handle_client()

    async def _struck(self, stage: Stage, sender: str = "", recipients: list[str] | None = None) -> bool:
        fault = self._post.reach(stage, sender, recipients or ())
        if fault is not None:
            await self.push(await self.suffer(fault))
        return fault is not None

    async def _admit(self, result: AuthResult) -> AuthResult:
        if result.auth_data is None:
            # The exchange came to nothing and that has been said; aiosmtpd would say it twice.
            return AuthResult(success=False, handled=True)
        login, password = (part.decode("utf-8", "replace") for part in result.auth_data)
        fault = self._post.reach(Stage.AUTH, login)
        if fault is not None:
            return AuthResult(success=False, handled=False, message=await self.suffer(fault))
        box = self._post.sign_in(login, password)
        return AuthResult(success=box is not None, handled=False, auth_data=box)

    def _abort(self) -> None:
        if self.transport is not None:
            cast(asyncio.WriteTransport, self.transport).abort()


class _Desk:
    """The answers that need thought: aiosmtpd calls these with what it has parsed."""

    def __init__(self, post: Post) -> None:
        self._post = post

    async def handle_EHLO(
        self, server: Submission, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        return [*responses[:-1], "250 ENHANCEDSTATUSCODES"]  # the last one is HELP

    async def handle_MAIL(
        self, server: Submission, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if session.auth_data is None:
            return "530 5.7.0 Authentication required"
        fault = self._post.reach(Stage.MAIL, address)
        if fault is not None:
            return await server.suffer(fault)
        if self._post.box(address) is not session.auth_data:
            return f"553 5.7.1 <{address}>: not owned by {session.auth_data.address}"
        envelope.mail_from = address
        return "250 2.1.0 Ok"

    async def handle_RCPT(
        self, server: Submission, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        fault = self._post.reach(Stage.RCPT, envelope.mail_from or "", [address])
        if fault is not None:
            return await server.suffer(fault)
        if self._post.box(address) is None:
            return f"550 5.1.1 <{address}>: no such account in the sandbox"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 Ok"

    async def handle_DATA(self, server: Submission, session: Session, envelope: Envelope) -> str:
        fault = self._post.reach(Stage.DOT, envelope.mail_from or "", envelope.rcpt_tos)
        if fault is None or fault.acts is Manner.LOST:
            self._deliver(server, session, envelope)
        if fault is not None:
            return await server.suffer(fault)
        return f"250 2.0.0 Ok: queued as {len(self._post.ledger.accepted)}"

    async def handle_RSET(self, server: Submission, session: Session, envelope: Envelope) -> str:
        return "250 2.0.0 Ok"

    async def handle_QUIT(self, server: Submission, session: Session, envelope: Envelope) -> str:
        return "221 2.0.0 Bye"

    def _deliver(self, server: Submission, session: Session, envelope: Envelope) -> None:
        message = envelope.original_content
        assert message is not None
        assert server.transport is not None
        assert isinstance(session.auth_data, Box)
        encrypted = server.transport.get_extra_info("ssl_object") is not None
        boxes = {self._post.box(address): None for address in envelope.rcpt_tos}  # each once, in their order
        for box in boxes:
            assert box is not None
            self._post.deliver(
                session.auth_data,
                box,
                message,
                hello=session.host_name or "",
                protocol="ESMTPSA" if encrypted else "ESMTPA",
            )
