"""Whom we trust, and for how long without asking again."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import suppress
from pathlib import Path

import pytest
import trustme

from tests.conftest import LOOPS
from warmup import imap, smtp, tls
from warmup.errors import AccessLost, ConfigError, NotSent
from warmup.model import Endpoint, Security, Stage
from warmup.tls import context, resuming

from .client import one_mail
from .conftest import Serve
from .server import Server


def test_one_context_is_shared_by_all() -> None:
    assert context() is context()


def test_names_and_certificates_are_always_checked() -> None:
    assert context().check_hostname
    assert context().verify_mode is ssl.CERT_REQUIRED
    assert context().minimum_version >= ssl.TLSVersion.TLSv1_2


async def test_an_operators_own_authority_is_trusted_beside_the_systems(
    serve: Serve, authority: trustme.CA, tmp_path: Path
) -> None:
    file = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(file))
    own = context(str(file))
    assert own.cert_store_stats()["x509_ca"] == context().cert_store_stats()["x509_ca"] + 1
    assert (await one_mail(await serve(implicit=True), own, Security.TLS)).positive


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_file_without_authorities_is_named(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "authority.pem"
    if content is not None:
        file.write_text(content)
    with pytest.raises(ConfigError, match=f"{file}: no certificates can be read"):
        context(str(file))


@pytest.fixture
def trusted(authority: trustme.CA, tmp_path: Path) -> str:
    file = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(file))
    return str(file)


async def went_on(server: Server, shared: ssl.SSLContext, host: str = "127.0.0.1") -> bool:
    """Whether a connection went on where an earlier one had ended."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port, ssl=shared, server_hostname=host)
    assert (await reader.readline()).startswith(b"220 ")
    resumed: bool = writer.get_extra_info("ssl_object").session_reused
    writer.transport.abort()
    return resumed


@pytest.mark.asyncio(loop_factories=LOOPS)
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_a_server_that_is_dialled_again_goes_on_where_it_ended(
    serve: Serve, trusted: str, version: ssl.TLSVersion
) -> None:
    shared, server = resuming("submission", trusted), await serve(implicit=True)
    shared.maximum_version = version
    assert [await went_on(server, shared) for _ in range(4)] == [False, True, True, True]
    assert not await went_on(server, resuming("access", trusted))
    assert not await went_on(server, context(trusted))


async def test_it_is_trusted_like_any_other(serve: Serve, trusted: str) -> None:
    shared = resuming("submission", trusted)
    assert shared is resuming("submission", trusted)
    assert shared.check_hostname
    assert shared.verify_mode is ssl.CERT_REQUIRED
    assert shared.minimum_version >= ssl.TLSVersion.TLSv1_2
    assert shared.verify_flags == context(trusted).verify_flags
    assert shared.cert_store_stats() == context(trusted).cert_store_stats()
    with pytest.raises(ssl.SSLCertVerificationError):
        await went_on(await serve(implicit=True), resuming("submission"))


async def test_connections_at_once_have_a_session_each(serve: Serve, trusted: str) -> None:
    shared, server = resuming("submission", trusted), await serve(implicit=True)
    assert await went_on(server, shared) is False
    assert sorted(await asyncio.gather(went_on(server, shared), went_on(server, shared))) == [False, True]
    assert all(await asyncio.gather(went_on(server, shared), went_on(server, shared)))


async def test_a_name_is_proven_whatever_another_name_has_proven(serve: Serve, trusted: str) -> None:
    shared, server = resuming("submission", trusted), await serve(implicit=True)
    await went_on(server, shared)
    with pytest.raises(ssl.SSLCertVerificationError):
        await went_on(server, shared, host="another.example")


async def test_after_an_hour_certificates_are_looked_at_again(
    serve: Serve, trusted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared, server = resuming("submission", trusted), await serve(implicit=True)
    monkeypatch.setattr(tls, "_AGAIN", 0.0)
    assert [await went_on(server, shared) for _ in range(2)] == [False, False]


async def test_a_server_that_cannot_go_on_is_greeted_anew_and_proves_itself(
    serve: Serve, trusted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared, one, other = resuming("submission", trusted), await serve(implicit=True), await serve(implicit=True)
    assert await went_on(one, shared) is False
    assert await went_on(other, shared) is False  # the same host to us, and a stranger to its sessions
    assert await went_on(other, shared) is True
    forger = Server({}, ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))
    trustme.CA().issue_cert("127.0.0.1").configure_cert(forger._tls)
    await forger.start(implicit=True)
    with pytest.raises(ssl.SSLCertVerificationError):
        await went_on(forger, shared)
    await forger.stop()


async def test_what_was_shown_in_vain_is_not_shown_again(serve: Serve, trusted: str) -> None:
    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.transport.abort()

    shared, server = resuming("submission", trusted), await serve(implicit=True)
    await went_on(server, shared)
    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as broken:
        port = broken.sockets[0].getsockname()[1]
        with suppress(ConnectionError):
            await asyncio.open_connection("127.0.0.1", port, ssl=shared, server_hostname="127.0.0.1")
    assert [await went_on(server, shared) for _ in range(2)] == [False, True]


@pytest.mark.parametrize("dialled", [smtp.line.Line, imap.line.Line])
async def test_a_server_that_hangs_up_on_a_session_is_greeted_in_full_from_then_on(
    serve: Serve, trusted: str, dialled: type[smtp.line.Line | imap.line.Line]
) -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.transport.abort()

    shared, server = resuming("submission", trusted), await serve(implicit=True)
    assert [await went_on(server, shared) for _ in range(2)] == [False, True]
    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as broken:
        port = broken.sockets[0].getsockname()[1]
        with pytest.raises(NotSent if dialled is smtp.line.Line else AccessLost) as lost:
            await dialled.connect(Endpoint("127.0.0.1", port, Security.TLS), shared, 30.0)
    assert lost.value.stage is Stage.TLS
    assert [await went_on(server, shared) for _ in range(3)] == [False, False, False]


async def test_of_too_many_those_of_the_host_that_was_longest_left_alone_are_forgotten(
    serve: Serve, trusted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = resuming("submission", trusted)
    servers = {name: await serve(implicit=True, name=name) for name in ("a.test", "b.test", "c.test")}
    monkeypatch.setattr(tls, "_MOST", 2)
    for name in ("a.test", "b.test", "a.test", "c.test"):
        await went_on(servers[name], shared, host=name)
    assert await went_on(servers["a.test"], shared, host="a.test")
    assert not await went_on(servers["b.test"], shared, host="b.test")
