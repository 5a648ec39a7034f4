"""Whichever loop the daemon lives on: which one it is, how names are looked up, and which address is connected to."""

from __future__ import annotations

import asyncio
import socket
import ssl
import sys
import threading
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any

import pytest
import trustme

from tests.conftest import LOOPS
from tests.hostile import HOST, certified, hostile, silent
from tests.servers import free_ports
from warmup.daemon.loop import factory, name
from warmup.errors import ConfigError
from warmup.model import Endpoint, Security

HERE, NEXT = "127.0.0.1", "127.0.0.2"  # whoever listens on the one is deaf on the other
UNANSWERED = 12  # libuv looks up four names at once
PATIENCE = 30  # seconds, for a busy machine

on_both = pytest.mark.asyncio(loop_factories=LOOPS)


def without_uvloop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvloop", None)
    monkeypatch.delitem(sys.modules, "warmup.daemon.uv", raising=False)


def made_by(wanted: str) -> str:
    with asyncio.Runner(loop_factory=factory(wanted)) as runner:
        return name(runner.get_loop())


@pytest.mark.parametrize(("wanted", "made"), [("auto", "uvloop"), ("uvloop", "uvloop"), ("asyncio", "asyncio")])
def test_the_loop_is_uvloop_where_it_is_installed_unless_asyncio_is_wanted(wanted: str, made: str) -> None:
    assert made_by(wanted) == made


@pytest.mark.parametrize("wanted", ["auto", "asyncio"])
def test_the_loop_is_asyncio_where_no_other_is_installed(wanted: str, monkeypatch: pytest.MonkeyPatch) -> None:
    without_uvloop(monkeypatch)
    assert made_by(wanted) == "asyncio"


def test_a_uvloop_that_is_wanted_and_not_installed_is_a_mistake_with_its_remedy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    without_uvloop(monkeypatch)
    with pytest.raises(ConfigError, match=r'service\.event_loop is "uvloop".*install warmup\[speed\]'):
        factory("uvloop")


@on_both
async def test_names_that_nobody_answers_for_keep_no_other_name_from_being_connected_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    over, asked = threading.Event(), threading.Semaphore(0)
    look_up = socket.getaddrinfo

    def resolving(host: str, *more: Any) -> Any:
        if host != "silent.test":
            return look_up(host, *more)
        asked.release()
        over.wait()
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", resolving)
    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(2 * UNANSWERED))
    try:
        async with asyncio.timeout(PATIENCE), hostile(silent) as server:
            waiting = [loop.create_task(connected("silent.test", 25)) for _ in range(UNANSWERED)]
            for _ in waiting:
                assert await asyncio.to_thread(asked.acquire, timeout=PATIENCE)
            assert await connected(HOST, server.port) == HERE
            assert not any(task.done() for task in waiting)
            over.set()
            ends = await asyncio.gather(*waiting, return_exceptions=True)
        assert {type(end) for end in ends} == {socket.gaierror}
    finally:
        over.set()


@on_both
async def test_of_a_names_addresses_the_first_that_accepts_is_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    resolved(monkeypatch, NEXT, HERE)
    async with hostile(silent) as server:
        assert await connected("mail.test", server.port) == HERE


@on_both
async def test_a_name_none_of_whose_addresses_accepts_is_an_error_of_the_network(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    resolved(monkeypatch, NEXT, HERE)
    with pytest.raises(OSError, match=r"Connect(ion| call) (refused|failed)"):
        await connected("mail.test", free_ports(1)[0])


@on_both
async def test_a_name_is_connected_to_from_the_address_that_was_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    resolved(monkeypatch, HERE)
    seen: list[str] = []

    async def watching(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(writer.get_extra_info("peername")[0])
        writer.write(b"seen\n")

    async with hostile(watching) as server:
        reader, writer = await asyncio.open_connection(
            "mail.test", server.port, family=socket.AF_INET, local_addr=(NEXT, 0)
        )
        assert await reader.readline() == b"seen\n"
        writer.close()
    assert seen == [NEXT]


@on_both
async def test_a_certificate_is_for_the_name_whatever_the_address(monkeypatch: pytest.MonkeyPatch) -> None:
    resolved(monkeypatch, NEXT, HERE)
    async with secured("good") as (server, tls, asked):
        assert await connected(HOST, server.port, tls) == HERE
        with pytest.raises(ssl.SSLCertVerificationError, match=r"mail\.test"):
            await connected("mail.test", server.port, tls)
    assert asked == [HOST, "mail.test"]


@on_both
async def test_no_other_address_is_asked_for_a_better_certificate(monkeypatch: pytest.MonkeyPatch) -> None:
    resolved(monkeypatch, HERE, HERE)
    async with secured("another host's") as (server, tls, asked):
        with pytest.raises(ssl.SSLCertVerificationError):
            await connected(HOST, server.port, tls)
    assert asked == [HOST]


def resolved(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    """Every name has these."""
    look_up = socket.getaddrinfo

    def resolving(host: str, *more: Any) -> Any:
        return [found for address in addresses for found in look_up(address, *more)]

    monkeypatch.setattr(socket, "getaddrinfo", resolving)


async def connected(host: str, port: int, tls: ssl.SSLContext | None = None) -> str:
    """The address of whoever took the connection."""
    transport, _ = await asyncio.get_running_loop().create_connection(asyncio.Protocol, host, port, ssl=tls)
    try:
        return str(transport.get_extra_info("peername")[0])
    finally:
        transport.abort()


@asynccontextmanager
async def secured(certificate: str) -> AsyncIterator[tuple[Endpoint, ssl.SSLContext, list[str | None]]]:
    """A server, the context of a client that trusts its authority, and the names that clients ask it for."""
    authority, context, asked = trustme.CA(), ssl.create_default_context(), list[str | None]()
    authority.configure_trust(context)
    tls = certified(authority, certificate)
    tls.sni_callback = lambda _, name, __: asked.append(name)
    async with hostile(silent, Security.TLS, tls) as server:
        yield server, context, asked
