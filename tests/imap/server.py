"""An IMAP server that knows one conversation, over a real loopback socket: the dialogue is the test.

    S: * OK ready
    C: a CAPABILITY
    S: * CAPABILITY IMAP4rev1
    S: a OK done

`a` stands for the tag of a command, and they are answered in their order; `z` for that of the one that was said last;
`⟨one|two|⟩` for a literal of the lines "one" and "two"; `-- hang up`, `-- silence` (until the client hangs up) and `--
tls` are what they say. What the server says between two lines of the client is written at once. A client that says
anything else is hung up on, and its test fails.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections import deque

from warmup.model import Endpoint, Security

_LITERAL = re.compile("⟨(.*?)⟩")


class Server:
    """Plays `dialogue`, once."""

    def __init__(self, dialogue: str, tls: ssl.SSLContext) -> None:
        self.rest: deque[str] = deque()
        self.surprise = ""
        self.forgives = False  # a conversation that ends before its end
        self.stammers = False  # writes octet by octet
        self.port = 0
        self.reached: dict[str, asyncio.Event] = {}
        self.ended = asyncio.Event()
        self._tls = tls
        self._tags: deque[str] = deque()  # of what isn't answered yet
        self._tag = ""
        self._server: asyncio.Server | None = None
        self._writer: asyncio.StreamWriter | None = None
        self.goes_on(dialogue)

    def goes_on(self, dialogue: str) -> None:
        """So the conversation goes on. What depends on the port can be said only once that is known."""
        self.rest += [line.strip() for line in dialogue.splitlines() if line.strip()]
        self.reached |= {line: asyncio.Event() for line in self.rest}

    async def start(self, *, implicit: bool) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._tls if implicit else None)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Fails if the conversation went otherwise, or not to its end."""
        assert self._server is not None
        self._server.close()
        try:
            await asyncio.wait_for(self.ended.wait(), 5)
        finally:
            if self._writer is not None:
                self._writer.transport.abort()
            await self._server.wait_closed()
        assert not self.surprise, self.surprise
        # A client that hangs up while it is spoken to has ended the silence that was to follow.
        assert self.forgives or list(self.rest) in ([], ["-- silence"]), f"never came to {self.rest[0]}"

    def endpoint(self, security: Security = Security.PLAIN, host: str = "127.0.0.1") -> Endpoint:
        return Endpoint(host, self.port, security)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        try:
            while self.rest and not self.surprise:
                await self._turn(self.rest[0], reader, writer)
        except (ConnectionError, ssl.SSLError):
            pass  # the client hung up, which is what some tests are about
        finally:
            writer.transport.abort()
            self.ended.set()

    async def _turn(self, line: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        match line[:2]:
            case "S:":
                spoken = bytearray()
                while self.rest and self.rest[0].startswith("S:"):
                    spoken += self._spoken(self.rest.popleft()[3:])
                for piece in [bytes([octet]) for octet in spoken] if self.stammers else [spoken]:
                    writer.write(piece)
                    await asyncio.sleep(0)
                await writer.drain()
                return
            case "C:":
                heard = (await reader.readline()).decode("utf-8", "replace").removesuffix("\r\n")
                if line.startswith("C: a "):
                    tag, _, heard = heard.partition(" ")
                    self._tags.append(tag)
                    heard = f"a {heard}"
                if heard.rstrip() != line[3:].rstrip():
                    self.surprise = f"heard {heard!r} for {line[3:]!r}"
                    return
            case _ if line == "-- tls":
                await writer.start_tls(self._tls)
            case _ if line == "-- silence":
                self.reached[line].set()
                await reader.read()
            case _ if line == "-- hang up":
                writer.transport.abort() if not writer.can_write_eof() else writer.close()
            case _:
                raise AssertionError(f"{line!r} is no line of a dialogue")
        self.reached[line].set()
        self.rest.popleft()

    def _spoken(self, line: str) -> bytes:
        if line.startswith("a "):
            self._tag = self._tags.popleft() if self._tags else self._tag
            line = self._tag + line[1:]
        elif line.startswith("z "):
            line = self._tags.pop() + line[1:]
        pieces = _LITERAL.split(line)
        octets = pieces[0].encode("utf-8", "surrogateescape")
        for literal, plain in zip(pieces[1::2], pieces[2::2], strict=True):
            text = literal.replace("|", "\r\n").encode("utf-8", "surrogateescape")
            octets += b"{%d}\r\n%s%s" % (len(text), text, plain.encode())
        return octets + b"\r\n"
