"""Every fault planted in a zone of a real name server is found, and nothing else."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from tests.dns.zones import PLANTED, Planted, all_zones
from tests.nameserver import NameServer, program
from tests.need import missing
from tests.servers import free_ports
from warmup.dns import CHECKS, Blocklist, Instruments, Level, Resolver, Subject, asking, examine, worst

LISTS = (
    Blocklist(zone="addresses.bl.test", addresses=True, page="https://bl.test/removal"),
    Blocklist(zone="domains.bl.test", addresses=False, page=""),
)


@pytest.fixture(scope="module")
def address() -> Iterator[tuple[str, int]]:
    if program() is None:
        missing("a private name server needs nsd (Debian: nsd)")
    with NameServer(all_zones()) as server:
        yield server.address


def instruments(address: tuple[str, int]) -> Instruments:
    (shut,) = free_ports(1)
    return Instruments(
        ask=asking(Resolver([address])),
        tls=ssl.create_default_context(),
        now=datetime(2026, 11, 25, tzinfo=UTC),
        blocklists=LISTS,
        seconds=1,
        mx_port=shut,
    )


@pytest.mark.parametrize("planted", PLANTED, ids=lambda planted: planted.name)
async def test_a_planted_fault_is_found_and_nothing_else(planted: Planted, address: tuple[str, int]) -> None:
    subject = Subject(domain=planted.domain, selectors=["s1"], addresses=[planted.address])
    findings = await examine(subject, instruments(address))
    told = {finding.code for finding in findings if finding.level is not Level.OK}
    assert told == planted.codes, "\n".join(f"{finding.code}: {finding.what}" for finding in findings)
    for finding in findings:
        assert finding.check in CHECKS
        assert finding.what
        assert finding.level is Level.OK or finding.why, f"{finding.code} doesn't say why it matters"
        assert finding.level < Level.WARNING or finding.fix, f"{finding.code} doesn't say how to mend it"


async def test_a_name_server_that_fails_proves_nothing(address: tuple[str, int]) -> None:
    findings = await examine(Subject(domain="lame.test", selectors=["s1"]), instruments(address))
    told = {finding.code for finding in findings}
    assert told == {"mx-failed", "spf-failed", "dkim-failed", "dmarc-failed", "blocklist-ok"}
    assert worst(findings) is Level.NOTE


async def test_a_listing_comes_with_its_reason_and_the_page_to_be_taken_off(address: tuple[str, int]) -> None:
    subject = Subject(domain="listed-address.test", selectors=["s1"], addresses=["192.0.2.40"])
    listed = next(f for f in await examine(subject, instruments(address)) if f.code == "blocklist-listed")
    assert listed.what == (
        "192.0.2.40 is listed by addresses.bl.test (127.0.0.2): spam was seen, https://bl.test/192.0.2.40"
    )
    assert listed.fix.endswith("https://bl.test/removal")


async def test_addresses_that_are_not_ours_are_asked_about_nowhere(address: tuple[str, int]) -> None:
    asked: list[str] = []
    inner = asking(Resolver([address]))

    async def ask(name: str, kind: str) -> object:
        asked.append(name)
        return await inner(name, kind)

    means = instruments(address)
    await examine(
        Subject(domain="healthy.test"),
        Instruments(ask=ask, tls=means.tls, now=means.now, blocklists=LISTS, seconds=1, mx_port=means.mx_port),  # type: ignore[arg-type]
    )
    assert not any(name.endswith("addresses.bl.test") for name in asked)
