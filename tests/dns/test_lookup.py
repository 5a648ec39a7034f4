"""What DNS says and what it doesn't are told apart, against a real name server."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from tests.nameserver import NameServer, Serve
from warmup.dns.lookup import Outcome, Resolver

ZONE = """
@ MX 10 mx1
@ MX 20 mx2.example.net.
@ TXT "v=spf1 include:one.example " "-all"
@ TXT "other"
mx1 A 192.0.2.1
mx1 AAAA 2001:db8::1
alias CNAME second
second CNAME mx1
dangling CNAME nothing
_imaps._tcp SRV 0 1 993 imap
bytes TXT "\\255\\"quoted\\""
xn--bcher-kva A 192.0.2.2
big TXT "{long}"
big TXT "{long}x"
big TXT "{long}y"
big TXT "{long}z"
""".replace("{long}", "a" * 240)


@pytest.fixture
def resolver(nameserver: Serve) -> Resolver:
    return Resolver([nameserver({"example.test": ZONE, "broken.test": None}).address])


@pytest.mark.parametrize(
    ("name", "kind", "records"),
    [
        ("example.test", "MX", {"10 mx1.example.test.", "20 mx2.example.net."}),
        ("Example.TEST.", "MX", {"10 mx1.example.test.", "20 mx2.example.net."}),
        ("example.test", "TXT", {"v=spf1 include:one.example -all", "other"}),
        ("mx1.example.test", "A", {"192.0.2.1"}),
        ("mx1.example.test", "AAAA", {"2001:db8::1"}),
        ("_imaps._tcp.example.test", "SRV", {"0 1 993 imap.example.test."}),
        ("bytes.example.test", "TXT", {'\ufffd"quoted"'}),
        ("bücher.example.test", "A", {"192.0.2.2"}),
        ("big.example.test", "TXT", {f"{'a' * 240}{end}" for end in ("", "x", "y", "z")}),  # too much for UDP
    ],
)
async def test_records_are_as_a_zone_file_has_them(resolver: Resolver, name: str, kind: str, records: set[str]) -> None:
    answer = await resolver.ask(name, kind)
    assert (answer.outcome, set(answer.records), answer.known) == (Outcome.FOUND, records, True)


@pytest.mark.parametrize(
    ("name", "kind", "outcome", "told"),
    [
        ("mx1.example.test", "TXT", Outcome.NO_DATA, "mx1.example.test has no TXT record"),
        ("nothing.example.test", "A", Outcome.NO_NAME, "nothing.example.test doesn't exist"),
        ("broken.test", "A", Outcome.FAILED, "broken.test A: the name server says SERVFAIL"),
        ("elsewhere.test", "A", Outcome.FAILED, "elsewhere.test A: the name server says REFUSED"),
        ("a..example.test", "A", Outcome.NO_NAME, "a..example.test doesn't exist"),
        (f"{'a' * 64}.test", "A", Outcome.NO_NAME, f"{'a' * 64}.test doesn't exist"),
        (f"{'ü' * 70}.test", "A", Outcome.NO_NAME, f"{'ü' * 70}.test doesn't exist"),
    ],
)
async def test_a_lack_is_told_by_its_kind(
    resolver: Resolver, name: str, kind: str, outcome: Outcome, told: str
) -> None:
    answer = await resolver.ask(name, kind)
    assert (answer.outcome, answer.records, str(answer)) == (outcome, (), told)
    assert answer.known == (outcome is not Outcome.FAILED)


@pytest.mark.parametrize(
    ("name", "kind", "outcome", "canonical"),
    [
        ("alias.example.test", "A", Outcome.FOUND, "mx1.example.test."),
        ("alias.example.test", "TXT", Outcome.NO_DATA, "mx1.example.test."),
        ("dangling.example.test", "A", Outcome.NO_NAME, "nothing.example.test."),
        ("mx1.example.test", "A", Outcome.FOUND, "mx1.example.test."),
    ],
)
async def test_aliases_are_followed_to_their_end(
    resolver: Resolver, name: str, kind: str, outcome: Outcome, canonical: str
) -> None:
    answer = await resolver.ask(name, kind)
    assert (answer.outcome, answer.canonical) == (outcome, canonical)


@pytest.fixture
def mute() -> Iterator[tuple[str, int]]:
    """A port that takes questions and answers none."""
    with socket.socket(type=socket.SOCK_DGRAM) as wire:
        wire.bind(("127.0.0.1", 0))
        yield wire.getsockname()


async def test_silence_is_no_answer(mute: tuple[str, int]) -> None:
    answer = await Resolver([mute], seconds=0.1).ask("example.test", "MX")
    assert (answer.outcome, answer.known, answer.why) == (Outcome.SILENT, False, "no name server answers")


async def test_another_server_is_asked_when_one_is_silent(mute: tuple[str, int], nameserver: Serve) -> None:
    server: NameServer = nameserver({"example.test": ZONE})
    answer = await Resolver([mute, server.address], seconds=5).ask("example.test", "MX")
    assert answer.outcome is Outcome.FOUND


async def test_a_machine_without_a_name_server_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(*_: object, **__: object) -> None:
        raise FileNotFoundError

    monkeypatch.setattr("dns._file_util.maybe_open", absent)
    answer = await Resolver().ask("example.test", "MX")
    assert answer.outcome is Outcome.SILENT
    assert answer.why == "this machine has no name server (there is none in /etc/resolv.conf)"
