"""Who is asked, in which order, and what of the answers is taken; against a real name server and web server."""

from __future__ import annotations

import asyncio
import socket
import ssl

import pytest

from tests.discovery.conftest import SETTINGS, Build, settings
from warmup.discovery import Origin, Report, Step
from warmup.discovery.names import greeting
from warmup.dns.lookup import Resolver
from warmup.model import Endpoint, Security

OWN = "https://autoconfig.example.test/mail/config-v1.1.xml"
WELL_KNOWN = "https://example.test/.well-known/autoconfig/mail/config-v1.1.xml"
MOZILLA = "https://autoconfig.thunderbird.net/v1.1/example.test"
SRV = """
_submissions._tcp SRV 0 1 465 smtp
_submission._tcp SRV 0 1 587 other
_imaps._tcp SRV 10 1 993 second
_imaps._tcp SRV 0 1 1993 light
_imaps._tcp SRV 0 9 993 imap
"""


def said(report: Report) -> dict[str, str]:
    return {step.asked: step.said for step in report.steps}


async def test_a_known_domain_needs_nobody_to_be_asked(build: Build) -> None:
    world = await build({})
    world.resolver = Resolver([("127.0.0.1", 1)], seconds=0.1)
    report = await world.discover("ann@gmail.com")
    assert report.found
    assert report.found.smtp == Endpoint("smtp.gmail.com", 465, Security.TLS)
    assert (report.provider, report.found.origin, report.found.strangers) == ("google", Origin.KNOWN, ())
    assert report.steps == (Step("known providers", "Gmail"),)


async def test_an_mx_tells_a_customer_of_a_known_provider(build: Build) -> None:
    zone = "@ MX 20 mx.example.test.\n@ MX 10 ASPMX.L.google.com.\n" + SRV
    world = await build({"example.test": zone})
    report = await world.discover("ann@example.test")
    assert report.found
    assert (report.found.origin, report.found.imap.host) == (Origin.MX, "imap.gmail.com")
    assert (report.provider, report.found.strangers) == ("google", ())
    assert said(report)["MX"] == "aspmx.l.google.com, mx.example.test: Google Workspace"
    assert world.asked == []


async def test_srv_records_count_by_priority_then_weight_and_tls_goes_before_starttls(build: Build) -> None:
    report = await (await build({"example.test": "@ MX 0 mx\n" + SRV})).discover("ann@example.test")
    assert report.found
    assert report.found.smtp == Endpoint("smtp.example.test", 465, Security.TLS)
    assert report.found.imap == Endpoint("imap.example.test", 993, Security.TLS)
    assert (report.found.origin, report.found.strangers) == (Origin.SRV, ())
    assert report.provider is None


async def test_a_service_that_is_not_there_is_passed_over(build: Build) -> None:
    zone = SRV.replace("_submissions._tcp SRV 0 1 465 smtp", "_submissions._tcp SRV 0 0 0 .")
    report = await (await build({"example.test": zone})).discover("example.test")
    assert report.found
    assert report.found.smtp == Endpoint("other.example.test", 587, Security.STARTTLS)


async def test_half_of_it_is_not_enough(build: Build) -> None:
    world = await build({"example.test": "_imaps._tcp SRV 0 1 993 imap"}, {OWN: SETTINGS.encode()})
    report = await world.discover("ann@example.test")
    assert report.found
    assert report.found.origin is Origin.AUTOCONFIG
    assert said(report)["SRV"] == "_imaps 0 1 993 imap.example.test."


async def test_hosts_outside_the_domain_are_to_be_confirmed(build: Build) -> None:
    zone = SRV.replace("993 imap", "993 imap.example.test.evil.test.")
    report = await (await build({"example.test": zone})).discover("ann@example.test")
    assert report.found
    assert report.found.strangers == ("imap.example.test.evil.test",)


@pytest.mark.parametrize("url", [OWN, WELL_KNOWN, MOZILLA])
async def test_autoconfig_files_are_found_where_they_lie(build: Build, url: str) -> None:
    world = await build({"example.test": ""}, {url: SETTINGS.encode()})
    report = await world.discover("ann@example.test")
    assert report.found
    assert report.found.smtp == Endpoint("smtp.example.test", 587, Security.STARTTLS)
    assert report.found.imap == Endpoint("imap.example.test", 993, Security.TLS)
    assert (report.found.origin, report.found.evidence) == (Origin.AUTOCONFIG, url)


async def test_the_domain_is_told_the_address_and_mozilla_only_the_domain(build: Build) -> None:
    world = await build({"example.test": ""}, {OWN: "404", WELL_KNOWN: "404", MOZILLA: "404"})
    report = await world.discover("ann+x@example.test")
    asking = "?emailaddress=ann%2Bx%40example.test"
    assert sorted(world.asked[:2]) == [OWN + asking, WELL_KNOWN + asking]
    assert world.asked[2:] == [MOZILLA]
    assert report.found is None
    assert {said(report)[url] for url in (OWN, WELL_KNOWN, MOZILLA)} == {"HTTP 404"}


async def test_mozilla_is_not_asked_where_the_domain_itself_knows(build: Build) -> None:
    world = await build({"example.test": ""}, {OWN: SETTINGS.encode(), MOZILLA: settings(imap="x.test").encode()})
    await world.discover("ann@example.test")
    assert MOZILLA not in world.asked


async def test_a_domain_alone_can_be_asked_about(build: Build) -> None:
    world = await build({"example.test": ""}, {OWN: SETTINGS.encode()})
    report = await world.discover("example.test")
    assert report.found
    assert OWN in world.asked


async def test_a_domain_outside_ascii_is_asked_about_by_its_form_for_dns(build: Build) -> None:
    world = await build({"xn--bcher-kva.test": SRV})
    report = await world.discover("ann@bücher.test")
    assert report.found
    assert (report.domain, report.found.imap.host) == ("xn--bcher-kva.test", "imap.xn--bcher-kva.test")
    assert report.found.strangers == ()


@pytest.mark.parametrize(
    ("zones", "obstacle"),
    [
        ({"test": ""}, "there is no domain example.test"),
        ({"example.test": None}, ""),  # SERVFAIL: others may know
    ],
)
async def test_a_domain_that_is_not_there_ends_the_search(
    build: Build, zones: dict[str, str | None], obstacle: str
) -> None:
    world = await build(zones, {OWN: "404"})
    report = await world.discover("ann@example.test")
    assert (report.found, report.obstacle) == (None, obstacle)
    assert bool(world.asked) == (obstacle == "")


async def test_silence_of_all_name_servers_ends_the_search(build: Build) -> None:
    world = await build({"example.test": ""}, {OWN: SETTINGS.encode()})
    with socket.socket(type=socket.SOCK_DGRAM) as mute:
        mute.bind(("127.0.0.1", 0))
        world.resolver = Resolver([mute.getsockname()], seconds=0.1)
        report = await world.discover("ann@example.test")
    assert (report.found, report.obstacle, world.asked) == (None, "no name server answers", [])


async def test_a_null_mx_is_nobodys(build: Build) -> None:
    report = await (await build({"example.test": "@ MX 0 ."})).discover("ann@example.test")
    assert said(report)["MX"] == "none"
    assert report.provider is None


async def test_usual_names_count_where_a_server_greets_with_the_right_certificate(build: Build) -> None:
    world = await build({"example.test": ""})
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    world.authority.issue_cert("localhost").configure_cert(context)

    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"* OK ready\r\n")
        await writer.drain()
        writer.close()

    async def hide(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400\r\n")
        writer.close()

    async with (
        await asyncio.start_server(greet, "127.0.0.1", 0, ssl=context) as good,
        await asyncio.start_server(hide, "127.0.0.1", 0) as other,
    ):
        right, wrong = (server.sockets[0].getsockname()[1] for server in (good, other))
        servers = [
            Endpoint("localhost", wrong, Security.STARTTLS),
            Endpoint("127.0.0.1", right, Security.TLS),  # a certificate for another name
            Endpoint("localhost", right, Security.TLS),
        ]
        assert await greeting("imap", servers, world.tls, 5) == servers[2]
        assert await greeting("smtp", servers, world.tls, 5) is None
