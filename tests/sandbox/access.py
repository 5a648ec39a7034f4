"""What the tests say to the IMAP server."""

from __future__ import annotations

import asyncio
import imaplib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from warmup.sandbox import Sandbox

from .conftest import BOB, SECRET, dialled, message, submit

Talk = Callable[[imaplib.IMAP4], Any]


@contextmanager
def client(sandbox: Sandbox, user: str = BOB) -> Iterator[imaplib.IMAP4]:
    with imaplib.IMAP4(sandbox.imap.host, sandbox.imap.port, timeout=5) as access:
        access.login(user, SECRET)
        yield access


async def talk(sandbox: Sandbox, *talks: Talk, select: str | None = "INBOX") -> list[Any]:
    """What an imaplib client, signed in as Bob, gets to hear."""

    def run() -> list[Any]:
        with client(sandbox) as access:
            if select is not None:
                access.select(select)
            return [one(access) for one in talks]

    return await asyncio.to_thread(run)


async def delivered(sandbox: Sandbox, *numbers: int) -> None:
    await asyncio.to_thread(submit, sandbox, *(message(number) for number in numbers))


async def raw(sandbox: Sandbox, *lines: bytes, user: str = BOB) -> list[bytes]:
    """The answers to lines sent one by one, each up to the one that ends it: tagged, or a request to go on."""
    heard = []
    async with dialled(sandbox.imap) as (reader, writer):
        for line in [f'x LOGIN {user} "{SECRET}"'.encode(), *lines]:
            writer.write(line + b"\r\n")
            answer = part = b""
            ends = (line.partition(b" ")[0] + b" ", b"+ ", b"* BAD", b"* BYE internal")
            while (part := await reader.readline()) and not part.startswith(ends):
                answer += part
            heard.append(answer + part)
    return heard[1:]
