"""Files for one user's eyes, written whole or not at all.

Owns: permissions, owners, atomic writes, one writer at a time. Does not own: what is in the files.
Sources: rename(2), flock(2), open(2) (O_NOFOLLOW).
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

from warmup.errors import SecretError

_OTHERS = 0o077  # every permission of group and world
_PIECE = 65536  # octets that are read at once: all there are
_UNFINISHED = ".warmup-unfinished"  # one is enough: writers wait for each other


def private(path: Path) -> bytes:
    """What is in a file. Raises `SecretError` if others may read or write it, or it is theirs; OSError as `open` does,
    also for a symbolic link.
    """
    # O_NONBLOCK: a named pipe mustn't keep us waiting.
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        # Of the open file, not of the path: nobody can change it in between.
        refuse_others(path, os.fstat(descriptor), "600")
        return b"".join(iter(partial(os.read, descriptor, _PIECE), b""))
    finally:
        os.close(descriptor)


def refuse_others(path: Path, status: os.stat_result, mode: str) -> None:
    """Raise `SecretError`, with the command that mends it, unless the file is this user's (or root's) alone."""
    if status.st_uid not in {os.geteuid(), 0}:
        raise SecretError(f"{path} belongs to another user, uid {status.st_uid}; run this as that one, or chown it")
    if status.st_mode & _OTHERS:
        raise SecretError(f"{path} is open to other users; chmod {mode} {path}")


@contextmanager
def writing(directory: Path) -> Iterator[None]:
    """While this process alone writes in `directory`, which is made if need be. Ends with the process, however that
    ends.
    """
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def write(path: Path, content: bytes) -> None:
    """The file appears whole and on the disk, or the old one stays (rename(2) is atomic). 0600, whatever the umask."""
    unfinished = path.with_name(_UNFINISHED)
    unfinished.unlink(missing_ok=True)  # of a writer that was killed
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with open(descriptor, "wb") as file:
            os.fchmod(descriptor, 0o600)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except BaseException:
        with suppress(OSError):
            unfinished.unlink()
        raise
    sync(path.parent)


def sync(directory: Path) -> None:
    """Have the disk know which files there are."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
