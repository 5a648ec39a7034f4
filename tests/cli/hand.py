"""The hand that types commands: in this process where that does, else in one of its own, or at a terminal."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import threading
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from typer.testing import CliRunner, Result

from tests.need import wait_until
from warmup.cli import app

WARMUP = (sys.executable, "-m", "warmup")


class Hand:
    """Types commands in `folder`, which is where the test is."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def types(self, *arguments: str, stdin: str | None = None) -> Result:
        return CliRunner().invoke(app, list(arguments), input=stdin, prog_name="warmup")

    def does(self, *arguments: str, stdin: str | None = None) -> str:
        """What a command says that must succeed."""
        result = self.types(*arguments, stdin=stdin)
        assert result.exit_code == 0, result.output
        return result.stdout

    def reads(self, *arguments: str) -> Any:
        """What a command says as JSON."""
        return json.loads(self.does(*arguments, "--json"))

    def errs(self, *arguments: str, stdin: str | None = None) -> tuple[int, list[str]]:
        """How a command fails: its exit code, and the lines it says to that, without what begins each."""
        result = self.types(*arguments, stdin=stdin)
        assert result.exit_code != 0, result.output
        lines = result.stderr.splitlines()
        assert all(line.startswith("warmup: ") for line in lines), result.output
        return result.exit_code, [line.removeprefix("warmup: ") for line in lines]


class Process:
    """A command as a process of its own; `told` is what it has said so far on both outputs."""

    def __init__(self, *arguments: str) -> None:
        self._process = subprocess.Popen(
            (*WARMUP, *arguments), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self.told = ""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    def says(self, words: str) -> None:
        """Returns when it has."""
        wait_until(lambda: words in self.told or self._process.poll() is not None, f"the process says {words!r}")
        self._reader.join(0 if self._process.poll() is None else 5)
        assert words in self.told, self.told

    def hears(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def ends(self, seconds: float = 20) -> int:
        """Its exit code, when it has ended by itself."""
        code = self._process.wait(seconds)
        self._reader.join(5)
        return code

    def end(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self.ends()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.told += line


@dataclass(frozen=True)
class Servers:
    """`warmup sandbox` at work. A context manager."""

    process: Process
    folder: Path
    rows: list[dict[str, str]]  # of its pool.csv

    @property
    def csv(self) -> Path:
        return self.folder / "pool.csv"

    @property
    def addresses(self) -> list[str]:
        return [row["address"] for row in self.rows]

    def options(self, row: dict[str, str]) -> list[str]:
        """The servers, as `mailbox add` takes them."""
        smtp, imap = ("--smtp", row["smtp"]), ("--imap", row["imap"])
        return [*smtp, "--smtp-security", "plain", *imap, "--imap-security", "plain"]

    def accepted(self) -> list[dict[str, str]]:
        """The messages the ledger has."""
        entries = [json.loads(line) for line in (self.folder / "ledger").read_text().splitlines()]
        return [entry for entry in entries if entry["event"] == "accepted"]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.end()


def _reachable_by_ctrl_c() -> None:
    """In the child: the terminal is its own, and SIGINT isn't ignored, as it is where the tests run in the background
    of a shell.
    """
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Terminal:
    """A command on a terminal of its own. A context manager; `told` is all that was on the screen."""

    def __init__(self, *arguments: str, columns: int = 80) -> None:
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        self._process = subprocess.Popen(
            (*WARMUP, *arguments),
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=dict(os.environ),  # and not what readline has put beside it: COLUMNS of the tester's own terminal
            start_new_session=True,
            preexec_fn=_reachable_by_ctrl_c,
        )
        os.close(slave)
        self.told = ""

    @property
    def pid(self) -> int:
        return self._process.pid

    def says(self, words: str) -> None:
        wait_until(lambda: words in self._look(), f"the terminal says {words!r}, not only {self.told!r}")

    def types(self, keys: str) -> None:
        """Once a prompt has been said to its last blank: what is typed before a password's is thrown away."""
        os.write(self._master, keys.encode())

    def ends(self) -> int:
        wait_until(lambda: self._look() and self._process.poll() is not None, "the command on the terminal ends")
        self._look()
        return self._process.wait()

    def _look(self) -> str:
        while select.select([self._master], [], [], 0)[0]:
            try:
                seen = os.read(self._master, 65536)
            except OSError:  # EIO: nobody holds the other end any more
                break
            self.told += seen.decode().replace("\r\n", "\n")
        return self.told

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        os.close(self._master)
