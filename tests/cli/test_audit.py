"""`warmup audit` on the servers of a sandbox, with a daemon at work: what it says, and how it ends."""

from __future__ import annotations

import imaplib
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from .conftest import sandbox
from .hand import Hand, Process, Servers


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Servers]:
    """Servers that hold nobody else's mail."""
    folder = tmp_path / "servers"
    folder.mkdir()
    with sandbox(folder, "--mailboxes", "3") as ready:
        yield ready


@pytest.fixture
def lived(house: Hand, own: Servers) -> Hand:
    """A pool that has lived two days."""
    house.does("mailbox", "import", str(own.csv))
    house.does("run", "--jump", "--start", "2027-03-01", "--until", "2027-03-03")
    return house


def put(servers: Servers, row: dict[str, str], message: bytes) -> None:
    host, _, port = row["imap"].partition(":")
    with imaplib.IMAP4(host, int(port)) as session:
        session.login(row["address"], row["password"])
        session.append("INBOX", "", "", message)


def test_a_clean_pool_ends_with_0_and_says_how_much_was_compared(lived: Hand, own: Servers) -> None:
    result = lived.types("audit")
    assert (result.exit_code, result.stdout) == (0, "")
    sent = len(own.accepted())
    assert result.stderr.startswith("warmup: 3 of 3 mailboxes audited since ")
    assert result.stderr.endswith(f": {sent} present; nothing wrong\n")
    told = lived.reads("audit")
    assert told["clean"] is True
    assert [(row["address"], row["audited"], row["says"]) for row in told["mailboxes"]] == [
        (address, True, None) for address in sorted(own.addresses)
    ]
    assert sum(row["messages"] for row in told["mailboxes"]) == told["counts"]["present"] == sent
    assert told["findings"] == []


def test_it_runs_beside_a_daemon(lived: Hand, own: Servers, process: Callable[..., Process]) -> None:
    daemon = process("run")
    daemon.says("started")
    assert lived.types("audit").exit_code == 0


def test_what_is_found_is_told_and_ends_with_3(lived: Hand, own: Servers) -> None:
    with closing(sqlite3.connect("warmup.db")) as db:
        sent = "sent_at IS NOT NULL AND message_id NOT IN (SELECT parent FROM message WHERE parent IS NOT NULL)"
        ((message_id, number),) = db.execute(f"SELECT message_id, id FROM message WHERE {sent} LIMIT 1")
        db.execute("DELETE FROM message WHERE id = ?", (number,))
        db.commit()
    put(own, own.rows[0], b"Message-ID: <x@evil.test>\r\nX-Warmup: \x1b[2J\r\n\r\nHello\r\n")
    result = lived.types("audit")
    assert result.exit_code == 3
    heading, unknown, forged = (line.split("\t") for line in result.stdout.splitlines())
    assert heading == ["WHAT", "MAILBOX", "MESSAGE", "SAYS"]
    assert unknown[::2] == ["unknown", message_id]
    assert forged[:3] == ["forged", own.addresses[0], ""]
    assert result.stderr.endswith("; 1 thing wrong\n")
    assert "\x1b" not in result.output
    result = lived.types("audit", "--json")
    assert result.exit_code == 3
    assert '"kind": "unknown"' in result.stdout


def test_a_mailbox_into_which_nobody_could_look_ends_with_77(lived: Hand, own: Servers) -> None:
    (lived.folder / "credentials" / own.addresses[0]).unlink()
    result = lived.types("audit")
    assert result.exit_code == 77
    assert result.stdout.splitlines()[1].startswith(f"not audited\t{own.addresses[0]}\t\tthere is no credential ")
    assert result.stderr.startswith("warmup: 2 of 3 mailboxes audited since ")
    assert "nothing wrong" in result.stderr


def test_how_far_it_looks_back_is_said_in_one_way(lived: Hand) -> None:
    assert lived.reads("audit", "--since", "2027-03-02")["since"] == "2027-03-02T00:00:00+00:00"
    assert lived.errs("audit", "--days", "3", "--since", "2027-03-02") == (
        2,
        ["--days and --since exclude each other"],
    )
    assert lived.errs("audit", "--since", "soon")[0] == 2
    assert lived.types("audit", "--days", "1").exit_code == 0


def test_a_pool_of_nobody_is_clean(house: Hand) -> None:
    result = house.types("audit")
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr.endswith(": no messages; nothing wrong\n")
