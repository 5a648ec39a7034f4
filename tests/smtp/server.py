"""An SMTP server that says what its script tells it to, over a real loopback socket."""

from __future__ import annotations

import asyncio
import ssl
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from warmup.model import Endpoint, Security


@dataclass(frozen=True)
class Say:
    """One turn of the server: some lines (parted by LF; none: silence), and perhaps the end of the connection."""

    text: str = ""
    close: bool = False


SILENCE = Say()
DROP = Say(close=True)

OFFER = "250-mx.example\n250-SIZE 100000\n250-8BITMIME\n250-SMTPUTF8\n250-STARTTLS\n250 AUTH PLAIN LOGIN CRAM-MD5"
SCRIPT: Mapping[str, str | Say | list[str | Say]] = {
    "CONNECT": "220 mx.example ESMTP",
    "EHLO": OFFER,
    "STARTTLS": "220 2.0.0 go on",
    "AUTH": "235 2.7.0 welcome",
    "MAIL": "250 2.1.0 fine",
    "RCPT": "250 2.1.5 fine",
    "DATA": "354 go on",
    "DOT": "250 2.0.0 queued",
    "RSET": "250 2.0.0 forgotten",
    "QUIT": "221 2.0.0 bye",
}


class Server:
    """Plays `script`: what to say to each verb (and at CONNECT and DOT), in turn where it is a list."""

    def __init__(self, script: Mapping[str, str | Say | list[str | Say]], tls: ssl.SSLContext | None) -> None:
        self.script = {**SCRIPT, **script}
        self.heard: list[str] = []  # the commands, as they came
        self.peers: list[str] = []  # the addresses that connected
        self.messages: list[bytes] = []  # as they came over the wire, without the final dot
        self.reached: dict[str, asyncio.Event] = {verb: asyncio.Event() for verb in self.script}
        self.hung_up = asyncio.Event()
        self.port = 0
        self._tls = tls
        self._turns: Counter[str] = Counter()
        self._writers: list[asyncio.StreamWriter] = []
        self._server: asyncio.Server | None = None

    async def start(self, *, implicit: bool) -> None:
        self._server = await asyncio.start_server(
            self._serve, "127.0.0.1", 0, ssl=self._tls if implicit else None, limit=2**20
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        for writer in self._writers:
            writer.transport.abort()
        await self._server.wait_closed()

    def endpoint(self, security: Security = Security.PLAIN, host: str = "127.0.0.1") -> Endpoint:
        return Endpoint(host, self.port, security)

    def blurt(self, line: str) -> None:
        """Say something that nobody asked for, on every connection."""
        for writer in self._writers:
            writer.write(line.encode() + b"\r\n")

    @property
    def verbs(self) -> list[str]:
        return [line.split()[0] for line in self.heard]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        self.peers.append(writer.get_extra_info("peername")[0])
        try:
            if await self._say("CONNECT", writer):
                while line := await reader.readline():
                    if not await self._command(line, reader, writer):
                        break
        except (ConnectionError, ssl.SSLError, asyncio.IncompleteReadError):
            pass  # the client hung up, which is what some tests are about
        finally:
            self.hung_up.set()
            writer.transport.abort()

    async def _command(self, line: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        self.heard.append(line.decode(errors="replace").removesuffix("\r\n"))  # a ClientHello isn't text
        verb = self.heard[-1].partition(" ")[0].upper()
        if not await self._say(verb if verb in self.script else "AUTH", writer):  # the later lines of AUTH LOGIN
            return False
        if verb == "STARTTLS" and self._said.startswith("220"):
            assert self._tls is not None
            await writer.start_tls(self._tls)
        if verb == "DATA" and self._said.startswith("354"):
            self.messages.append((await reader.readuntil(b"\r\n.\r\n")).removesuffix(b".\r\n"))
            return await self._say("DOT", writer)
        return True

    async def _say(self, verb: str, writer: asyncio.StreamWriter) -> bool:
        steps = self.script[verb]
        if isinstance(steps, list):
            steps = steps[min(self._turns[verb], len(steps) - 1)]
        self._turns[verb] += 1
        step = Say(steps) if isinstance(steps, str) else steps
        self._said = step.text
        if step.text:
            writer.write(step.text.replace("\n", "\r\n").encode("utf-8", "surrogateescape") + b"\r\n")
            await writer.drain()
        self.reached[verb].set()
        return not step.close
