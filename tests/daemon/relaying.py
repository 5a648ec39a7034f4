"""A second submission server, at another address of this machine, with the boxes of a world."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

from warmup.model import Endpoint, Security
from warmup.sandbox import Fault
from warmup.sandbox.faults import Faults
from warmup.sandbox.mail import Box
from warmup.sandbox.post import Post
from warmup.sandbox.smtp import Submission

from .world import World

OWN, OTHER = "127.0.0.1", "127.0.0.2"  # where the world's own server is, and this one


class Relaying(Post):
    """The world's boxes and its ledger, behind a server with faults of its own."""

    def __init__(self, world: World, faults: Sequence[Fault]) -> None:
        home = world.servers
        super().__init__(world.accounts, world.clock.now, home.ledger, Faults(faults, world.clock.now), 0.0)
        self._home = home
        self.endpoint = Endpoint(OTHER, 0, Security.PLAIN)
        self.peers: list[str] = []  # who connected
        self.at: list[datetime] = []  # when
        self.taking = False  # a message, just now

    def box(self, address: str) -> Box | None:
        try:
            return self._home.box(address.lower())
        except KeyError:
            return None

    def deliver(self, sender: Box, recipient: Box, message: bytes, *, hello: str, protocol: str) -> None:
        self.taking = True
        try:
            super().deliver(sender, recipient, message, hello=hello, protocol=protocol)
        finally:
            self.taking = False


class _Door(Submission):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(self._post, Relaying)
        self._post.peers.append(transport.get_extra_info("peername")[0])
        self._post.at.append(self._post.clock())
        super().connection_made(transport)


@asynccontextmanager
async def relaying(world: World, faults: Sequence[Fault] = ()) -> AsyncIterator[Relaying]:
    post = Relaying(world, faults)
    connections: set[Submission] = set()
    server = await asyncio.get_running_loop().create_server(lambda: _Door(post, None, connections), OTHER, 0)
    post.endpoint = Endpoint(OTHER, server.sockets[0].getsockname()[1], Security.PLAIN)
    try:
        yield post
    finally:
        server.close()
        for connection in tuple(connections):
            await connection.end()
        await server.wait_closed()
