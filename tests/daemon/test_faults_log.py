"""Whoever reads the log may be slow, gone or out of room: the daemon works on, and says later what it couldn't say."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

import pytest

from warmup.daemon.log import Fact, Level, lines

from .service import NOON, due, serving
from .world import World


@dataclass
class Pipe:
    """Standard error, once a test has said so; pytest puts its own there before each."""

    reading: int
    writing: int
    stream: TextIO
    open: set[int] = field(default_factory=set)

    def fill(self) -> None:
        """Nobody has read for long."""
        os.set_blocking(self.writing, False)
        for size in (65536, 1):
            try:
                while True:
                    os.write(self.writing, b"x" * size)
            except BlockingIOError:
                pass
        os.set_blocking(self.writing, True)

    def read(self) -> str:
        """All there is."""
        os.set_blocking(self.reading, False)
        heard = b""
        try:
            while piece := os.read(self.reading, 65536):
                heard += piece
        except BlockingIOError:
            pass
        return heard.decode().lstrip("x")

    def close(self, end: int) -> None:
        if end in self.open:
            self.open.remove(end)
            os.close(end)


@pytest.fixture
def pipe(monkeypatch: pytest.MonkeyPatch) -> Iterator[Pipe]:
    monkeypatch.setattr("warmup.daemon.log._PATIENCE", 0.05)
    reading, writing = os.pipe()
    pipe = Pipe(reading, writing, os.fdopen(writing, "w", closefd=False), {reading, writing})
    yield pipe
    for end in (reading, writing):
        pipe.close(end)


def fact(number: int, text: str = "") -> Fact:
    return Fact(NOON, Level.INFO, "sent", {"number": number, "text": text or None})


def test_a_pipe_that_nobody_reads_is_not_waited_for_and_what_was_left_out_is_told(
    pipe: Pipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", pipe.stream)
    tell = lines("text", journal=False)
    tell(fact(1))
    pipe.fill()
    for number in range(2, 1002):
        tell(fact(number))
    pipe.read()
    tell(fact(1002))
    tell(fact(1003))
    stamp = "2026-03-02T11:00:00Z"
    assert pipe.read().splitlines() == [
        f"{stamp} unheard lines=1000",
        f"{stamp} sent number=1002",
        f"{stamp} sent number=1003",
    ]


def test_a_line_longer_than_a_pipe_takes_at_once_arrives_whole_or_is_left_out(
    pipe: Pipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", pipe.stream)
    tell = lines("json", journal=True)
    tell(fact(1, "y" * 20_000))
    assert len(pipe.read()) > 20_000
    tell(fact(2, "y" * 200_000))  # more than the pipe holds
    pipe.read()
    tell(fact(3))
    assert '"unheard", "lines": 1' in pipe.read()


def test_a_reader_that_is_gone_is_no_trouble(pipe: Pipe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", pipe.stream)
    pipe.close(pipe.reading)
    lines("text", journal=False)(fact(1))


def test_a_full_disk_under_the_log_is_no_trouble(pipe: Pipe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", pipe.stream)
    with open("/dev/full", "wb") as full:
        os.dup2(full.fileno(), pipe.writing)
    lines("text", journal=False)(fact(1))


@pytest.mark.parametrize("closed", ["before the start", "later"])
def test_a_standard_error_that_is_closed_is_no_trouble(
    closed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with (tmp_path / "log").open("w") as stream:
        pass
    monkeypatch.setattr(sys, "stderr", None if closed == "before the start" else stream)
    lines("text", journal=False)(fact(1))
    assert capsys.readouterr().out == ""


async def test_a_daemon_whose_log_nobody_reads_sends_on(
    tmp_path: Path, pipe: Pipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", pipe.stream)
    pipe.fill()
    tell: Callable[[Fact], None] = lines("text", journal=False)
    async with World(tmp_path, size=3) as world:
        due(world, list(world.pool), NOON)
        world.clock.jump(NOON)
        async with serving(world, tell) as service:
            await service.hears("sent", 3)
        assert len(world.servers.ledger.accepted) == 3
        pipe.read()
        tell(fact(1))
        assert " unheard lines=" in pipe.read()
        world.check_laws()
