"""How commands end in a shell: pipes whose reader leaves, full disks, signals, completion, help."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from warmup.cli import app

from .hand import WARMUP, Hand


def every(command: Any, *path: str) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Each command and group, with the words that lead to it."""
    yield path, command
    for name, below in getattr(command, "commands", {}).items():
        yield from every(below, *path, name)


COMMANDS = dict(every(typer.main.get_command(app)))


@pytest.mark.parametrize(("path", "command"), COMMANDS.items(), ids=[" ".join(("warmup", *path)) for path in COMMANDS])
def test_help_says_what_a_command_does_and_what_each_option_means(
    hand: Hand, path: tuple[str, ...], command: Any
) -> None:
    said = hand.does(*path, "--help")
    assert said.startswith(f"Usage: {' '.join(('warmup', *path))}")
    summary = command.help.partition("\n")[0]
    assert summary.endswith("."), summary
    assert not [line for line in said.splitlines() if len(line) > 80]
    mute = [option.name for option in command.params if not option.help and option.name not in {"help"}]
    assert not mute, mute


def test_the_list_of_commands_cuts_no_sentence_short(hand: Hand) -> None:
    for path in ((), ("mailbox",), ("curve",)):
        assert "..." not in hand.does(*path, "--help").partition("Commands:")[2]


def test_without_a_command_there_is_help_and_wrong_usage(hand: Hand) -> None:
    for path in ((), ("mailbox",)):
        result = hand.types(*path)
        assert result.exit_code == 2
        assert "Commands:" in result.stderr


def test_the_version_is_told(hand: Hand) -> None:
    assert hand.does("--version").startswith("warmup 0.")


def test_a_reader_that_leaves_a_pipe_is_no_error(hand: Hand) -> None:
    for arguments in (("curve", "preview", "steady", "--days", "400"), ("mailbox", "set", "--help")):
        reader, writer = os.pipe()
        os.close(reader)
        done = subprocess.run((*WARMUP, *arguments), stdout=writer, stderr=subprocess.PIPE, text=True, check=False)
        os.close(writer)
        assert (done.returncode, done.stderr) == (1, ""), arguments


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk_is_told(hand: Hand) -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run((*WARMUP, "curve", "list"), stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "warmup: [Errno 28] No space left on device\n")


def test_a_bug_ends_with_a_traceback_that_shows_no_variables(hand: Hand, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(*_: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr("warmup.cli.curve.settings", crash)
    result = hand.types("curve", "list")
    assert isinstance(result.exception, RuntimeError)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_can_be_taught_to_complete(hand: Hand, monkeypatch: pytest.MonkeyPatch, shell: str) -> None:
    # Typer guesses the shell from the processes above, and takes its name only where it is told not to.
    monkeypatch.setenv("_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION", "1")
    assert "_WARMUP_COMPLETE" in hand.does("--show-completion", shell)


def test_commands_are_completed(hand: Hand) -> None:
    words = {"COMP_WORDS": "warmup mailbox re", "COMP_CWORD": "2", "_WARMUP_COMPLETE": "complete_bash"}
    done = subprocess.run(WARMUP, env=os.environ | words, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["remove", "resume"]
