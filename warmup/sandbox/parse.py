"""What an IMAP client says: from bytes to whole commands, and from a command to its parts. No I/O.

`Framer` finds where a command ends, `Cursor` reads it from left to right. A command stays one piece of bytes, with its
literals in place, so that any cutting of the stream gives the same commands.

Owns: the grammar, its bounds. Does not own: what a command means (`warmup.sandbox.imap` and its verbs).
Sources: RFC 3501 §9 (grammar), §4.3 (literals), RFC 7888 (LITERAL+).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta, timezone

LINE = 2**16  # octets between line breaks; RFC 7162 §4 asks for 8,192
COMMAND = 32 * 2**20  # octets, literals included
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

_ANNOUNCED = re.compile(rb"\{(\d{1,10})(\+?)\}\Z")
_SPACE = re.compile(rb" ")
_TAG = re.compile(rb'[^\x00-\x20(){%*"\\+\x7f-\xff]+')
_ATOM = re.compile(rb'[^\x00-\x20(){%*"\\\]\x7f-\xff]+')
_ASTRING = re.compile(rb'[^\x00-\x20(){%*"\\\x7f-\xff]+')
_PATTERN = re.compile(rb'[^\x00-\x20(){"\\\x7f-\xff]+')
_FLAG = re.compile(rb'\\?[^\x00-\x20(){%*"\\\]\x7f-\xff]+')
_QUOTED = re.compile(rb'"((?:[^"\\\r\n\x00]|\\["\\])*)"')
_ESCAPED = re.compile(rb"\\(.)")
_LITERAL = re.compile(rb"\{(\d{1,10})\+?\}\r?\n")
_SET = re.compile(rb"(?:[1-9]\d{0,9}|\*)(?::(?:[1-9]\d{0,9}|\*))?(?:,(?:[1-9]\d{0,9}|\*)(?::(?:[1-9]\d{0,9}|\*))?)*")
_NUMBER = re.compile(rb"\d{1,10}")
_DATE = re.compile(rb'("?)(\d{1,2})-([A-Za-z]{3})-(\d{4})\1')
_MOMENT = re.compile(rb'"([ \d]\d)-([A-Za-z]{3})-(\d{4}) (\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)"')

_KNOWN_FLAGS = {
    flag.lower(): flag
    for flag in ("\\Seen", "\\Answered", "\\Flagged", "\\Deleted", "\\Draft", "$Junk", "$NotJunk", "$Forwarded")
}
SYSTEM_FLAGS = tuple(flag for flag in _KNOWN_FLAGS.values() if flag.startswith("\\"))


class Malformed(Exception):
    """What the client said isn't IMAP, or not of the kind spoken here: BAD."""


class TooLong(Exception):
    """A line or a command out of bounds: what follows can't be told from its rest, so the connection is over."""


class Ask:
    """The client waits to be asked for its literal."""


ASK = Ask()


class Framer:
    """Bytes in, whole commands out, without their last line break."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._at = 0  # where the line under way begins

    def feed(self, data: bytes) -> None:
        self._buffer += data

    def next(self) -> bytes | Ask | None:
        """A command, `ASK`, or None: more is needed. Raises `TooLong`."""
        while True:
            end = self._buffer.find(b"\n", self._at)
            if (len(self._buffer) if end < 0 else end) - self._at > LINE:
                raise TooLong
            if end < 0:
                return None
            announced = _ANNOUNCED.search(self._buffer[self._at : end].removesuffix(b"\r"))
            if announced is None:
                command = bytes(self._buffer[:end]).removesuffix(b"\r")
                del self._buffer[: end + 1]
                self._at = 0
                return command
            self._at = end + 1 + int(announced[1])
            if self._at > COMMAND:
                raise TooLong
            if not announced[2]:
                return ASK


class Numbers:
    """A set of sequence numbers or UIDs, such as `1:4,7,9:*`."""

    def __init__(self, text: str) -> None:
        self._ranges = [part.partition(":") for part in text.split(",")]

    def among(self, known: Iterable[int], last: int) -> list[int]:
        """Those of `known` that are in the set; `*` is `last`. Their order stays."""
        bounds = []
        for one, colon, other in self._ranges:
            ends = sorted(last if end == "*" else int(end) for end in (one, other if colon else one))
            bounds.append((ends[0], ends[1]))
        return [number for number in known if any(low <= number <= high for low, high in bounds)]


class Cursor:
    """A command, read from left to right. Every method raises `Malformed` if something else stands there."""

    def __init__(self, command: bytes) -> None:
        self._command = command
        self._at = 0

    def accept(self, pattern: re.Pattern[bytes]) -> re.Match[bytes] | None:
        """What stands there, if it is this; else nothing has been read."""
        found = pattern.match(self._command, self._at)
        if found is not None:
            self._at = found.end()
        return found

    def expect(self, pattern: re.Pattern[bytes], what: str) -> re.Match[bytes]:
        found = self.accept(pattern)
        if found is None:
            raise Malformed(f"{what} expected")
        return found

    def skip(self, mark: bytes) -> bool:
        """Whether this stood there, and has been read."""
        seen = self._command.startswith(mark, self._at)
        self._at += len(mark) if seen else 0
        return seen

    def mark(self, mark: bytes) -> None:
        if not self.skip(mark):
            raise Malformed(f"{mark.decode()} expected")

    def space(self) -> None:
        self.expect(_SPACE, "space")

    def end(self) -> None:
        if self._at != len(self._command):
            raise Malformed("something follows that doesn't belong there")

    def tag(self) -> str:
        return self.expect(_TAG, "tag")[0].decode()

    def atom(self) -> str:
        return self.expect(_ATOM, "atom")[0].decode()

    def number(self) -> int:
        return int(self.expect(_NUMBER, "number")[0])

    def numbers(self) -> Numbers:
        return Numbers(self.expect(_SET, "set of numbers")[0].decode())

    def numbers_if_any(self) -> Numbers | None:
        found = self.accept(_SET)
        return None if found is None else Numbers(found[0].decode())

    def string(self) -> bytes:
        """Quoted or literal."""
        quoted = self.accept(_QUOTED)
        return self.literal() if quoted is None else _ESCAPED.sub(rb"\1", quoted[1])

    def literal(self) -> bytes:
        start = self.expect(_LITERAL, "string")
        end = start.end() + int(start[1])
        if end > len(self._command):
            raise Malformed("a literal that is cut short")
        self._at = end
        return self._command[start.end() : end]

    def astring(self) -> bytes:
        found = self.accept(_ASTRING)
        return self.string() if found is None else found[0]

    def folder(self) -> str:
        """A folder's name as it goes over the wire, in modified UTF-7 that isn't looked into."""
        return _name(self.astring())

    def pattern(self) -> str:
        """A folder's name that may hold % and *."""
        found = self.accept(_PATTERN)
        return _name(self.string() if found is None else found[0])

    def flags_if_any(self) -> list[str] | None:
        """In parentheses, possibly none; None: something else stands there, and nothing has been read."""
        if not self.skip(b"("):
            return None
        flags: list[str] = []
        while not self.skip(b")"):
            if flags:
                self.space()
            flags.append(self.flag())
        return flags

    def flag(self) -> str:
        flag = self.expect(_FLAG, "flag")[0].decode()
        if flag.startswith("\\") and flag.lower() not in _KNOWN_FLAGS:
            raise Malformed(f"{flag} can't be stored")
        return _KNOWN_FLAGS.get(flag.lower(), flag)

    def date(self) -> date:
        found = self.expect(_DATE, "date")
        try:
            return date(int(found[4]), _month(found[3]), int(found[2]))
        except ValueError as error:
            raise Malformed(f"no such date: {error}") from error

    def moment_if_any(self) -> datetime | None:
        """An instant, in UTC; None: something else stands there, and nothing has been read."""
        found = self.accept(_MOMENT)
        if found is None:
            return None
        day, month, year, hour, minute, second, sign, hours, minutes = found.groups()
        offset = timedelta(hours=int(hours), minutes=int(minutes)) * (-1 if sign == b"-" else 1)
        try:
            clock = (int(hour), int(minute), int(second))
            local = datetime(int(year), _month(month), int(day), *clock, tzinfo=timezone(offset))
            return local.astimezone(UTC)
        except (ValueError, OverflowError) as error:
            raise Malformed(f"no such date: {error}") from error


def moment(at: datetime) -> str:
    """An instant as IMAP writes it."""
    at = at.astimezone(UTC)
    return f'"{at:%d}-{MONTHS[at.month - 1]}-{at.year:04} {at:%H:%M:%S} +0000"'


def quoted(name: str) -> str:
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _month(name: bytes) -> int:
    return MONTHS.index(name.decode().capitalize()) + 1


def _name(name: bytes) -> str:
    if not name.isascii() or any(sign < 32 for sign in name):
        raise Malformed("the name of a folder is printable ASCII (modified UTF-7)")
    return name.decode()
