"""`warmup doctor` and `warmup dns`, typed: what they say of domains on a real name server, and how they end."""

from __future__ import annotations

import json
import re
import textwrap
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.dns.zones import KEY, txt
from tests.nameserver import Serve
from warmup.model import Endpoint, Relay, Security
from warmup.store import Store, mailboxes

from .hand import Hand, Terminal

GOOD = f"""
@ MX 10 mx
mx A 192.0.2.10
@ TXT "v=spf1 mx -all"
_dmarc TXT "v=DMARC1; p=reject; rua=mailto:d@good.lab"
s1._domainkey {txt(f"v=DKIM1; p={KEY}")}
"""
BAD = '@ MX 10 mx\nmx A 192.0.2.10\n@ TXT "v=spf1 mx +all"\n_dmarc TXT "v=DMARC1; p=none"\n'


@pytest.fixture
def asked(nameserver: Serve, house: Hand) -> str:
    """The name server, as an option."""
    with (house.folder / "warmup.toml").open("a") as file:
        file.write('[doctor]\nblocklists = ["bl.lab"]\n')
    zones = {"good.lab": GOOD, "bad.lab": BAD, "bl.lab": "10.2.0.192 A 127.0.0.2", "2.0.192.in-addr.arpa": ""}
    host, port = nameserver(zones).address
    return f"--name-server={host}#{port}"


def test_a_domain_that_is_all_right_ends_with_0(house: Hand, asked: str) -> None:
    result = house.types("doctor", "good.lab", "--selector", "s1", asked)
    assert result.exit_code == 0, result.output
    assert result.stdout == "good.lab:\n  all right: mx, spf, dkim, dmarc\n"
    assert result.stderr == "warmup: nothing is wrong\n"


def test_what_is_wrong_comes_with_the_reason_and_the_cure_and_ends_with_3(house: Hand, asked: str) -> None:
    result = house.types("doctor", "bad.lab", asked)
    assert result.exit_code == 3
    lines = result.stdout.splitlines()
    assert lines[:4] == [
        "bad.lab:",
        "  error: the SPF record of bad.lab lets everybody send (+all)",
        "      +all lets everybody send in your name; filters count it against you.",
        "      End the record in ~all or -all.",
    ]
    assert lines[-1] == "  all right: mx"
    assert result.stderr == "warmup: 1 error, 3 notes\n"


def test_json_has_everything(house: Hand, asked: str) -> None:
    result = house.types("doctor", "bad.lab", asked, "--json")
    told = json.loads(result.stdout)
    assert {row["code"] for row in told} == {"mx-ok", "spf-all", "dkim-unknown", "dmarc-none", "dmarc-blind"}
    assert all(
        row.keys() == {"domain", "examined_at", "check", "code", "level", "of", "what", "why", "fix"} for row in told
    )
    assert [row["level"] for row in told if row["code"] == "spf-all"] == ["error"]


def test_addresses_of_ones_own_are_looked_up_too(house: Hand, asked: str) -> None:
    result = house.types("doctor", "good.lab", "--selector", "s1", "--ip", "192.0.2.10", asked)
    assert result.exit_code == 3
    assert "  error: 192.0.2.10 has no name (PTR)\n" in result.stdout
    assert "  error: 192.0.2.10 is listed by bl.lab (127.0.0.2)\n" in result.stdout


def registered(address: str, host: str) -> None:
    with Store.open("sqlite:///warmup.db") as store:
        store.run(
            mailboxes.add,
            address=address,
            name="Ann",
            zone="UTC",
            provider="bad.lab",
            login="ann",
            credential="ann",
            smtp=Endpoint(host, 465, Security.TLS),
            imap=Endpoint("127.0.0.1", 1, Security.PLAIN),
            curve=None,
            now=datetime(2026, 11, 25, tzinfo=UTC),
        )


@pytest.fixture
def kept(house: Hand, asked: str) -> list[str]:
    """A domain of the pool that was examined, by the configuration's own name server; what was told of it."""
    host, _, port = asked.removeprefix("--name-server=").partition("#")
    with (house.folder / "warmup.toml").open("a") as file:
        file.write(f'[dns]\nservers = ["{host}:{port}"]\n')
    registered("ann@bad.lab", "127.0.0.1")
    registered("ben@good.lab", "127.0.0.1")
    return house.types("doctor", "bad.lab").stdout.splitlines()


def test_what_was_found_last_is_told_again_and_nobody_is_asked(
    house: Hand, kept: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("warmup.cli.doctor.consult", None)
    result = house.types("doctor", "--last", "bad.lab")
    assert result.exit_code == 3
    heading, *lines = result.stdout.splitlines()
    assert re.fullmatch(r"bad\.lab, examined 20\d\d-\d\d-\d\d \d\d:\d\dZ:", heading)
    assert lines == kept[1:]
    assert "  error: the SPF record of bad.lab lets everybody send (+all)" in lines
    assert result.stderr.startswith("warmup: 1 error, ")
    rows = json.loads(house.types("doctor", "--last", "ann@bad.lab", "--json").stdout)
    assert {row["domain"] for row in rows} == {"bad.lab"}
    assert datetime.fromisoformat(rows[0]["examined_at"]).tzinfo is not None
    every = house.types("doctor", "--last")
    assert every.stdout == result.stdout
    assert "warmup: good.lab: not examined yet\n" in every.stderr


def test_what_another_name_server_says_is_not_kept(house: Hand, kept: list[str], asked: str) -> None:
    house.types("doctor", "good.lab", asked)
    assert house.errs("doctor", "--last", "good.lab") == (
        1,
        ["good.lab has not been examined yet: the daemon does so once a day, warmup doctor good.lab at once"],
    )


@pytest.mark.usefixtures("kept")
def test_a_terminal_that_shows_how_all_stand_tells_of_an_error(house: Hand) -> None:
    with Terminal("status", columns=200) as terminal:
        assert terminal.ends() == 0
    told = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\dZ", "THEN", terminal.told)
    assert (
        "error: the SPF record of bad.lab lets everybody send (+all); examined THEN, see warmup doctor --last bad.lab"
        in told
    )
    house.does("mailbox", "remove", "ann@bad.lab")
    with Terminal("status", columns=200) as terminal:
        assert terminal.ends() == 0
    assert "error: " not in terminal.told


def test_a_name_server_that_does_not_answer_is_no_fault_of_the_domain(house: Hand, asked: str) -> None:
    result = house.types("doctor", "elsewhere.lab", "--selector", "s1", asked)
    assert result.exit_code == 0
    assert "  note: elsewhere.lab MX: the name server says REFUSED\n" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("doctor", "--last", "--ip", "192.0.2.1"), "--last asks nobody: leave out --ip, --selector and --name-server"),
        (("doctor",), "there are no mailboxes, so name a domain: warmup doctor DOMAIN"),
        (("doctor", "x.lab", "--ip", "nonsense"), "'nonsense' does not appear to be an IPv4 or IPv6 address"),
        (("doctor", "x.lab", "--name-server", "127.0.0.1#x"), "--name-server '127.0.0.1#x': write ADDRESS"),
        (("doctor", "no domain"), "'postmaster@no domain' is not an address"),
        (("dns", "dmarc", "x.lab", "--policy", "maybe"), "--policy 'maybe': write none, quarantine or reject"),
        (("dns", "dkim", "x.lab", "--key", "k"), "--key needs --selector"),
        (("dns", "dkim", "x.lab"), "no mailbox of x.lab is registered"),
    ],
)
def test_what_makes_no_sense_is_said_in_a_line(house: Hand, arguments: tuple[str, ...], line: str) -> None:
    code, lines = house.errs(*arguments)
    assert (code, len(lines)) == (2, 1)
    assert lines[0].startswith(line)


def test_an_spf_record_is_printed_as_it_is_to_be_published(house: Hand, asked: str) -> None:
    result = house.types("dns", "spf", "bad.lab", "--ip", "192.0.2.7", "--include", "good.lab", asked)
    assert result.exit_code == 0
    assert result.stdout == 'bad.lab. TXT "v=spf1 mx ip4:192.0.2.7 include:good.lab ~all"\n'
    assert result.stderr.splitlines() == [
        "warmup: bad.lab: add ip4:192.0.2.7",
        "warmup: bad.lab: add include:good.lab",
        "warmup: bad.lab: end in ~all in place of all",
    ]
    again = house.types("dns", "spf", "good.lab", asked)
    assert again.stdout == 'good.lab. TXT "v=spf1 mx -all"\n'
    assert again.stderr == "warmup: good.lab: it stands there already\n"


def test_the_submission_servers_of_the_pool_are_in_the_record(house: Hand, asked: str) -> None:
    for name, host in (("ann", "smtp.gmail.com"), ("ben", "mx.bad.lab"), ("cleo", "smtp.gmail.com")):
        registered(f"{name}@bad.lab", host)
    with Store.open("sqlite:///warmup.db") as store:
        relays = (Relay(Endpoint("smtp.hoster.example", 465, Security.TLS)),)
        store.run(mailboxes.change, store.run(mailboxes.get, "cleo@bad.lab").id, relays=relays)
    result = house.types("dns", "spf", "bad.lab", asked)
    assert result.stdout == 'bad.lab. TXT "v=spf1 mx include:_spf.google.com a:smtp.hoster.example ~all"\n'
    assert "warmup: note: _spf.google.com TXT: the name server says REFUSED. " in result.stderr
    told = {line.partition(":")[0]: line for line in house.does("dns", "dkim", "bad.lab").splitlines()}
    assert told["smtp.gmail.com"].startswith("smtp.gmail.com: Admin console: ")
    assert told["mx.bad.lab"].startswith("mx.bad.lab: whoever runs it has the key")


def test_no_record_is_made_where_nobody_is_known_to_send(house: Hand, asked: str) -> None:
    code, lines = house.errs("dns", "spf", "bl.lab", asked)
    assert code == 2
    assert lines == ["who sends for bl.lab isn't known: register its mailboxes, or name --ip or --include"]


def test_no_record_is_made_of_what_cannot_be_looked_up(house: Hand, asked: str) -> None:
    code, lines = house.errs("dns", "dmarc", "elsewhere.lab", asked)
    assert code == 1
    assert lines[0].startswith("_dmarc.elsewhere.lab TXT: the name server says REFUSED; without knowing")


def test_a_dmarc_record_comes_with_what_another_domain_must_publish(house: Hand, asked: str) -> None:
    told = house.does("dns", "dmarc", "bad.lab", "--rua", "d@good.lab", asked)
    assert told.splitlines() == [
        '_dmarc.bad.lab. TXT "v=DMARC1; p=none; rua=mailto:d@good.lab"',
        'bad.lab._report._dmarc.good.lab. TXT "v=DMARC1"',
    ]


def test_a_key_is_looked_at_or_made_a_record(house: Hand, asked: str, tmp_path: Path) -> None:
    assert house.does("dns", "dkim", "good.lab", "--selector", "s1", asked) == (
        "s1._domainkey.good.lab: rsa key, 2048 bits\n"
    )
    pem = tmp_path / "key.pem"
    pem.write_text("\n".join(["-----BEGIN PUBLIC KEY-----", *textwrap.wrap(KEY, 64), "-----END PUBLIC KEY-----"]))
    told = house.reads("dns", "dkim", "bad.lab", "--selector", "s1", "--key", str(pem), asked)
    assert told["records"][0]["name"] == "s1._domainkey.bad.lab"
    assert told["records"][0]["value"] == f"v=DKIM1; k=rsa; p={KEY}"
    pem.write_text(pem.read_text().replace("PUBLIC", "PRIVATE"))
    code, lines = house.errs("dns", "dkim", "bad.lab", "--selector", "s1", "--key", str(pem), asked)
    assert (code, lines) == (2, ["this is a private key, which stays on the server that signs; give the public one"])
