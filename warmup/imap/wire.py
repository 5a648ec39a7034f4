"""aioimaplib's protocol, with the cures for what it can't bear.

Kept of it: commands and their checks, tags, the table of states. Replaced, because each was seen to fail:

* It reads responses by recursion, and 1,100 lines in one read exhaust the stack; it tells where a FETCH ends by
  counting parentheses, and one in a subject swallows the lines after it. Here lines and literals are taken from a
  buffer in a loop, and a response ends where its line ends.
* A connection that is lost fails no command that waits. Here it fails the one in hand.
* Commands of one name at the same time deadlock. Here those that are said at once may be answered in any order, as
  RFC 3501 §5.5 has it; what isn't tagged belongs to the first that isn't answered yet.
* A greeting of BYE, a `+` other than APPEND's, and lines that nobody asked for are lost. Here the greeting is the
  answer to a command that was never sent, and every `+` takes the next of what is owed.
* Each command has a clock of its own, set anew at each line. Here the connection has one (`warmup.deadline`), and a
  command costs a third less.
* What is sent is spelled out for the log even when nobody logs.
* Nothing is bounded. Here lines, literals and the whole answer to a command are, and how many large ones there may be
  at once.

Owns: framing, whose turn it is, limits of size, keeping a deadline. Does not own: how long a deadline is, words for
what went wrong (`warmup.imap.line`).
Sources: RFC 3501 §2.2 (tags, `+`, `*`), §4.3 (literals), §7.1.5 (BYE), §7.5; RFC 7888 (`{n+}`); aioimaplib 2.0.3,
exactly.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections import deque
from collections.abc import Iterable, Set
from typing import NamedTuple
from weakref import WeakSet

from aioimaplib import AUTH, LOGOUT, NONAUTH, SELECTED, Abort, AioImapException, Commands, IMAP4ClientProtocol

from warmup.deadline import Deadline

# It logs all that is sent and received, mail and challenges included.
logging.getLogger("aioimaplib.aioimaplib").disabled = True

_LINE = 2_000_000  # octets of a line: a search that finds 100,000 messages is answered in one of half that
_ANSWER = 40_000_000  # octets of all that answers one command: the largest mail that providers take (25 MB) in base64
_MUCH = 2_000_000  # octets of an answer that is a large one
_LARGE = 5  # large answers at once, of all connections together; a guess: 200 MB
_KEEPING = 250  # octets that a line takes in memory beside its text; a line counts as that much more
_SMALL = 4096  # octets, as LITERAL- has it
_LITERAL = re.compile(rb"\{(\d+)\}$")
_BREAKS = re.compile(r"[\x00\r\n]")
# A status ends in text for people, in which "{5}" is no literal.
_STATUS = re.compile(rb"\+|\S+ (?:OK|NO|BAD|BYE|PREAUTH)\b", re.IGNORECASE)
_BYE = re.compile(rb"BYE(?: |\Z)", re.IGNORECASE)
_LEADS_TO = {
    "GREETING": NONAUTH,
    "LOGIN": AUTH,
    "AUTHENTICATE": AUTH,
    "SELECT": SELECTED,
    "EXAMINE": SELECTED,
    "LOGOUT": LOGOUT,
}


_large: WeakSet[Wire] = WeakSet()  # those on which a large answer is coming in


def literal(octets: bytes, offers: Set[str]) -> str:
    """How octets that come last in a command are announced: they go along with it if the server offers to take that."""
    at_once = "LITERAL+" in offers or ("LITERAL-" in offers and len(octets) <= _SMALL)
    return f"{{{len(octets)}{'+' if at_once else ''}}}"


class Said(NamedTuple):  # not a dataclass: most of what is made here are these, and it takes half as long
    """A line of the server without its tag; its literals stand apart, and `{n}` where they were."""

    text: bytes
    literals: tuple[bytes, ...] = ()

    def __repr__(self) -> str:  # literals are people's mail
        return f"Said(text={self.text!r})"


class Command:
    """A command that is to be answered within so many `seconds`, and all that the server says to it, the tagged line
    last.

    Raises `ValueError` for an argument that would end the line.
    """

    def __init__(self, name: str, tag: str, *arguments: str, prefix: str | None = None, seconds: float) -> None:
        self.name = name
        self.seconds = seconds
        self.tag = tag.encode()
        self.text = " ".join((tag, prefix, name, *arguments) if prefix else (tag, name, *arguments))
        if _BREAKS.search(self.text):
            raise ValueError(f"an argument of {name} has a NUL, CR or LF")
        self.said: list[Said] = []
        self.answered = False


class Wire(IMAP4ClientProtocol):  # type: ignore[misc]
    """One connection. `execute` is to be called by one task at a time, and not again after it failed."""

    transport: asyncio.Transport | None
    pending_sync_command: Command | None
    state: str

    def __init__(self) -> None:
        super().__init__(asyncio.get_running_loop())
        self._deadline = Deadline(self.loop, self._late)  # of the command in hand
        self.farewell: bytes | None = None  # the server's BYE
        self.broken: Exception | None = None  # why nothing more can be said
        self._buffer = bytearray()
        self._scanned = 0  # octets of the buffer that hold no end of a line
        self._parts: list[bytes] = []  # of a response that isn't whole yet
        self._literals: list[bytes] = []
        self._coming: int | None = None  # octets of the literal that comes next
        self._heard = 0  # octets since our last turn
        self._owed: deque[bytes] = deque()
        # "* OK ready" has the form of an answer to a command with the tag "*".
        self.greeting = Command("GREETING", "*", seconds=0)
        self._next: deque[Command] = deque()  # those that were said along with the one in hand
        self._done: asyncio.Future[None] = self.loop.create_future()  # all that was said is answered
        self.pending_sync_command = self.greeting

    async def greeted(self, seconds: float) -> None:
        """Until the server has said what it says first. Raises as `execute` does."""
        if not self._done.done():
            self._deadline.within(seconds)
        await self._done

    async def execute(self, *commands: Command, owed: Iterable[bytes] = ()) -> None:
        """Say all of them at once and have them answered; each `+` is given the next of what is `owed`, and so is a
        command that ends in a literal `{n+}`, for which the server isn't waited for (RFC 7888).

        Raises what broke the connection, TimeoutError when one isn't answered within its `seconds` after the one
        before, or `Abort` when the server doesn't speak IMAP.
        """
        assert self.pending_sync_command is None, "one task at a time"
        assert self.transport is not None
        state = self.state
        for command in commands:
            assert state in Commands[command.name].valid_states, f"{command.name} in state {state}"
            state = _LEADS_TO.get(command.name, state)
        self._heard = 0
        self._owed = deque(owed)
        self._done = self.loop.create_future()
        self._next = deque(commands)
        self._go_on()
        self.transport.write(b"".join(self._spoken(command) for command in commands))
        await self._done

    def _spoken(self, command: Command) -> bytes:
        line = command.text.encode() + b"\r\n"
        return line + self._owed.popleft() if self._owed and line.endswith(b"+}\r\n") else line

    def _go_on(self) -> None:
        """With the next command, if there is one."""
        self.pending_sync_command = self._next.popleft() if self._next else None
        if self.pending_sync_command is not None:
            self._deadline.within(self.pending_sync_command.seconds)
            return
        self._deadline.met()
        if not self._done.done():  # else whoever waited was cancelled
            self._done.set_result(None)

    def _late(self) -> None:
        self._break(TimeoutError())

    def data_received(self, d: bytes) -> None:
        self._heard += len(d)
        self._buffer += d
        try:
            if self._plain():
                self._take_lines()
            else:
                while self._take():
                    pass
            self._bound()
        except AioImapException as error:
            self._break(error)

    def _bound(self) -> None:
        if self._heard > _ANSWER:
            raise Abort("an answer without end")
        if self._heard > _MUCH and self.pending_sync_command is not None:
            _large.add(self)
            if len(_large) > _LARGE:
                raise Abort("a large answer, and too many others at this moment")

    def connection_lost(self, exc: Exception | None) -> None:
        self._break(exc or ConnectionResetError())

    def drop(self) -> None:
        """Hang up without a word."""
        self._break(ConnectionAbortedError())

    def _break(self, error: Exception) -> None:
        self.broken = self.broken or error
        self._buffer.clear()
        _large.discard(self)
        self._deadline.stop()
        self.pending_sync_command = None
        self._next.clear()
        if not self._done.done():
            self._done.set_exception(error)
        if self.transport is not None:
            self.transport.abort()

    def _plain(self) -> bool:
        """Whether what has come is nothing but whole lines without a literal, as most of it is; not where what comes
        after a line may not be read.
        """
        between = self._coming is None and not self._parts and not self.broken
        starting = self.pending_sync_command is not None and self.pending_sync_command.name == "STARTTLS"
        return between and not starting and self._buffer.endswith(b"\r\n") and b"}\r\n" not in self._buffer

    def _take_lines(self) -> None:
        lines = bytes(self._buffer).split(b"\r\n")
        self._buffer.clear()
        self._scanned = 0
        for line in lines[:-1]:
            if len(line) >= _LINE:
                raise Abort("a line without end")
            self._heard += _KEEPING
            self._hear(line)

    def _take(self) -> bool:
        """Take one line or literal from what has come; False if none is whole."""
        if self.broken:
            return False
        if self._coming is not None:
            if len(self._buffer) < self._coming:
                return False
            self._literals.append(self._cut(self._coming))
            self._coming = None
            return True
        end = self._buffer.find(b"\r\n", self._scanned, _LINE)
        if end < 0:
            if len(self._buffer) >= _LINE:
                raise Abort("a line without end")
            self._scanned = max(0, len(self._buffer) - 1)  # its last may be half an end
            return False
        self._scanned = 0
        self._parts.append(self._cut(end))
        del self._buffer[:2]
        self._heard += _KEEPING
        self._coming = self._announced()
        if self._coming is None:
            line, literals = b"".join(self._parts), tuple(self._literals)
            self._parts, self._literals = [], []
            self._hear(line, literals)
        return True

    def _cut(self, length: int) -> bytes:
        octets = bytes(self._buffer[:length])
        del self._buffer[:length]
        return octets

    def _announced(self) -> int | None:
        """The length of the literal that follows the line just taken; None: the response is whole."""
        literal = None if _STATUS.match(self._parts[0]) else _LITERAL.search(self._parts[-1])
        if literal is None:
            return None
        if len(literal[1]) > len(str(_ANSWER)) or int(literal[1]) > _ANSWER:
            raise Abort("a literal without end")
        return int(literal[1])

    def _hear(self, line: bytes, literals: tuple[bytes, ...] = ()) -> None:
        tag, _, text = line.partition(b" ")
        command = self.pending_sync_command
        if command is not None and tag == command.tag:
            self._conclude(command, text)
        elif early := next((other for other in self._next if other.tag == tag), None):
            self._conclude(early, text)
        elif tag == b"*":
            if _BYE.match(text):
                self.farewell = text
            if command is not None:
                command.said.append(Said(text, literals))
        elif tag == b"+" and self._owed and self.transport is not None:
            self.transport.write(self._owed.popleft())
        else:
            raise Abort("an answer to nothing that was asked")

    def _conclude(self, command: Command, text: bytes) -> None:
        result = text.partition(b" ")[0].decode("ascii", "replace").upper()
        if result not in {"OK", "NO", "BAD"} and (command is not self.greeting or result != "BYE"):
            raise Abort("an answer that is neither yes nor no")  # PREAUTH among them: it would prove no login
        if command.name == "STARTTLS" and result == "OK":
            assert self.transport is not None
            self.transport.pause_reading()  # what comes now is for TLS
            if self._buffer:
                raise Abort("more was said before TLS than was asked for")
        if result == "OK":
            self.state = _LEADS_TO.get(command.name, self.state)
        self._owed.clear()
        _large.discard(self)
        command.said.append(Said(text))
        command.answered = True
        if command is self.pending_sync_command:
            self._go_on()
        else:
            self._next.remove(command)
