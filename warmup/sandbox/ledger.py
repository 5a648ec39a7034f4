"""What really happened, as the servers saw it: one JSON line per message accepted and per change made over IMAP.

A line is written before the client is answered, so that a client killed in between is judged by it.

Owns: the lines, and the same in memory. Does not own: deciding what is worth a line (`warmup.sandbox.post`).
"""

from __future__ import annotations

import errno
import json
from dataclasses import asdict, dataclass
from datetime import datetime
from io import FileIO
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """A message was taken for a recipient. Its line's `event` is "accepted"."""

    at: datetime
    sender: str
    recipient: str
    message_id: str
    folder: str  # where it was put
    size: int  # octets as submitted


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A client changed something over IMAP."""

    at: datetime
    event: str  # seen, flagged, unflagged, moved, copied, appended, expunged
    account: str
    message_id: str
    folder: str  # where the message was, or was appended
    detail: str = ""  # the flags, or the folder it went to


class Ledger:
    """Lists in memory and, with a `path`, lines appended to a file. OSError if that can't be written."""

    def __init__(self, path: Path | None = None) -> None:
        self.accepted: list[Accepted] = []
        self.changes: list[Change] = []
        self._path = path
        self._file: FileIO | None = None

    def open(self) -> None:
        if self._path is not None:
            # Unbuffered: a line that couldn't be written mustn't come out later, when its message has been refused.
            self._file = self._path.open("ab", buffering=0)

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def accept(self, accepted: Accepted) -> None:
        self._write({"event": "accepted", **asdict(accepted)})
        self.accepted.append(accepted)

    def change(self, change: Change) -> None:
        self._write(asdict(change))
        self.changes.append(change)

    def _write(self, entry: dict[str, object]) -> None:
        if self._file is not None:
            line = json.dumps(entry, default=datetime.isoformat).encode() + b"\n"
            if self._file.write(line) != len(line):
                raise OSError(errno.ENOSPC, "only a part of a line could be written", str(self._path))
