"""What an operator sees when the database is taken from under the daemon: one line, an exit code, and nothing in its
place.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from .hand import Hand, Process

Start = Callable[..., Process]


def last(daemon: Process) -> str:
    assert "Traceback" not in daemon.told, daemon.told
    return daemon.told.splitlines()[-1]


def test_a_database_deleted_under_the_daemon_ends_it_and_no_daemon_starts_without_it(
    pool: Hand, process: Start
) -> None:
    path = pool.folder / "warmup.db"
    daemon = process("run")
    daemon.says("started")
    kept = path.rename(pool.folder / "kept.db")
    assert daemon.ends() == 74
    assert last(daemon) == (
        f"warmup: {path}: was deleted or replaced while it was in use; put it back, or: warmup restore"
    )
    code, (line,) = pool.errs("run")
    assert (code, path.exists()) == (74, False)
    assert line.startswith(f"{path}: there was a database, and it is gone; put it back, or: warmup restore; ")
    code, _ = pool.errs("init")
    assert (code, path.exists()) == (74, False)
    kept.rename(path)
    assert len(pool.reads("mailbox", "list")) == 6


def test_a_database_that_was_damaged_is_told_by_the_daemon_and_every_command(pool: Hand) -> None:
    path = Path("warmup.db")
    path.write_bytes(path.read_bytes()[:8192] + b"\xa5" * 100_000)
    for command in ("run", "status", "mailbox list"):
        code, (line,) = pool.errs(*command.split())
        assert (code, line) == (74, f"{path.absolute()}: database disk image is malformed")
