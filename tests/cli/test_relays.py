"""Relays and the source address: given, proven by signing in, shown, taken away."""

from __future__ import annotations

import pytest

from warmup.model import Endpoint, Relay, Security
from warmup.store import Store, mailboxes

from .hand import Hand, Servers


def added(house: Hand, servers: Servers, *options: str) -> str:
    row = servers.rows[0]
    named = ("mailbox", "add", row["address"], *servers.options(row), "--password-file", "-", *options)
    return house.does(*named, stdin=row["password"])


def refused(house: Hand, servers: Servers, *options: str) -> tuple[int, list[str]]:
    row = servers.rows[0]
    named = ("mailbox", "add", row["address"], *servers.options(row), "--password-file", "-", *options)
    result = house.types(*named, stdin=row["password"])
    assert house.reads("mailbox", "list") == []
    return result.exit_code, result.stderr.splitlines()


def port(servers: Servers) -> str:
    return servers.rows[0]["smtp"].rpartition(":")[2]


def test_a_relay_is_signed_in_to_and_shown(house: Hand, servers: Servers) -> None:
    address, there = servers.addresses[0], f"localhost:{port(servers)}"
    row = servers.rows[0]
    options = (*servers.options(row), "--relay", f"{there}/plain=30", "--source", "127.0.0.2", "--password-file", "-")
    result = house.types("mailbox", "add", address, *options, stdin=row["password"])
    assert result.exit_code == 0
    assert f"signed in to {row['smtp']} (plain), {there} (plain) and {row['imap']} (plain)\n" in result.stderr
    (shown,) = house.reads("mailbox", "list")
    assert (shown["relays"], shown["source"]) == ([{"server": f"{there} (plain)", "weight": 30}], "127.0.0.2")
    told = house.does("mailbox", "show", address)
    assert f"relays      {there}/plain=30\n" in told
    assert "source      127.0.0.2\n" in told
    assert house.reads("mailbox", "test")[0]["says"] == "signed in to all servers"
    house.does("mailbox", "set", address, "--relay", f"{there}/plain=30", "--name", "Ann B.")


def test_a_relay_that_refuses_later_is_told(house: Hand, servers: Servers) -> None:
    added(house, servers, "--relay", f"localhost:{port(servers)}/plain")
    with Store.open("sqlite:///warmup.db") as store:
        mailbox = store.run(mailboxes.get, servers.addresses[0])
        store.run(mailboxes.change, mailbox.id, relays=(Relay(Endpoint("localhost", 1, Security.PLAIN)),))
    result = house.types("mailbox", "test", "--json")
    assert result.exit_code == 77
    assert "submission at localhost:1 (plain): localhost refuses connections" in result.stdout


def test_what_is_not_named_stays_and_none_takes_away(house: Hand, servers: Servers) -> None:
    address, there = servers.addresses[0], f"localhost:{port(servers)}"
    added(house, servers, "--relay", f"{there}/plain", "--source", "127.0.0.2")
    house.does("mailbox", "set", address, "--name", "Ann B.")
    shown = house.reads("mailbox", "show", address)
    assert (shown["relays"], shown["source"]) == ([{"server": f"{there} (plain)", "weight": 0}], "127.0.0.2")
    house.does("mailbox", "set", address, "--relay", f"{there}/plain=50")
    assert house.reads("mailbox", "show", address)["relays"] == [{"server": f"{there} (plain)", "weight": 50}]
    house.does("mailbox", "set", address, "--relay", "none", "--source", "none")
    shown = house.reads("mailbox", "show", address)
    assert (shown["relays"], shown["source"]) == ([], None)


def test_a_relay_that_is_not_there_or_a_source_that_is_not_ours_registers_nothing(
    house: Hand, servers: Servers
) -> None:
    address = servers.addresses[0]
    code, lines = refused(house, servers, "--relay", "localhost:1/plain")
    assert code == 77
    assert lines[-1] == f"warmup: {address}: submission at localhost:1 (plain): localhost refuses connections"
    code, lines = refused(house, servers, "--source", "192.0.2.77")
    assert code == 77
    assert lines[-1] == (
        f"warmup: {address}: submission at {servers.rows[0]['smtp']} (plain): the source address 192.0.2.77 can't be "
        "used on this machine: Cannot assign requested address; give it to an interface, or name another: warmup "
        "mailbox set ADDRESS --source IP"
    )
    code, lines = refused(house, servers, "--relay", "mail.x.test/plain")
    assert code == 77
    assert "a password isn't sent without TLS except to this machine" in lines[-1]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--relay", "mail x"), "relay 'mail x': write HOST, HOST:PORT, HOST:PORT/SECURITY (of tls, starttls, plain)"),
        (("--relay", "x.test/ssl"), "relay 'x.test/ssl': write HOST"),
        (("--relay", "x.test:70000"), "relay 'x.test:70000': write HOST"),
        (("--relay", "x.test=much"), "relay 'x.test=much': write HOST"),
        (("--relay", "x.test=60", "--relay", "y.test=41"), "relays: 101 % in all; write at most 100, of which"),
        (("--relay", "x.test", "--relay", "x.test=5"), "relay x.test:465/tls=5: it is one of the mailbox's servers"),
        (("--source", "here"), "source 'here' is no address to submit from; write one of this machine's IP addresses"),
        (("--source", "0.0.0.0"), "source '0.0.0.0' is no address to submit from"),
    ],
)
def test_a_mistake_is_told_in_one_line(house: Hand, servers: Servers, options: tuple[str, ...], told: str) -> None:
    code, lines = refused(house, servers, *options)
    assert code == 2
    assert lines[-1].startswith(f"warmup: {told}")


def test_a_relays_host_can_be_held_by_hand_and_is_shown_at_its_mailbox(house: Hand, servers: Servers) -> None:
    address = servers.addresses[0]
    added(house, servers, "--relay", f"localhost:{port(servers)}/plain")
    house.does("pauses", "add", "--host", "localhost", "--for", "2h")
    assert "host localhost held by the operator" in house.does("mailbox", "show", address)
