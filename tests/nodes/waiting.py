"""A submission server that only waits: it takes every message, and says so after a while.

`python -m tests.nodes.waiting SECONDS LEDGER` listens on a port of all of loopback, so that it is as many hosts as one
likes, and prints the port. What it has taken goes to the ledger, a line of JSON each, before its 250 is said; and how
many are connected to a host at once, whenever that is more than before.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TextIO

ROOT = Path(__file__).parents[2]
_ID = re.compile(rb"^message-id:\s*(\S+)", re.IGNORECASE | re.MULTILINE)


class Waiting:
    """The server, as a process. A context manager."""

    def __init__(self, seconds: float, ledger: Path) -> None:
        self._ledger = ledger
        ledger.touch()
        self._process = subprocess.Popen(
            (sys.executable, "-m", "tests.nodes.waiting", str(seconds), str(ledger)),
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def entries(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self._ledger.read_text().splitlines(keepends=True) if line.endswith("\n")]

    @property
    def accepted(self) -> list[dict[str, Any]]:
        return [entry for entry in self.entries if entry["event"] == "accepted"]

    @property
    def at_once(self) -> dict[str, int]:
        """The most that were connected at once, by host."""
        return {entry["host"]: entry["peers"] for entry in self.entries if entry["event"] == "more"}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()


class _Server:
    def __init__(self, seconds: float, ledger: TextIO) -> None:
        self._seconds = seconds
        self._ledger = ledger
        self._peers: Counter[str] = Counter()
        self._most: Counter[str] = Counter()

    async def serve(self) -> None:
        server = await asyncio.start_server(self._meet, "0.0.0.0", 0, backlog=1000)
        print(server.sockets[0].getsockname()[1], flush=True)
        async with server:
            await server.serve_forever()

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host: str = writer.get_extra_info("sockname")[0]
        self._peers[host] += 1
        if self._peers[host] > self._most[host]:
            self._most[host] = self._peers[host]
            self._write(event="more", host=host, peers=self._peers[host])
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                await self._talk(reader, writer)
        finally:
            self._peers[host] -= 1
            writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 waiting.test ESMTP\r\n")
        sender = ""
        while line := await reader.readline():
            match line[:4].upper():
                case b"EHLO":
                    writer.write(b"250-waiting.test\r\n250-AUTH PLAIN\r\n250 8BITMIME\r\n")
                case b"AUTH":
                    writer.write(b"235 2.7.0 come in\r\n")
                case b"MAIL":
                    sender = line.partition(b"<")[2].partition(b">")[0].decode()
                    writer.write(b"250 2.1.0 ok\r\n")
                case b"DATA":
                    writer.write(b"354 go on\r\n")
                    text = await reader.readuntil(b"\r\n.\r\n")
                    await asyncio.sleep(self._seconds)  # what it is for
                    found = _ID.search(text)
                    assert found is not None
                    self._write(event="accepted", message_id=found[1].decode(), sender=sender)
                    writer.write(b"250 2.0.0 taken\r\n")
                case b"QUIT":
                    writer.write(b"221 2.0.0 bye\r\n")
                    return
                case _:
                    writer.write(b"250 2.0.0 ok\r\n")
            await writer.drain()

    def _write(self, **entry: object) -> None:
        self._ledger.write(json.dumps(entry) + "\n")
        self._ledger.flush()


if __name__ == "__main__":
    with Path(sys.argv[2]).open("a") as ledger:
        asyncio.run(_Server(float(sys.argv[1]), ledger).serve())
