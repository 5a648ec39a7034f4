"""Wrong input of every kind: one line that says what happened and what to do, and an exit code; never a traceback."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from .hand import Hand, Servers

ANN = "ann.bell@northpost.test"

WRONG = {
    "gibberish": "No such command 'gibberish'; see warmup --help",
    "plan --dat today": "plan: No such option: --dat (Possible options: --database, --date); see warmup plan --help",
    "mailbox add": "mailbox add: Missing argument 'ADDRESS'; see warmup mailbox add --help",
    "mailbox add ann": "'ann' is not an address: ",
    "mailbox add ann@x.test --smtp host:port": "--smtp 'host:port': write HOST or HOST:PORT",
    "mailbox add ann@x.test --imap [::1": "--imap '[::1': write HOST or HOST:PORT",
    "mailbox add ann@x.test --smtp-security ssl": "mailbox add: Invalid value for '--smtp-security': ",
    "mailbox add ann@x.test --zone Berlin": "'Berlin' is no time zone; write one like Europe/Berlin",
    "mailbox add ann@x.test --curve stedy": "there is no curve 'stedy'; did you mean steady?",
    "mailbox add ann@x.test --provider a/b": "'a/b' is no provider; write a name like google, or a domain",
    "mailbox add ann@x.test --name a\x1b[2J": "'a\\x1b[2J' is no name; write it on one line",
    "mailbox add ann@x.test": "ann@x.test: no terminal to ask for the password; use --password-file FILE or -",
    "mailbox add ann@x.test --password-file none": "ann@x.test: the password can't be read from none: No such file",
    f"mailbox add {ANN} --password-file -": f"{ANN} is registered already; `warmup mailbox set` changes it",
    "mailbox show nobody@x.test": "there is no mailbox nobody@x.test; warmup mailbox list shows them",
    f"mailbox set {ANN}": f"{ANN}: nothing to change; `warmup mailbox set --help` shows what can be",
    f"mailbox set {ANN} --curve nope": "there is no curve 'nope'; ",
    f"mailbox set {ANN} --zone nope": "'nope' is no time zone",
    f"mailbox pause {ANN} --for 2": "--for is '2'; write a time with its unit",
    f"mailbox pause {ANN} --until tomorrow": "'tomorrow' is no date; write 2026-11-30",
    f"mailbox pause {ANN} --until 2020-01-01": "--until 2020-01-01: that is over; write a day to come",
    f"mailbox pause {ANN} --until 2099-01-01 --for 2d": "--until or --for, not both",
    "mailbox import none.csv": "none.csv: can't be read: No such file or directory",
    "curve show nope": "there is no curve 'nope'; ",
    "curve show sparkpost-daily": "the curve 'sparkpost-daily' is made for an IP address; set cap in [ramp]",
    "curve preview steady --days 0": "curve preview: Invalid value for '--days': ",
    "plan --date 30.11.2026": "--date '30.11.2026': write it like 2026-11-30",
    f"explain {ANN} --date x": "--date 'x': write it like 2026-11-30",
    f"explain {ANN} --date 2020-01-01": f"{ANN} has no plan for 2020-01-01: ",
    "log -n 0": "log: Invalid value for '--limit' / '-n': ",
    "run --until 2099-01-01": "--start and --until go with --jump",
    "run --jump": "--jump wants --until DATE, later than it starts",
    "run --jump --until 2020-01-01": "--jump wants --until DATE, later than it starts",
    "run --jump --until soon": "'soon' is no date; ",
    "sandbox --faults none.toml": "none.toml: can't be read: No such file or directory",
    "sandbox --faults warmup.toml": "warmup.toml: database: a fault script is made of [[fault]] tables only",
    "demo --mailboxes 3": "demo: Invalid value for '--mailboxes': ",
    "demo --keep .": ". holds an earlier demo; name another folder, or remove it",
}


@pytest.mark.parametrize(("command", "told"), WRONG.items(), ids=WRONG)
def test_wrong_input_is_told_in_one_line(pool: Hand, command: str, told: str) -> None:
    code, lines = pool.errs(*command.split(" "))
    assert len(lines) == 1, lines
    assert lines[0].startswith(told), lines
    assert code == (1 if command.startswith(f"explain {ANN} --date 2020") else 2)


def test_a_configuration_that_is_named_and_missing_is_told(hand: Hand, monkeypatch: pytest.MonkeyPatch) -> None:
    assert hand.errs("status", "-c", "none.toml") == (
        78,
        ["none.toml: there is no such file (--config); `warmup init` writes one"],
    )
    monkeypatch.setenv("WARMUP_CONFIG", "other.toml")
    assert hand.errs("status")[1][0].startswith("other.toml: there is no such file ($WARMUP_CONFIG)")


@pytest.mark.parametrize(
    ("database", "told"),
    {
        "none.db": "none.db: there is no database; create it with: warmup init",
        "letter.txt": "letter.txt: file is not a database",
        ".": "is a directory; the database is a file in it",
        "mysql://ann:hunter2@h/x": "a mysql database can't be used; give a path (SQLite) or postgresql://USER@HOST/NAME",
        "postgresql://ann:hunter2@127.0.0.1:1/x": "postgresql://127.0.0.1:1/x: connection ",
    }.items(),
)
def test_a_database_that_cannot_be_used_is_told(hand: Hand, database: str, told: str) -> None:
    Path("letter.txt").write_text("Dear Ann,\n" * 200)
    code, lines = hand.errs("status", "--database", database)
    assert (code, len(lines)) == (74, 1)
    assert told in lines[0]
    assert "hunter2" not in lines[0]


def test_a_server_that_is_not_there_is_told_with_its_address(house: Hand) -> None:
    servers = ("--smtp", "127.0.0.1:1", "--smtp-security", "plain", "--imap", "127.0.0.1")
    code, lines = house.errs("mailbox", "add", "ann@x.test", *servers, "--password-file", "-", stdin="word")
    assert (code, len(lines)) == (77, 1)
    assert lines[0].startswith("ann@x.test: submission at 127.0.0.1:1 (plain): ")


def test_the_port_says_which_security_is_meant(house: Hand) -> None:
    told = {}
    for port in ("587", "465"):
        _, lines = house.errs(
            "mailbox",
            "add",
            "a@x.test",
            "--smtp",
            f"[::1]:{port}",
            "--imap",
            "[::1]",
            "--password-file",
            "-",
            stdin="w",
        )
        told[port] = lines[0].partition(": ")[2].partition(": ")[0]
    assert told == {"587": "submission at [::1]:587 (starttls)", "465": "submission at [::1]:465 (tls)"}


def test_a_mailbox_test_that_fails_says_for_whom(pool: Hand, servers: Servers) -> None:
    ann, ben = servers.addresses[:2]
    (pool.folder / "credentials" / ann).write_text("wrong")
    (pool.folder / "credentials" / ben).unlink()
    result = pool.types("mailbox", "test", "--json")
    assert result.exit_code == 77
    assert {row["address"]: row["works"] for row in json.loads(result.stdout)} == {
        address: address not in {ann, ben} for address in servers.addresses
    }


def test_jumping_is_refused_where_a_server_is_elsewhere(pool: Hand, servers: Servers) -> None:
    with sqlite3.connect("warmup.db") as database:
        database.execute("UPDATE mailbox SET imap_host = 'imap.example.org' WHERE address = ?", (servers.addresses[0],))
    database.close()
    code, lines = pool.errs("run", "--jump", "--until", "2099-01-01")
    assert code == 2
    assert "isn't on this machine, and --jump sends fast" in lines[0]
