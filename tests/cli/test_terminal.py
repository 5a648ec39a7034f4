"""What is seen at a terminal: prompts that don't echo, Ctrl-C, tables that fit."""

from __future__ import annotations

import pytest

from .hand import Hand, Servers, Terminal


def test_the_password_is_asked_for_and_not_shown(house: Hand, servers: Servers) -> None:
    row = servers.rows[0]
    with Terminal("mailbox", "add", row["address"], *servers.options(row)) as terminal:
        terminal.says(f"Password of {row['address']}: ")
        terminal.types(row["password"] + "\n")
        assert terminal.ends() == 0
        assert f"{row['address']}: registered" in terminal.told
        assert row["password"] not in terminal.told
    assert house.reads("mailbox", "test")[0]["works"] is True


@pytest.mark.parametrize("keys", ["\x03", "\x04"], ids=["ctrl-c", "ctrl-d"])
def test_leaving_a_prompt_ends_the_command_as_interrupted(house: Hand, servers: Servers, keys: str) -> None:
    row = servers.rows[0]
    with Terminal("mailbox", "add", row["address"], *servers.options(row)) as terminal:
        terminal.says(f"Password of {row['address']}: ")
        terminal.types(keys)
        assert terminal.ends() == 130
        assert terminal.told.splitlines()[1:] == ["warmup: interrupted"]
    assert house.reads("mailbox", "list") == []


def test_purging_asks_first(pool: Hand, servers: Servers) -> None:
    address = servers.addresses[0]
    question = f"Erase {address} and its whole history? [y/N]: "
    with Terminal("mailbox", "purge", address) as terminal:
        terminal.says(question)
        terminal.types("n\n")
        assert terminal.ends() == 1
        assert "warmup: nothing was erased" in terminal.told
    with Terminal("mailbox", "purge", address) as terminal:
        terminal.says(question)
        terminal.types("y\n")
        assert terminal.ends() == 0
    assert len(pool.reads("mailbox", "list", "--removed")) == 5


def test_watching_goes_on_until_ctrl_c(pool: Hand, servers: Servers) -> None:
    with Terminal("status", "--watch") as terminal:
        terminal.says(servers.addresses[-1])
        pool.does("mailbox", "pause", servers.addresses[0], "--why", "on holiday")
        terminal.says("on holiday")
        terminal.types("\x03")
        assert terminal.ends() == 130
        assert "Traceback" not in terminal.told


@pytest.mark.parametrize(
    ("command", "columns"), [("status", 60), ("mailbox list", 60), ("curve list", 60), ("log", 80)]
)
def test_a_table_fits_the_terminal(pool: Hand, servers: Servers, command: str, columns: int) -> None:
    pool.does("mailbox", "pause", servers.addresses[0], "--for", "2h")
    with Terminal(*command.split(), columns=columns) as terminal:
        assert terminal.ends() == 0
        table = terminal.told.partition("\n\n")[0].splitlines()
    assert max(map(len, table)) <= columns + len("\x1b[1m\x1b[0m") * table[0].count("\x1b[1m")
    if command in {"status", "mailbox list"}:
        assert {line.split()[0] for line in table[1:]} == set(servers.addresses)


def test_a_wide_terminal_shows_all_columns_and_a_narrow_one_the_weightiest(pool: Hand) -> None:
    seen = {}
    pool.does("pauses", "add", "--domain", "northpost.test")
    for columns in (60, 140):
        with Terminal("status", columns=columns) as terminal:
            terminal.ends()
            heading = terminal.told.splitlines()[0].replace("\x1b[1m", "").replace("\x1b[0m", "")
            seen[columns] = heading.split()
    assert seen[60] == ["MAILBOX", "TODAY", "HELD", "NEXT", "TRY"]
    everything = "MAILBOX DAY TODAY SENT REPLIES INBOX HEALTH HELD NEXT TRY CAUSE TOP"
    assert seen[140] == everything.split()


def test_no_color_means_none(pool: Hand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    with Terminal("status", columns=100) as terminal:
        assert terminal.ends() == 0
    colors = [f"\x1b[{number}m" for number in (*range(30, 38), *range(90, 98))]
    assert not [color for color in colors if color in terminal.told]
