"""A new user's machine: an empty folder, an empty home, and the servers of `warmup sandbox` as a process."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .hand import Hand, Process, Servers

SETTINGS = """
database = "sqlite:///warmup.db"
credentials = "credentials"
[ramp]
jitter = 0
[hours]
days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
from = "00:00"
to = "23:59"
[smtp]
connect = "5s"
command = "5s"
[imap]
connect = "5s"
command = "5s"
[service]
stop_within = "1s"
planner = "1s"
sender = "1s"
reader = "1s"
"""

# What would make a command behave otherwise here than elsewhere.
_ENVIRONMENT = (
    "WARMUP_CONFIG",
    "XDG_CONFIG_HOME",
    "XDG_STATE_HOME",
    "STATE_DIRECTORY",
    "CREDENTIALS_DIRECTORY",
    "JOURNAL_STREAM",
    "NOTIFY_SOCKET",
    "COLUMNS",
    "LINES",
    "NO_COLOR",
    "FORCE_COLOR",
)


@pytest.fixture
def hand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Hand:
    """Somebody at a terminal in an empty folder."""
    for name in _ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TZ", "Europe/Berlin")
    folder = tmp_path / "folder"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return Hand(folder)


@pytest.fixture(scope="session")
def pattern(tmp_path_factory: pytest.TempPathFactory, servers: Servers) -> Path:
    """Two folders to be copied: `house` and `pool`."""
    folder = tmp_path_factory.mktemp("pattern")
    for name in ("house", "pool"):
        file = folder / name / "warmup.toml"
        file.parent.mkdir()
        file.write_text(SETTINGS)
        hand = Hand(file.parent)
        hand.does("init", str(file))
        if name == "pool":
            hand.does("mailbox", "import", str(servers.csv), "--config", str(file))
    return folder


@pytest.fixture
def house(hand: Hand, pattern: Path) -> Hand:
    """With a configuration, and a database in the same folder."""
    shutil.copytree(pattern / "house", hand.folder, dirs_exist_ok=True)
    return hand


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """Servers that behave."""
    with sandbox(tmp_path_factory.mktemp("servers")) as ready:
        yield ready


@pytest.fixture
def pool(hand: Hand, pattern: Path) -> Hand:
    """With the six mailboxes of the servers registered as well."""
    shutil.copytree(pattern / "pool", hand.folder, dirs_exist_ok=True)
    return hand


@pytest.fixture
def process(hand: Hand) -> Iterator[Callable[..., Process]]:
    """Starts `warmup …` as a process, which ends with the test."""
    started: list[Process] = []

    def start(*arguments: str) -> Process:
        started.append(Process(*arguments))
        return started[-1]

    yield start
    for one in started:
        one.end()


def sandbox(folder: Path, *arguments: str) -> Servers:
    process = Process("sandbox", "--pool", str(folder / "pool.csv"), "--ledger", str(folder / "ledger"), *arguments)
    process.says("accounts in")
    with (folder / "pool.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    return Servers(process, folder, rows)
