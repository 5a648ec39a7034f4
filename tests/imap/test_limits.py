"""What a server can make us keep, look at or wait for is bounded, whatever it says and however slowly."""

from __future__ import annotations

import asyncio
import ssl

import pytest

from tests.hostile import Manner, dripping, endless, hostile, memory, says
from warmup.errors import AccessLost
from warmup.imap import Access, Timeouts, sign_in
from warmup.imap.wire import _LINE
from warmup.model import Endpoint, Response

from .client import LABEL, LOGOUT, SECRET, fetched, header, newest, selected, session, signed_in
from .conftest import Serve

READY = b"* OK ready\r\n"
MEGABYTE = 1_000_000
ANSWER = 6 * MEGABYTE  # in place of 40, so that it doesn't take so long
TENTH = Timeouts(connect=5, command=0.3, transfer=0.3, logout=0.3)

FLOODS: dict[str, tuple[Manner, int]] = {
    "endless line": (says(READY, answer=endless(b"x" * 65_536)), 3 * _LINE),
    "a literal that is too long": (says(READY, b"* LIST {%d}\r\n" % (ANSWER + 1)), MEGABYTE),
    "literals without end": (says(READY, answer=endless(b"* LIST {65536}\r\n" + b"x" * 65_536)), 2 * ANSWER),
    "endless untagged lines": (says(READY, answer=endless(b"* 1 EXISTS\r\n" * 5000)), 2 * ANSWER),
    "endless greeting": (endless(b"* OK [X] hello\r\n" * 5000), 2 * ANSWER),
}


async def lost(server: Endpoint, tls: ssl.SSLContext, timeouts: Timeouts) -> str:
    with pytest.raises(AccessLost) as told:
        await sign_in(server, "ann", SECRET, tls=tls, timeouts=timeouts)
    return told.value.why


@pytest.mark.parametrize("flood", FLOODS)
async def test_a_flood_is_cut_off_before_it_fills_the_memory(
    trusting: ssl.SSLContext, flood: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("warmup.imap.wire._ANSWER", ANSWER)
    manner, most = FLOODS[flood]
    async with hostile(manner) as server:
        with memory() as peak:
            assert "doesn't speak IMAP" in await lost(server, trusting, Timeouts(connect=60, command=60))
    assert peak[0] < most


async def test_many_large_answers_at_once_are_no_more_than_a_few(
    trusting: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("warmup.imap.wire._MUCH", 100_000)
    flood = says(READY, b"* LIST {390000}\r\n" + b"x" * 300_000)  # and then nothing
    async with hostile(flood) as server:
        told = await asyncio.gather(*(lost(server, trusting, Timeouts(command=1)) for _ in range(20)))
    many = "localhost doesn't speak IMAP: a large answer, and too many others at this moment"
    assert sorted(told) == [*[many] * 15, *["no answer from localhost within 1 s"] * 5]
    access = await sign_in_somewhere(trusting)
    assert isinstance(access, Response)


async def sign_in_somewhere(tls: ssl.SSLContext) -> Access | Response:
    """The places that large answers had are free again."""
    large = says(b"* OK ready\r\n", b"* LIST {150000}\r\n" + b"x" * 150_000 + b"\r\na NO go away\r\n")
    async with hostile(large) as server:
        return await sign_in(server, "ann", SECRET, tls=tls, timeouts=Timeouts(logout=0.1))


@pytest.mark.parametrize(
    "manner", [dripping, says(READY, answer=dripping)], ids=["in the greeting", "within an answer"]
)
async def test_a_server_that_speaks_an_octet_at_a_time_has_no_more_time_than_another(
    trusting: ssl.SSLContext, manner: Manner
) -> None:
    async with hostile(manner) as server:
        assert await lost(server, trusting, TENTH) == "no answer from localhost within 0.3 s"


async def test_a_search_that_finds_100_000_messages_costs_few_looks(serve: Serve, trusting: ssl.SSLContext) -> None:
    found = " ".join(map(str, range(1, 100_001)))
    pages = [*(range(at, at + 100) for at in (1, 101)), [*range(201, 251), *range(99_751, 99_801)]]
    pages += [range(at, at + 100) for at in (99_801, 99_901)]
    looked = "".join(fetched(",".join(map(str, page))) for page in pages[:4])
    last = fetched(",".join(map(str, pages[4])), header(100_000, "<a@x>"))
    rest = f"""
        {selected("EXAMINE", "INBOX", exists=100_000)}
        C: a UID SEARCH HEADER Message-ID "<a@x>"
        S: * SEARCH {found}
        S: a OK done
        {looked}
        {last}
    """
    access = await signed_in(await serve(session(rest + LOGOUT)), trusting)
    assert (await access.look({"<a@x>": "t1"}, label=LABEL))["<a@x>"].uid == 100_000
    await access.close()


async def test_in_a_mailbox_of_100_000_messages_no_more_than_the_newest_hundred_are_looked_at_unasked(
    serve: Serve, trusting: ssl.SSLContext
) -> None:
    rest = f"""
        {selected("EXAMINE", "INBOX", exists=100_000)}
        C: a UID SEARCH HEADER Message-ID "<a@x>"
        S: * SEARCH
        S: a OK done
        {newest(header(99_999, "<b@x>", "t1"), exists=100_000)}
    """
    access = await signed_in(await serve(session(rest + LOGOUT)), trusting)
    assert (await access.look({"<a@x>": "t1"}, label=LABEL))["<a@x>"].uid == 99_999
    await access.close()
