"""The road of a new user, from an empty folder to the history of a pool."""

from __future__ import annotations

import csv
import io
import sqlite3
from pathlib import Path

import pytest

from .hand import Hand, Servers


def test_init_writes_a_configuration_and_makes_the_database_where_only_its_user_can_look(hand: Hand) -> None:
    said = hand.does("init")
    state = Path.home() / ".local/state/warmup"
    assert said.splitlines() == [
        "warmup.toml: written",
        f"{state}/warmup.db: the database is ready; passwords go to {state}/credentials",
        f"{state}/warmup.key: a new key, which the passwords are encrypted with; keep a copy of it, apart from them",
    ]
    modes = {path: path.stat().st_mode & 0o777 for path in (state, state / "warmup.db", state / "warmup.key")}
    assert list(modes.values()) == [0o700, 0o600, 0o600]
    assert hand.reads("check")[0] == {"what": "configuration", "fine": True, "says": "warmup.toml"}
    assert hand.reads("mailbox", "list") == []


def test_init_leaves_what_is_there_and_upgrades_the_database(house: Hand) -> None:
    before = [(house.folder / name).read_text() for name in ("warmup.toml", "warmup.key")]
    (house.folder / "warmup.db").unlink()
    assert "is there already, and stays as it is" in house.does("init")
    assert [(house.folder / name).read_text() for name in ("warmup.toml", "warmup.key")] == before
    assert house.reads("status") == []


def test_init_writes_where_it_is_told(hand: Hand, monkeypatch: pytest.MonkeyPatch) -> None:
    hand.does("init", "conf/mine.toml")
    monkeypatch.setenv("WARMUP_CONFIG", "named.toml")
    hand.does("init")
    assert {str(file) for file in Path().rglob("*.toml")} == {"conf/mine.toml", "named.toml"}


def test_a_mailbox_is_added_by_signing_in_to_both_its_servers(house: Hand, servers: Servers) -> None:
    row = servers.rows[0]
    address = row["address"]
    options = (*servers.options(row), "--zone", "Europe/Lisbon", "--curve", "logistic", "--provider", "Google")
    result = house.types("mailbox", "add", address, *options, "--password-file", "-", stdin=row["password"] + "\n")
    assert (result.exit_code, result.stdout) == (0, f"{address}: registered\n")
    assert f"{address}: signed in to {row['smtp']} (plain) and {row['imap']} (plain)" in result.stderr
    shown = house.reads("mailbox", "show", address)
    assert shown["held"] == []
    assert {key: shown[key] for key in ("name", "zone", "curve", "provider", "login")} == {
        "name": "Ann Bell",
        "zone": "Europe/Lisbon",
        "curve": "logistic",
        "provider": "google",
        "login": address,
    }


def test_a_mailbox_that_cannot_sign_in_is_not_registered(house: Hand, servers: Servers) -> None:
    row = servers.rows[0]
    Path("word").write_text("wrong\n")
    code, lines = house.errs("mailbox", "add", row["address"], *servers.options(row), "--password-file", "word")
    assert (code, len(lines)) == (77, 1)
    assert lines[0].startswith(f"{row['address']}: submission at {row['smtp']} (plain) refused '{row['address']}': ")
    assert house.reads("mailbox", "list") == []
    assert not list(house.folder.glob("credentials/*"))


def test_a_change_of_servers_or_password_is_tried_before_it_is_made(pool: Hand, servers: Servers) -> None:
    address = servers.addresses[0]
    before = pool.reads("mailbox", "show", address)
    for wrong in (("--imap", "127.0.0.1:1"), ("--login", "nobody"), ("--password-file", "-")):
        code, lines = pool.errs("mailbox", "set", address, *wrong, stdin="wrong")
        assert (code, len(lines)) == (77, 1)
    assert pool.reads("mailbox", "show", address) == before
    pool.does("mailbox", "set", address, "--name", "Ann of Bell", "--curve", "logistic", "--zone", "Asia/Tokyo")
    changed = {"name": "Ann of Bell", "curve": "logistic", "zone": "Asia/Tokyo"}
    assert pool.reads("mailbox", "show", address) == before | changed
    assert pool.reads("mailbox", "test", address)[0]["works"] is True


def test_what_is_exported_can_be_imported_once_passwords_are_added(pool: Hand, servers: Servers) -> None:
    rows = list(csv.DictReader(io.StringIO(pool.does("mailbox", "export"))))
    assert [row["address"] for row in rows] == sorted(servers.addresses)
    passwords = {row["address"]: row["password"] for row in servers.rows}
    Path("again.csv").write_text(
        "\n".join([",".join((*rows[0], "password")), *(",".join((*r.values(), passwords[r["address"]])) for r in rows)])
    )
    before = pool.reads("mailbox", "list")
    said = pool.does("mailbox", "import", "again.csv", "--database", "other.db")
    assert said == "6 mailboxes registered\n"
    after = pool.reads("mailbox", "list", "--database", "other.db")
    assert [row | {"added_at": None} for row in after] == [row | {"added_at": None} for row in before]


def test_a_pause_is_shown_until_it_is_lifted(pool: Hand, servers: Servers) -> None:
    address = servers.addresses[0]
    said = pool.does("mailbox", "pause", address, "--until", "2099-01-01", "--why", "on holiday")
    assert said == f"{address}: mailbox held by the operator until 2098-12-31 23:00Z: on holiday\n"  # its own midnight
    pool.does("mailbox", "pause", address, "--for", "2h")
    assert len(pool.reads("mailbox", "show", address)["held"]) == 2
    held = {row["mailbox"]: row["held_until"] for row in pool.reads("status")}
    assert held == dict.fromkeys(servers.addresses) | {address: "2098-12-31T23:00:00+00:00"}
    assert pool.does("mailbox", "resume", address) == f"{address}: 2 pauses lifted\n"
    assert pool.reads("mailbox", "show", address)["held"] == []
    assert [row["says"].partition(" until")[0] for row in pool.reads("log", address)] == [
        "mailbox held by the operator"
    ] * 2


def test_a_removed_mailbox_keeps_its_history_and_a_purged_one_does_not(pool: Hand, servers: Servers) -> None:
    gone, here, row = servers.addresses[0], servers.addresses[1:], servers.rows[0]
    pool.does("mailbox", "pause", gone)
    pool.does("mailbox", "remove", gone)
    assert [row["address"] for row in pool.reads("mailbox", "list")] == sorted(here)
    assert len(pool.reads("mailbox", "list", "--removed")) == 6
    assert len(pool.reads("log")) == 1
    assert not (pool.folder / "credentials" / gone).exists()
    assert pool.errs("mailbox", "show", gone)[0] == 2
    pool.does("mailbox", "add", gone, *servers.options(row), "--password-file", "-", stdin=row["password"])
    assert len(pool.reads("mailbox", "show", gone)["held"]) == 1
    assert pool.errs("mailbox", "purge", gone) == (
        2,
        ["there is no terminal to ask whether you are sure; --yes says that you are"],
    )
    pool.does("mailbox", "purge", gone, "--yes")
    assert len(pool.reads("mailbox", "list", "--removed")) == 5
    assert pool.reads("log") == []
    assert not (pool.folder / "credentials" / gone).exists()


def test_a_pool_lives_a_week_in_seconds_and_tells_of_it(pool: Hand, servers: Servers) -> None:
    address = servers.addresses[0]
    planned = pool.reads("plan", "--date", "2027-03-02")
    assert [day["date"] for day in planned["days"]] == ["2027-03-02"] * 6
    assert {day["slots"] for day in planned["days"]} == {2}
    assert len(planned["slots"]) == 12
    assert pool.reads("plan", "--date", "2027-03-02") == planned  # nothing was changed

    result = pool.types("run", "--jump", "--json", "--start", "2027-03-01", "--until", "2027-03-05")
    assert result.exit_code == 0, result.output
    assert result.stdout == ""
    assert '"event": "sent"' in result.stderr

    days = {row["date"]: row for row in pool.reads("plan", "--date", "2027-03-02")["days"]}
    told = pool.reads("explain", address, "--date", "2027-03-02")
    assert (told["allowance"], told["age"]) == (days["2027-03-02"]["allowance"], 1)
    assert told["sent"] <= told["allowance"]
    assert f"{address} on Tuesday 02 March 2027: sending day 2 of curve 'steady', 3 messages" in pool.does(
        "explain", address, "--date", "2027-03-02"
    )
    history = pool.reads("log", "--limit", "1000")
    assert [row["at"] for row in history] == sorted(row["at"] for row in history)
    accepted = {entry["message_id"] for entry in servers.accepted()}
    assert {row["message_id"] for row in history if row["state"] != "dropped"} <= accepted
    assert sum(row["sent"] for row in pool.reads("status")) == len([r for r in history if r["state"] != "dropped"])
    assert len(pool.reads("log", "-n", "3")) == 3


def test_output_in_a_pipe_is_lines_with_tabs(pool: Hand, servers: Servers) -> None:
    for command in (("status",), ("mailbox", "list"), ("mailbox", "test"), ("curve", "list"), ("check",)):
        lines = pool.does(*command).splitlines()
        assert len({line.count("\t") for line in lines}) == 1, command
        assert len(lines) > 6, command
    assert "\x1b" not in pool.does("status")


def test_curves_are_listed_shown_and_previewed(hand: Hand) -> None:
    listed = {row["name"]: row for row in hand.reads("curve", "list")}
    assert listed["steady"]["default"] is True
    shown = hand.reads("curve", "show", "steady")
    assert (shown["kind"], shown["ceiling"]) == ("linear", listed["steady"]["top"])
    assert shown["source"]
    previewed = hand.reads("curve", "preview", "steady", "--days", "7")
    assert [row["volume"] for row in previewed] == listed["steady"]["first_week"]


def test_status_of_a_day_not_yet_planned_says_so(pool: Hand) -> None:
    assert {(row["allowance"], row["day"], row["why"]) for row in pool.reads("status")} == {
        (None, None, "not planned yet")
    }


def test_a_newer_database_is_refused_by_every_command(pool: Hand, servers: Servers) -> None:
    with sqlite3.connect("warmup.db") as database:
        database.execute("UPDATE alembic_version SET version_num = 'r9999'")
    database.close()
    address = servers.addresses[0]
    for command in (
        ("init",),
        ("status",),
        ("log",),
        ("plan",),
        ("explain", address),
        ("mailbox", "list"),
        ("mailbox", "export"),
        ("mailbox", "import", str(servers.csv)),
        ("run",),
        ("run", "--jump", "--until", "2099-01-01"),
    ):
        code, lines = pool.errs(*command)
        assert (code, len(lines)) == (74, 1), command
        assert "r9999 is newer than this program; upgrade warmup" in lines[0]
