"""The journal is read as a file is: by a real journalctl, out of what a private journald was told."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.need import missing, wait_until
from tests.servers import Servers
from warmup.mta import JOURNAL, LogError
from warmup.mta.piece import PIECE

from .lines import entries, following

JOURNALD = Path("/lib/systemd/systemd-journald")


class Journal:
    """A journald with a /run of its own, and a journalctl in front of the machine's that reads its journal."""

    def __init__(self) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="journal-"))
        self.servers = Servers(self.root / "start")

    def start(self) -> None:
        for name in ("run/log/journal", "run/systemd/journal", "bin"):
            (self.root / name).mkdir(parents=True)
        self.instead(f'exec {shutil.which("journalctl")} --directory={self.root}/run/log/journal "$@"')
        script = f"mount --bind {self.root}/run /run && exec {JOURNALD}"
        self.servers.start("/usr/bin/unshare", "--mount", "/bin/sh", "-c", script)
        wait_until(self._listens, "the journal listens")

    def instead(self, script: str) -> None:
        """What is run as journalctl."""
        tool = self.root / "bin" / "journalctl"
        tool.write_text(f"#!/bin/sh\n{script}\n")
        tool.chmod(0o755)

    def stop(self) -> None:
        self.servers.stop()
        shutil.rmtree(self.root)

    def write(self, *wanted: tuple[str, str], facility: int = 2) -> None:
        """Returns when all can be read."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as wire:
            wire.connect(str(self.root / "run/systemd/journal/socket"))
            end = secrets.token_hex(8)
            for identifier, words in [*wanted, ("test", end)]:
                message = words.encode("utf-8", "surrogateescape")
                head = f"SYSLOG_FACILITY={facility}\nSYSLOG_IDENTIFIER={identifier}\nMESSAGE\n".encode()
                wire.send(head + len(message).to_bytes(8, "little") + message + b"\n")
        wait_until(lambda: end.encode() in self.newest(), "the journal has it")

    def newest(self) -> bytes:
        """The last end that was written; journald has things of its own to say at any time."""
        tool = self.root / "bin" / "journalctl"
        return subprocess.run([tool, "--identifier=test", "--lines=1"], capture_output=True, check=True).stdout

    def _listens(self) -> bool:
        self.servers.check()
        return (self.root / "run/systemd/journal/socket").is_socket()


@pytest.fixture
def journal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Journal]:
    if not JOURNALD.exists() or os.geteuid() != 0:
        missing("a private journald needs Debian's systemd, and root")
    if subprocess.run(["/usr/bin/unshare", "--mount", "true"], check=False).returncode:
        missing("a private journald needs a mount namespace, which isn't permitted here")
    journal = Journal()
    try:
        journal.start()
        monkeypatch.setenv("PATH", f"{journal.root}/bin:{os.environ['PATH']}")
        yield journal
    finally:
        journal.stop()


async def test_what_the_journal_gets_is_told_once_and_after_a_restart_it_goes_on(journal: Journal) -> None:
    old, new, late = (entries(name) for name in ("old", "new", "late"))
    journal.write(*old, late[0])
    follower = following(JOURNAL)
    told, mark = await follower.read(None)
    assert told == []
    assert mark is not None
    journal.write(*new, facility=3)
    assert await follower.read(mark) == ([], None)  # not the mail facility's
    journal.write(new[0], ("postfix/smtp", f"{new[1][1]} \udcff"), ("cron", new[1][1]))
    told, then = await follower.read(mark)
    assert [one.message_id for one in told] == ["<new@alpha.test>"]
    assert then is not None
    journal.write(late[1])
    told, last = await following(JOURNAL).read(then)
    assert [one.message_id for one in told] == ["<late@alpha.test>"]
    assert await follower.read(last) == ([], None)


async def test_a_journal_without_mail_yet_is_read_from_its_beginning(journal: Journal) -> None:
    follower = following(JOURNAL)
    _, mark = await follower.read(None)
    assert mark is not None
    journal.write(*entries("new"))
    told, _ = await follower.read(mark)
    assert len(told) == 1


async def test_a_long_journal_is_read_in_pieces(journal: Journal) -> None:
    follower = following(JOURNAL)
    _, mark = await follower.read(None)
    noise = ("postfix/smtpd", "x" * 60_000)
    journal.write(*entries("one"), *[noise] * (PIECE // 60_000 + 3), *entries("two"))
    names = []
    while mark is not None:
        told, mark = await follower.read(mark)
        names.append([one.message_id for one in told])
    assert names == [["<one@alpha.test>"], ["<two@alpha.test>"], []]


@pytest.mark.parametrize(
    ("script", "text"),
    [
        (
            "echo 'No journal files were opened due to insufficient permissions.' >&2; exit 1",
            "permission denied; make the daemon's user a member of the group systemd-journal",
        ),
        ("echo 'No journal files were found.' >&2", "can't be read: No journal files were found."),
        ("exit 3", "can't be read: status 3"),
    ],
)
async def test_a_journal_that_cannot_be_read_is_the_operators_to_mend(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, text: str
) -> None:
    (tmp_path / "journalctl").write_text(f"#!/bin/sh\n{script}\n")
    (tmp_path / "journalctl").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(LogError, match=text):
        await following(JOURNAL).read(None)


async def test_a_machine_without_journal_says_what_else_can_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(LogError, match="can't be run: No such file or directory; set log in"):
        await following(JOURNAL).read(None)


async def test_a_journalctl_that_never_ends_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "journalctl").write_text("#!/bin/sh\nexec /bin/sleep 60\n")
    (tmp_path / "journalctl").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("warmup.mta.journal.PATIENCE", 0.1)
    with pytest.raises(LogError, match="no end after"):
        await following(JOURNAL).read(None)
