"""A server with one conversation, and the certificates of an authority that only the tests trust."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import trustme

from .server import Server

Serve = Callable[..., Awaitable[Server]]


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="session")
def trusting(authority: trustme.CA) -> ssl.SSLContext:
    """The client's context: it trusts the authority."""
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


@pytest.fixture
async def serve(authority: trustme.CA) -> AsyncIterator[Serve]:
    """Starts a server: `await serve(dialogue)`; `implicit=True` for TLS from the first byte, `name` for the host its
    certificate is for. At the end the conversation must have gone as it stands there.
    """
    servers: list[Server] = []

    async def start(dialogue: str, *, implicit: bool = False, name: str = "127.0.0.1") -> Server:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(name).configure_cert(context)
        server = Server(dialogue, context)
        servers.append(server)
        await server.start(implicit=implicit)
        return server

    yield start
    for server in servers:
        await server.stop()
