"""`warmup mailbox add` and `discover` find the servers: a private name server, Postfix and Dovecot."""

from __future__ import annotations

import csv
import socket
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.nameserver import Serve
from tests.real.ground import Account, Ground
from warmup.discovery import Web

from .hand import Hand, Terminal

FROM = "found by SRV (_submissions 0 1 {smtps} localhost.; _imaps 0 1 {imaps} localhost.)"


@pytest.fixture(autouse=True)
def no_web(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is asked of the web is asked of a port of this machine that refuses."""
    monkeypatch.setattr("warmup.cli.servers.Web", partial(Web, where=lambda *_: ("127.0.0.1", 1)))


@pytest.fixture
def found(house: Hand, ground: Ground, nameserver: Serve) -> Hand:
    """A house whose name server has the ground's domains, their servers named by SRV records."""
    srv = f"_submissions._tcp SRV 0 1 {ground.smtps} localhost.\n_imaps._tcp SRV 0 1 {ground.imaps} localhost."
    server = nameserver({domain: f"@ MX 0 mx\n{srv}" for domain in ground.domains} | {"example.test": "@ MX 0 mx"})
    settings = f'authorities = "{ground.ca_file}"\n{{}}\n[dns]\nservers = ["{server.address[0]}:{server.address[1]}"]\n'
    file = Path("warmup.toml")
    file.write_text(settings.format(file.read_text()))
    return house


@pytest.fixture
def ann(ground: Ground) -> Account:
    return ground.mailboxes[0]


def test_at_a_terminal_strange_servers_are_shown_and_confirmed(found: Hand, ground: Ground, ann: Account) -> None:
    with Terminal("mailbox", "add", ann.address, columns=200) as terminal:
        terminal.says("Sign in there? [y/N]: ")
        terminal.types("y\n")
        terminal.says(f"Password of {ann.address}: ")
        terminal.types(ann.password + "\n")
        assert terminal.ends() == 0
        evidence = FROM.format(smtps=ground.smtps, imaps=ground.imaps)
        servers = f"localhost:{ground.smtps} (tls), localhost:{ground.imaps} (tls)"
        assert f"{ann.address}: {evidence}: {servers}\n" in terminal.told
        assert "localhost: outside the mailbox's domain, and only SRV says so, as anybody could" in terminal.told
        assert f"{ann.address}: registered" in terminal.told
    assert found.reads("mailbox", "test")[0]["works"] is True


def test_no_means_no(found: Hand, ann: Account) -> None:
    with Terminal("mailbox", "add", ann.address, columns=200) as terminal:
        terminal.says("Sign in there? [y/N]: ")
        terminal.types("\n")
        assert terminal.ends() == 1
        assert terminal.told.endswith("warmup: nothing was registered\n")
    assert found.reads("mailbox", "list") == []


def test_without_a_terminal_strange_servers_are_named_by_the_operator(
    found: Hand, ground: Ground, ann: Account
) -> None:
    add = ("mailbox", "add", ann.address, "--password-file", "-")
    result = found.types(*add, stdin=ann.password)
    assert result.exit_code == 2
    *_, told = result.stderr.splitlines()
    options = f"--smtp localhost:{ground.smtps} --imap localhost:{ground.imaps}"
    assert told.endswith(f"if they are yours, name them: {options}")
    assert found.does(*add, *options.split(), stdin=ann.password) == f"{ann.address}: registered\n"


def test_naming_one_of_them_confirms_its_host(found: Hand, ground: Ground, ann: Account) -> None:
    one = ("--imap", f"localhost:{ground.imaps}")
    found.does("mailbox", "add", ann.address, *one, "--password-file", "-", stdin=ann.password)
    assert found.reads("mailbox", "show", ann.address)["smtp"] == f"localhost:{ground.smtps} (tls)"


def test_a_refusal_is_told_with_what_can_be_done(found: Hand, ground: Ground, ann: Account) -> None:
    one = ("--imap", f"localhost:{ground.imaps}")
    result = found.types("mailbox", "add", ann.address, *one, "--password-file", "-", stdin="wrong")
    assert result.exit_code == 77
    assert f"{ann.address}: submission at localhost:{ground.smtps} (tls) refused" in result.stderr
    assert "many providers want an app password" in result.stderr
    assert found.reads("mailbox", "list") == []


def test_a_domain_of_which_nobody_knows_is_told_with_what_to_give_by_hand(found: Hand) -> None:
    told = found.errs("mailbox", "add", "ann@example.test", "--password-file", "-", stdin="x")
    assert told == (
        2,
        [
            "ann@example.test: nobody says which servers example.test has (`warmup mailbox discover example.test` "
            "shows who was asked); name them: --smtp HOST[:PORT] --imap HOST[:PORT]"
        ],
    )


@pytest.fixture
def deaf(house: Hand) -> Iterator[Hand]:
    """A house whose name server never answers."""
    with socket.socket(type=socket.SOCK_DGRAM) as mute:
        mute.bind(("127.0.0.1", 0))
        file = Path("warmup.toml")
        port = mute.getsockname()[1]
        file.write_text(file.read_text() + f'[dns]\nservers = ["127.0.0.1:{port}"]\ntimeout = "1s"\n')
        yield house


def test_without_dns_one_line_says_what_to_give_by_hand(deaf: Hand) -> None:
    told = deaf.errs("mailbox", "add", "ann@example.test", "--password-file", "-", stdin="x")
    assert told == (
        2,
        [
            "ann@example.test: its servers can't be found: no name server answers; "
            "name them: --smtp HOST[:PORT] --imap HOST[:PORT]"
        ],
    )


def test_a_provider_that_takes_consent_alone_is_not_given_a_password(house: Hand) -> None:
    result = house.types("mailbox", "add", "ann@outlook.com", "--password-file", "-", stdin="x")
    assert result.exit_code == 2
    *_, told = result.stderr.splitlines()
    assert told == (
        "warmup: ann@outlook.com: no password opens it, only consent: "
        "`warmup mailbox add ann@outlook.com --oauth microsoft`"
    )


def test_a_csv_may_leave_out_servers_that_are_found(found: Hand, ground: Ground) -> None:
    rows = [["address", "password", "imap"]]
    rows += [[a.address, a.password, f"localhost:{ground.imaps}"] for a in ground.mailboxes]
    with Path("pool.csv").open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    assert found.does("mailbox", "import", "pool.csv") == f"{len(ground.mailboxes)} mailboxes registered\n"
    assert {row["smtp"] for row in found.reads("mailbox", "list")} == {f"localhost:{ground.smtps} (tls)"}


def test_a_csv_is_told_each_line_whose_servers_a_person_must_name(found: Hand, ground: Ground, ann: Account) -> None:
    lines = ["address,password", f"{ann.address},x", "bo@example.test,x", "cy@outlook.com,x"]
    Path("pool.csv").write_text("\n".join(lines))
    code, told = found.errs("mailbox", "import", "pool.csv")
    assert (code, len(told), told[-1]) == (2, 4, "nothing was registered")
    right = f"write localhost:{ground.smtps} into the column smtp and localhost:{ground.imaps} into imap"
    assert told[0].startswith(f"pool.csv:2: {ann.address}: localhost: outside the mailbox's domain")
    assert told[0].endswith(right)
    assert told[1].startswith("pool.csv:3: bo@example.test: nobody says which servers example.test has")
    assert told[1].endswith("; write them into the columns smtp and imap")
    assert told[2] == "pool.csv:4: cy@outlook.com: no password opens it, only consent: `warmup mailbox add --oauth`"


def test_discover_shows_who_was_asked_and_what_they_said(found: Hand, ground: Ground) -> None:
    (domain, *_) = ground.domains
    assert found.does("mailbox", "discover", domain).splitlines() == [
        "ASKED\tSAID",
        f"known providers\t{domain} is none of theirs",
        f"MX\tmx.{domain}: no known provider's",
        f"SRV\t_submissions 0 1 {ground.smtps} localhost.; _imaps 0 1 {ground.imaps} localhost.",
        f"submission: localhost:{ground.smtps} (tls)",
        f"IMAP: localhost:{ground.imaps} (tls)",
        "user name: the address",
        "takes: password",
        "outside the domain, to be confirmed: localhost",
    ]


def test_discover_tells_programs_all_of_it(house: Hand) -> None:
    told = house.reads("mailbox", "discover", "ann@web.de")
    assert told["provider"] == "gmx"
    assert told["obstacle"] is None
    assert told["steps"] == [{"asked": "known providers", "said": "WEB.DE"}]
    found = told["found"]
    assert found["smtp"] == {"host": "smtp.web.de", "port": 587, "security": "starttls"}
    assert (found["origin"], found["login"], found["auth"], found["confirm"]) == (
        "known provider",
        "ann",
        ["password"],
        [],
    )


def test_discover_ends_with_1_where_nobody_knows(found: Hand) -> None:
    result = found.types("mailbox", "discover", "example.test")
    assert result.exit_code == 1
    assert result.stdout.endswith(
        "nothing was found; `warmup mailbox add` takes --smtp HOST[:PORT] --imap HOST[:PORT]\n"
    )


def test_what_is_no_domain_is_told(house: Hand) -> None:
    code, (told,) = house.errs("mailbox", "discover", "no domain")
    assert code == 2
    assert told.startswith("'x@no domain' is not an address: ")
