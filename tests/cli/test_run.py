"""`warmup run` as a process: one daemon per database, signals, and a configuration that is read again."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.need import wait_until

from .hand import Hand, Process, Servers

Start = Callable[..., Process]


def test_a_second_daemon_on_the_same_database_is_refused(pool: Hand, process: Start) -> None:
    first = process("run")
    first.says("started")
    code, lines = pool.errs("run")
    assert code == 74
    assert lines == [
        f"{pool.folder}/warmup.db: a daemon (process {first.pid}) is at work on this database; stop it first"
    ]
    assert pool.errs("run", "--jump", "--until", "2099-01-01")[0] == 74


def test_a_daemon_works_on_while_mailboxes_change(pool: Hand, process: Start, servers: Servers) -> None:
    daemon = process("run")
    daemon.says(f"planned mailbox={servers.addresses[0]}")
    pool.does("mailbox", "remove", servers.addresses[1])
    row = servers.rows[1]
    pool.does("mailbox", "add", row["address"], *servers.options(row), "--password-file", "-", stdin=row["password"])
    wait_until(lambda: {row["why"] for row in pool.reads("status")} == {""}, "its new day is planned too")


def on(loop: str) -> None:
    with Path("warmup.toml").open("a") as file:
        file.write(f'event_loop = "{loop}"\n')  # its last section is [service]


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_daemon_ends_well_when_it_is_told_to(pool: Hand, process: Start, number: signal.Signals, loop: str) -> None:
    on(loop)
    daemon = process("run")
    daemon.says(f"loop={loop}")
    daemon.hears(number)
    assert daemon.ends() == 0
    assert [line.split()[1] for line in daemon.told.splitlines()][-2:] == ["stopping", "stopped"]


def test_a_loop_that_is_not_installed_is_told_in_one_line(house: Hand, monkeypatch: pytest.MonkeyPatch) -> None:
    on("uvloop")
    monkeypatch.setitem(sys.modules, "uvloop", None)
    monkeypatch.delitem(sys.modules, "warmup.daemon.uv", raising=False)
    assert house.errs("run") == (
        78,
        ['service.event_loop is "uvloop", which isn\'t installed; install warmup[speed]'],
    )


def test_a_configuration_is_read_again_and_a_wrong_one_refused(pool: Hand, process: Start) -> None:
    daemon = process("run", "--json")
    daemon.says("started")
    file = Path("warmup.toml")
    good = file.read_text()
    file.write_text(f"{good}\n[mail]\nflagged = 5\n")
    daemon.hears(signal.SIGHUP)
    daemon.says("reload-refused")
    file.write_text(f"{good}\n[mail]\nflagged = 0.5\n")
    daemon.hears(signal.SIGHUP)
    daemon.says('"reloaded"')
    daemon.hears(signal.SIGTERM)
    assert daemon.ends() == 0
    facts = [json.loads(line) for line in daemon.told.splitlines()]
    refused = next(fact for fact in facts if fact["event"] == "reload-refused")
    line = len(good.splitlines()) + 3
    assert refused["why"] == f"warmup.toml:{line}: mail.flagged: is 5; write a number from 0 to 1"
    assert refused["kept"]
    assert refused["level"] == "error"


def test_a_wrong_configuration_starts_no_daemon(pool: Hand) -> None:
    with Path("warmup.toml").open("a") as file:
        file.write("\n[mail]\nflagged = 5\n")
    code, lines = pool.errs("run")
    assert (code, len(lines)) == (78, 1)
    assert ": mail.flagged: is 5; " in lines[0]


def test_the_sandbox_ends_when_it_is_told_to(hand: Hand, process: Start) -> None:
    sandbox = process("sandbox", "--mailboxes", "2")
    sandbox.says("2 accounts in pool.csv")
    assert Path("pool.csv").stat().st_mode & 0o777 == 0o600
    sandbox.hears(signal.SIGTERM)
    assert sandbox.ends() == 0


def test_the_sandbox_says_when_a_port_is_taken(hand: Hand, servers: Servers) -> None:
    port = servers.rows[0]["smtp"].partition(":")[2]
    code, lines = hand.errs("sandbox", "--smtp-port", port)
    assert (code, len(lines)) == (2, 1)
    assert lines[0].startswith("the sandbox can't start: ")
