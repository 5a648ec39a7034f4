"""A log file, which is moved away or emptied from time to time.

A file is known by how it begins, and an empty one by its inode: with logrotate's `copytruncate` it is a copy that goes
on being the old log, and the inode of a log that was deleted is soon another's. Once something else is at the path, the
old one is sought beside it and read to its end; it is left for the new one when that has something in it, since a
syslog daemon writes on in the old one until it is told. A log that was compressed before it was read is lost.

Owns: finding lines in files. Does not own: what is in them.
Sources: logrotate(8): create, copytruncate, dateext, delaycompress.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from warmup.throttle.mtalog import MailLog, Told

from .piece import PIECE, LogError, Place

HEAD = 256  # bytes that a file is known by: its first lines, with their stamps


class File:
    """The log at a path, and those that were there before it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def begin(self, place: Place | None, log: MailLog) -> Place:
        with self._found(place) as (file, at):
            file.seek(max(0, at - PIECE))
            _hear(file.read(min(at, PIECE)), log)
            return Place(_edition(file), str(at))

    async def read(self, place: Place, log: MailLog) -> tuple[list[Told], Place]:
        with self._found(place) as (file, at):
            told, then = _piece(file, at, log)
            ended = then.position == str(at) and not self._is_at_path(file)
        if ended and self._path.exists():
            with _opened(self._path) as file:
                return _piece(file, 0, log) if _size(file) else (told, then)
        return told, then

    @contextmanager
    def _found(self, place: Place | None) -> Iterator[tuple[BinaryIO, int]]:
        """The file that a place is in, and where in it: the new one's beginning if the old one is gone, its end if
        nothing has been read yet.
        """
        if place is None:
            with _opened(self._path) as file:
                yield file, _size(file)
        else:
            with _opened(next((path for path in self._candidates() if _is(path, place)), self._path)) as file:
                yield file, int(place.position) if _holds(file, place) else 0

    def _candidates(self) -> Iterator[Path]:
        yield self._path
        with suppress(OSError):
            yield from sorted(self._path.parent.glob(f"{self._path.name}?*"))

    def _is_at_path(self, file: BinaryIO) -> bool:
        with suppress(OSError):
            return os.path.samestat(os.fstat(file.fileno()), self._path.stat())
        return False


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise LogError(f"{path}: this is no file; set log in [mta] to the file that your MTA logs to")
        with path.open("rb") as file:
            yield file
    except FileNotFoundError as error:
        what = 'set log in [mta] to the file that your MTA logs to, or to "journal"'
        raise LogError(f"{path}: the MTA's log isn't there; {what}") from error
    except PermissionError as error:
        what = "make the daemon's user a member of the group that it belongs to (adm on Debian)"
        raise LogError(f"{path}: the MTA's log can't be read: permission denied; {what}") from error
    except OSError as error:
        raise LogError(f"{path}: the MTA's log can't be read: {error.strerror}; mend that") from error


def _is(path: Path, place: Place) -> bool:
    """Whether a place is in the file at a path."""
    with suppress(OSError):
        if path.is_file():
            with path.open("rb") as file:
                return _holds(file, place)
    return False


def _holds(file: BinaryIO, place: Place) -> bool:
    inode, length, digest = place.edition.split(":")
    there = _edition(file, int(length)).split(":")
    known = there[0] == inode or length != "0"
    return known and there[1:] == [length, digest] and _size(file) >= int(place.position)


def _edition(file: BinaryIO, length: int = HEAD) -> str:
    """INODE:LENGTH:DIGEST of what it begins with; a file that is short yet has a longer one later."""
    file.seek(0)
    head = file.read(length)
    return f"{os.fstat(file.fileno()).st_ino}:{len(head)}:{hashlib.blake2b(head, digest_size=8).hexdigest()}"


def _size(file: BinaryIO) -> int:
    return os.fstat(file.fileno()).st_size


def _piece(file: BinaryIO, at: int, log: MailLog) -> tuple[list[Told], Place]:
    """What is told from an offset on. A line that isn't finished waits, unless it is longer than any line is."""
    file.seek(at)
    piece = file.read(PIECE)
    end = piece.rfind(b"\n") + 1
    if not end and len(piece) == PIECE:
        end = PIECE
    told = _hear(piece[:end], log)
    return told, Place(_edition(file), str(at + end))


def _hear(piece: bytes, log: MailLog) -> list[Told]:
    lines = piece.decode("utf-8", "replace").split("\n")
    return [told for told in map(log.line, lines) if told is not None]
