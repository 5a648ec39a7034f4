"""Servers that misbehave as they are told to.

    [[fault]]
    stage = "mail"                  # connect, ehlo, auth, mail, rcpt, data, dot; IMAP's: login, select, fetch
    sender = "*@a.example"          # who signed in, or MAIL FROM; not known at connect and ehlo
    recipient = "*@b.example"       # at rcpt, data and dot
    on = 2026-03-04                 # a day in UTC; or from = … and until = …, instants with an offset
    times = 3                       # how often it strikes; without it: always
    say = "421 4.7.0 Try again later"
    manner = "close"                # answer, close, drop, hang, garbage, flood, lost

`say` is the server's line, several parted by LF; of IMAP without its tag ("NO [AUTHENTICATIONFAILED] no", "BYE busy").

Owns: what a fault is, reading a script of them, when one strikes and how often it did. Does not own: acting it out
(`warmup.sandbox.smtp`, `warmup.sandbox.imap`).
"""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any

from warmup.model import Stage

GARBAGE = b"\x16\x03\x01\x00\xff\xfe\x80 \x1b[2J(\x00\r\n"  # neither a reply, nor UTF-8, nor safe for a terminal
_FLOOD = 10 * 2**20  # octets without a line break: more than any client should keep


class Manner(StrEnum):
    """How a fault shows."""

    ANSWER = "answer"  # say it and go on
    CLOSE = "close"  # say it and close: what comes with a 421 and a BYE
    DROP = "drop"  # close without a word
    HANG = "hang"  # say nothing until the client leaves
    GARBAGE = "garbage"  # bytes that make no sense, then silence
    FLOOD = "flood"  # a line of 10 MiB, then silence
    LOST = "lost"  # at dot: take the message, and close without the 250


_IMAP = (Stage.LOGIN, Stage.SELECT, Stage.FETCH)  # fetch is any command on messages
_STAGES = (Stage.CONNECT, Stage.EHLO, Stage.AUTH, Stage.MAIL, Stage.RCPT, Stage.DATA, Stage.DOT, *_IMAP)
_NO_SENDER = (Stage.CONNECT, Stage.EHLO)
_RECIPIENT = (Stage.RCPT, Stage.DATA, Stage.DOT)
_SPOKEN = (Manner.ANSWER, Manner.CLOSE)
_KEYS = {"from": "since"}  # where a word of Python stands in the way
_TYPES: dict[str, type] = {"times": int, "on": date, "since": datetime, "until": datetime}


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that goes wrong at a stage. ValueError, naming the key, if it makes no sense."""

    stage: Stage
    say: str = ""
    manner: Manner | None = None  # None: what comes with such a line
    sender: str = "*"  # shell patterns, in any case
    recipient: str = "*"
    on: date | None = None  # in UTC
    since: datetime | None = None
    until: datetime | None = None  # not any more from then on
    times: int | None = None

    def __post_init__(self) -> None:
        wrong = {
            "stage": self.stage not in _STAGES,
            "say": bool(self.say) != (self.acts in _SPOKEN) or (self.stage in _IMAP and not self._is_imap()),
            "manner": self.acts is Manner.LOST and self.stage is not Stage.DOT,
            "sender": self.sender != "*" and self.stage in _NO_SENDER,
            "recipient": self.recipient != "*" and self.stage not in _RECIPIENT,
            "from": self.since is not None and self.since.tzinfo is None,
            "until": self.until is not None and self.until.tzinfo is None,
            "times": self.times is not None and self.times < 1,
        }
        right = {
            "stage": f"must be one of {', '.join(_STAGES)}",
            "say": "goes with the manners answer and close only; of IMAP it is NO, BAD or BYE with a text",
            "manner": "lost is for the stage dot",
            "sender": "isn't known yet at connect and ehlo",
            "recipient": "is known at rcpt, data and dot only",
            "from": "needs an offset from UTC",
            "until": "needs an offset from UTC",
            "times": "must be 1 or more",
        }
        for key, is_wrong in wrong.items():
            if is_wrong:
                raise ValueError(f"{key}: {right[key]}")

    def _is_imap(self) -> bool:
        return not self.say or self.say.startswith(("NO ", "BAD ", "BYE "))

    @property
    def acts(self) -> Manner:
        """The manner given, or the one that comes with what is said."""
        return self.manner or (Manner.CLOSE if self.say.startswith(("421", "BYE")) else Manner.ANSWER)

    def fits(self, now: datetime, stage: Stage, sender: str, recipients: Sequence[str]) -> bool:
        return (
            stage is self.stage
            and (self.on is None or self.on == now.astimezone(UTC).date())
            and (self.since is None or self.since <= now)
            and (self.until is None or now < self.until)
            and _like(sender, self.sender)
            and (self.recipient == "*" or any(_like(recipient, self.recipient) for recipient in recipients))
        )


class Faults:
    """A script of faults, and how often each has struck. The first that fits strikes; two that are equal are one."""

    def __init__(self, script: Iterable[Fault], clock: Callable[[], datetime]) -> None:
        self.script = list(script)
        self.struck: Counter[Fault] = Counter()
        self._clock = clock

    def strike(self, stage: Stage, sender: str, recipients: Sequence[str]) -> Fault | None:
        for fault in self.script:
            spent = fault.times is not None and self.struck[fault] >= fault.times
            if not spent and fault.fits(self._clock(), stage, sender, recipients):
                self.struck[fault] += 1
                return fault
        return None


def load(text: str) -> tuple[Fault, ...]:
    """The faults in a script. ValueError naming the fault, by its number, and the key."""
    script = tomllib.loads(text)
    tables = script.pop("fault", [])
    if script or not isinstance(tables, list):
        raise ValueError(f"{next(iter(script), 'fault')}: a fault script is made of [[fault]] tables only")
    return tuple(_fault(number, table) for number, table in enumerate(tables, 1))


def flood() -> Iterator[bytes]:
    """The line, in pieces, so that a thousand of them at once don't fill the memory."""
    piece = b"2" * 2**16
    yield from (piece for _ in range(_FLOOD // len(piece)))
    yield b"\r\n"


def _fault(number: int, table: object) -> Fault:
    try:
        if not isinstance(table, dict):
            raise ValueError("fault: must be a table")
        if "stage" not in table:
            raise ValueError("stage: is missing")
        return Fault(**{_KEYS.get(str(key), str(key)): _value(str(key), value) for key, value in table.items()})
    except ValueError as error:
        raise ValueError(f"fault {number}: {error}") from error


def _value(key: str, value: object) -> Any:
    field = _KEYS.get(key, key)
    if key in _KEYS.values() or field not in {known.name for known in fields(Fault)}:
        raise ValueError(f"{key}: there is no such key")
    kind = _TYPES.get(field, str)
    if type(value) is not kind:  # a bool is an int, and a datetime a date
        raise ValueError(f"{key}: must be of type {kind.__name__}, not {type(value).__name__}")
    words = {"stage": Stage, "manner": Manner}.get(field)
    if words is None:
        return value
    if value not in list(words):
        raise ValueError(f"{key}: must be one of {', '.join(words)}")
    return words(str(value))


def _like(address: str, pattern: str) -> bool:
    return fnmatchcase(address.lower(), pattern.lower())
