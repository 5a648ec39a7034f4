"""What the tests say to a server, and the whole way of one message."""

from __future__ import annotations

import base64
import ssl

from warmup.model import Response, Security
from warmup.smtp import Session, Timeouts, dial

from .server import Server

SECRET = "correct horse battery staple"
B64_SECRET = base64.b64encode(SECRET.encode()).decode()
B64_PLAIN = base64.b64encode(f"\0ann\0{SECRET}".encode()).decode()
MESSAGE = b"From: ann@example.org\r\nSubject: hello\r\n\r\nHow are you?\r\n"
PATIENT = Timeouts(connect=5, command=5, data=5, dot=5, quit=5)


def offer(*extensions: str) -> str:
    """An answer to EHLO with these extensions and AUTH PLAIN."""
    return "\n".join(["250-mx.example", *(f"250-{extension}" for extension in extensions), "250 AUTH PLAIN"])


async def signing_in(
    server: Server,
    tls: ssl.SSLContext,
    security: Security = Security.PLAIN,
    *,
    host: str = "127.0.0.1",
    timeouts: Timeouts = PATIENT,
) -> Session | Response:
    return await dial(
        server.endpoint(security, host), "ann", SECRET, hello="client.example", tls=tls, timeouts=timeouts
    )


async def signed_in(
    server: Server, tls: ssl.SSLContext, security: Security = Security.PLAIN, *, timeouts: Timeouts = PATIENT
) -> Session:
    session = await signing_in(server, tls, security, timeouts=timeouts)
    assert isinstance(session, Session), session
    return session


async def submitted(
    session: Session,
    message: bytes = MESSAGE,
    *,
    sender: str = "ann@example.org",
    recipient: str = "bob@example.net",
) -> Response:
    """The last thing the server said about a message."""
    said = await session.envelope(sender, recipient, message)
    return await session.data(message) if said.positive else said


async def one_mail(
    server: Server, tls: ssl.SSLContext, security: Security = Security.PLAIN, *, timeouts: Timeouts = PATIENT
) -> Response:
    """Dial, send one message, close: the last thing the server said before that."""
    session = await signing_in(server, tls, security, timeouts=timeouts)
    if isinstance(session, Response):
        return session
    said = await submitted(session)
    await session.close()
    return said
