"""What a value may be: one reader for each kind, which makes a domain value of a TOML value or says what is right.

Owns: units, ranges and spellings. Does not own: which key has which kind (`warmup.config.sections`), or where it stands
(`warmup.config.document`).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import time, timedelta
from pathlib import Path as File
from typing import Any, TypeVar

from .lines import Path

T = TypeVar("T")

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")  # by date.weekday()

_UNITS = {"s": timedelta(seconds=1), "m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
_KINDS = {bool: "true or false", int: "a whole number", float: "a number", str: "text", list: "a list", dict: "a table"}


class Wrong(ValueError):
    """One or more mistakes, each with its place inside the value: (path, "what is wrong; what would be right")."""

    def __init__(self, *mistakes: tuple[Path, str]) -> None:
        super().__init__(*mistakes)
        self.mistakes = mistakes


def wrong(what: str) -> Wrong:
    return Wrong(((), what))


def kind(value: object) -> str:
    """What a TOML value is, in words."""
    return _KINDS.get(type(value), "a date or time")


def text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise wrong(f"is {_shown(value)}; write text in quotes, on one line and not empty")
    return value


def matching(pattern: str, what: str) -> Callable[[Any], str]:
    """Text of one form; `what` says which."""

    def read(value: Any) -> str:
        if not re.fullmatch(pattern, text(value)):
            raise wrong(f"{value!r} won't do; write {what}")
        return str(value)

    return read


def choice(*options: str) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        if value not in options:
            raise wrong(f"is {_shown(value)}; write one of {', '.join(options)}")
        return str(value)

    return read


def boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise wrong(f"is {_shown(value)}; write true or false")
    return value


def whole(least: int, most: int) -> Callable[[Any], int]:
    def read(value: Any) -> int:
        if type(value) is not int or not least <= value <= most:
            raise wrong(f"is {_shown(value)}; write a whole number from {least} to {most}")
        return value

    return read


def number(least: float, most: float) -> Callable[[Any], float]:
    def read(value: Any) -> float:
        if type(value) not in {int, float} or not least <= value <= most:
            raise wrong(f"is {_shown(value)}; write a number from {least:g} to {most:g}")
        return float(value)

    return read


def either(value: Any) -> float | int:
    """A float is a share, a whole number a count: 0.5 is half, 12 is twelve."""
    return whole(1, 10**9)(value) if type(value) is int else number(0.001, 1)(value)


def duration(least: str, most: str) -> Callable[[Any], timedelta]:
    """Both ends as they would be written in the file."""
    shortest, longest = _length(least), _length(most)

    def read(value: Any) -> timedelta:
        length = _length(value)
        if not shortest <= length <= longest:
            raise wrong(f'is {_shown(value)}; write "{least}" to "{most}"')
        return length

    return read


def clock(value: Any) -> time:
    """Time of day."""
    if not isinstance(value, str) or not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", value, re.ASCII):
        raise wrong(f'is {_shown(value)}; write a time of day, "00:00" to "23:59"')
    return time.fromisoformat(value)


def weekdays(value: Any) -> frozenset[int]:
    days = each(choice(*WEEKDAYS))(value)
    return frozenset(WEEKDAYS.index(day) for day in days)


def each(read: Callable[[Any], T]) -> Callable[[Any], tuple[T, ...]]:
    """A list of them, not empty."""

    def read_all(value: Any) -> tuple[T, ...]:
        if not isinstance(value, list) or not value:
            raise wrong(f"is {_shown(value)}; write a list in square brackets, with at least one value")
        return tuple(_all(read, enumerate(value)).values())

    return read_all


def entries(name: Callable[[Any], str], read: Callable[[Any], T]) -> Callable[[Any], dict[str, T]]:
    """A table with names of the operator's own choice."""

    def read_all(value: Any) -> dict[str, T]:
        if not isinstance(value, dict):
            raise wrong(f"is {kind(value)}; write a table in curly brackets, {{ name = value }}")
        _all(name, ((key, key) for key in value))
        return {name(key): entry for key, entry in _all(read, value.items()).items()}

    return read_all


def existing(base: File, *, folder: bool) -> Callable[[Any], File]:
    """A file or folder that is there, relative to `base`."""

    def read(value: Any) -> File:
        file, there = base / text(value), False
        with suppress(OSError):  # longer than a name may be
            there = file.is_dir() if folder else file.is_file()
        if not there:
            raise wrong(f"there is no {'folder' if folder else 'file'} {file}; write the path of one")
        return file

    return read


def address(port: int, like: str, least: int = 1) -> Callable[[Any], tuple[str, int]]:
    """An IP address and a port, `port` unless it names one; one of IPv6 that names one is in brackets."""

    def read(value: Any) -> tuple[str, int]:
        words = text(value)
        if words.startswith("["):
            host, _, named = words[1:].partition("]")
        else:
            host, _, named = words.partition(":") if words.count(":") == 1 else (words, "", "")
        try:
            number = int(named.removeprefix(":") or port)
            if not least <= number < 65536:
                raise ValueError
            return str(ipaddress.ip_address(host)), number
        except ValueError as error:
            raise wrong(f"{value!r} won't do; write an address, like {like}") from error

    return read


def path(base: File) -> Callable[[Any], File]:
    """A path, relative to `base`, at which there may be nothing yet."""
    return lambda value: base / text(value)


def _all(read: Callable[[Any], T], values: Iterable[tuple[Any, Any]]) -> dict[Any, T]:
    """Every value read, by its key; all that are wrong together."""
    good: dict[Any, T] = {}
    bad: list[tuple[Path, str]] = []
    for key, value in values:
        try:
            good[key] = read(value)
        except Wrong as error:
            bad += (((key, *where), what) for where, what in error.mistakes)
    if bad:
        raise Wrong(*bad)
    return good


def _length(value: Any) -> timedelta:
    match = re.fullmatch(r"(\d{1,7})([smhd])", value, re.ASCII) if isinstance(value, str) else None
    if match is None:
        raise wrong(f'is {_shown(value)}; write a time with its unit, like "90s", "25m", "4h" or "1d"')
    return int(match[1]) * _UNITS[match[2]]


def _shown(value: Any) -> str:
    """A value as the operator wrote it, more or less."""
    if isinstance(value, list | dict):
        return kind(value) if value else f"an empty {kind(value)[2:]}"
    shown = str(value).lower() if isinstance(value, bool) else repr(value) if isinstance(value, str) else str(value)
    return shown if len(shown) <= 40 else f"{shown[:40]}…"
