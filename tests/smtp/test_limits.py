"""What a server can make us keep or wait for is bounded, whatever it says and however slowly."""

from __future__ import annotations

import ssl

import pytest

from tests.hostile import Manner, dripping, endless, hostile, memory, says
from warmup.errors import NotSent
from warmup.model import Endpoint
from warmup.smtp import Timeouts, dial

from .client import SECRET

GREETING = b"220 mx.test ESMTP\r\n"
MEGABYTE = 1_000_000
FLOODS: dict[str, Manner] = {
    "endless banner": endless(b"220-welcome\r\n" * 1000),
    "endless line": endless(b"2" * 65_536),
    "a line of 10 MB": says(b"220 " + b"x" * 10 * MEGABYTE + b"\r\n"),
    "endless answer": says(GREETING, answer=endless(b"250-X-NOTHING\r\n" * 1000)),
    "an answer of a line of 10 MB": says(GREETING, b"250 " + b"x" * 10 * MEGABYTE + b"\r\n"),
}


async def lost(server: Endpoint, tls: ssl.SSLContext, seconds: float) -> str:
    timeouts = Timeouts(connect=5, command=seconds)
    with pytest.raises(NotSent) as told:
        await dial(server, "ann", SECRET, hello="client.example", tls=tls, timeouts=timeouts)
    return told.value.why


@pytest.mark.parametrize("flood", FLOODS)
async def test_a_flood_is_cut_off_before_it_fills_the_memory(trusting: ssl.SSLContext, flood: str) -> None:
    async with hostile(FLOODS[flood]) as server:
        with memory() as peak:
            assert await lost(server, trusting, 60) == "localhost doesn't speak SMTP"
    assert peak[0] < 25 * MEGABYTE  # the server of this test keeps two lines of 10


@pytest.mark.parametrize(
    "manner", [dripping, says(GREETING, answer=dripping)], ids=["in the greeting", "within an answer"]
)
async def test_a_server_that_speaks_an_octet_at_a_time_has_no_more_time_than_another(
    trusting: ssl.SSLContext, manner: Manner
) -> None:
    async with hostile(manner) as server:
        assert await lost(server, trusting, 0.3) == "no answer from localhost within 0.3 s"
