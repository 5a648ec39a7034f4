"""A power failure: with the process dies all of the database that wasn't on the disk yet.

On the disk is what was in the files when a work had the disk called the last time. Nothing of what came after that may
be there again, though some of it might: that is the worst that can happen (a file's last commits are lost from the last
one backwards).

Owns: what is on the disk. Does not own: who dies when (`tests.crash.siege`).
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from warmup.store.writer import Writer

_PARTS = ("", "-wal")  # SQLite makes the third file, -shm, anew


class Disk:
    """Of a database in a file, which nobody is writing to; `folder` is for what is on the disk of it."""

    def __init__(self, file: Path, folder: Path) -> None:
        self._file = file
        self._folder = folder
        self._number = 0

    def call(self) -> None:
        """All of it is on the disk from now on."""
        self._number += 1
        unfinished = self._folder / "unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)  # of a process that was killed while it was at it
        unfinished.mkdir(parents=True)
        for part in self._there():
            shutil.copy(part, unfinished)
        unfinished.rename(self._folder / f"{self._number}")
        shutil.rmtree(self._folder / f"{self._number - 1}", ignore_errors=True)

    def fail(self) -> None:
        """What isn't on it is gone."""
        for part in (*self._there(), self._file.with_name(f"{self._file.name}-shm")):
            part.unlink(missing_ok=True)
        last = max((one for one in self._folder.iterdir() if one.name.isdigit()), key=lambda one: int(one.name))
        self._number = int(last.name)
        for part in last.iterdir():
            shutil.copy(part, self._file.parent)

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Inside, the store's works have it called, but for the light ones."""
        attempt = Writer._try

        def tried(writer: Writer, batch: Sequence[Any], *, patient: bool) -> Any:
            done = attempt(writer, batch, patient=patient)
            if done == (True, None) and not all(job.light for job in batch):
                self.call()
            return done

        with patch.object(Writer, "_try", tried):
            yield

    def _there(self) -> list[Path]:
        parts = [self._file.with_name(f"{self._file.name}{part}") for part in _PARTS]
        return [part for part in parts if part.exists()]
