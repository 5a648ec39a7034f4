"""A TOML file that is read key by key, and tells all its mistakes at once.

Owns: finding, naming and placing mistakes: "FILE:LINE: KEY: what is wrong; what would be right", one line each.
Does not own: which keys there are (`warmup.config.sections`), which values are right (`warmup.config.values`).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path as File
from types import TracebackType
from typing import Any, TypeVar

from warmup.errors import ConfigError

from .lines import Path, lines
from .values import Wrong, kind

T = TypeVar("T")
D = TypeVar("D")


class Document:
    """A file's values, and the mistakes found in them so far."""

    def __init__(self, name: str, text: str = "") -> None:
        """Raises `ConfigError` when `text` isn't TOML."""
        self.name = name
        self._text = text
        self._lines: dict[Path, int] | None = None
        self._mistakes: list[tuple[int, str]] = []
        try:
            self._values = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise ConfigError(_not_toml(name, text, str(error))) from error

    @classmethod
    def read(cls, file: File) -> Document:
        """Raises `ConfigError` when it can't be read or isn't TOML."""
        try:
            content = file.read_bytes()
        except OSError as error:
            raise ConfigError(f"{file}: can't be read: {error.strerror}") from error
        try:
            return cls(str(file), content.decode())
        except UnicodeDecodeError as error:
            line = content.count(b"\n", 0, error.start) + 1
            raise ConfigError(f"{file}:{line}: encoding: this isn't UTF-8; save the file as UTF-8") from error

    @property
    def root(self) -> Table:
        return Table(self, (), self._values)

    def mistake(self, path: Path, what: str) -> None:
        """Note that what stands at `path`, or should, is wrong."""
        line = self._line(path)
        self._mistakes.append((line, f"{self.name}:{line}: {_name(path)}: {what}"))

    def close(self) -> None:
        """Raise `ConfigError` with every mistake, in the order of the file, if there is any."""
        if self._mistakes:
            raise ConfigError("\n".join(text for _, text in sorted(self._mistakes)))

    def _line(self, path: Path) -> int:
        """Where it stands; what isn't there is missed in the nearest table that is."""
        if self._lines is None:
            self._lines = lines(self._text)
        while path not in self._lines:
            path = path[:-1]
        return self._lines[path]


class Table:
    """One table, whose keys are asked for by name. Leaving the `with` notes every key that nobody asked for."""

    def __init__(self, document: Document, path: Path, values: Mapping[str, Any]) -> None:
        self._document = document
        self._path = path
        self._values = values
        self._known: list[str] = []

    def __enter__(self) -> Table:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for key in self._values if error is None else ():
            if key not in self._known:
                what = "section" if not self._path and isinstance(self._values[key], dict) else "key"
                self.mistake(key, f"unknown {what}; {nearest(key, self._known)}")

    def take(self, key: str, read: Callable[[Any], T], default: D) -> T | D:
        """The value of `key` as `read` understands it; `default` when it is missing or, noted, mistaken."""
        self._known.append(key)
        if key not in self._values:
            return default
        try:
            return read(self._values[key])
        except Wrong as wrong:
            for where, what in wrong.mistakes:
                self._document.mistake((*self._path, key, *where), what)
            return default

    def need(self, key: str, read: Callable[[Any], T], purpose: str) -> T | None:
        """As `take`, for a key that can't be missing. None means that a mistake was noted."""
        if key not in self._values:
            self.mistake(key, f"is missing; {purpose}")
        return self.take(key, read, None)

    def table(self, key: str) -> Table:
        """The table under `key`; an empty one when it is missing or, noted, something else."""
        self._known.append(key)
        value = self._values.get(key, {})
        if not isinstance(value, dict):
            self.mistake(key, f"is {kind(value)}; write a table, [{_name((*self._path, key))}]")
            value = {}
        return Table(self._document, (*self._path, key), value)

    def skip(self) -> None:
        """Ask for everything: its keys can't be judged."""
        self._known += self._values

    def tables(self) -> dict[str, Table]:
        """Every value as a table, by name; those that are none are noted and left out."""
        found = {name: self.table(name) for name in self._values}
        return {name: table for name, table in found.items() if isinstance(self._values[name], dict)}

    def mistake(self, key: str | None, what: str) -> None:
        """Note a mistake at `key`, or of the table as a whole."""
        self._document.mistake(self._path if key is None else (*self._path, key), what)


def nearest(name: str, known: Iterable[str]) -> str:
    """ "did you mean …?" if anything known is like it, or all that is known."""
    known = sorted(known)
    alike = get_close_matches(name, known, n=1)
    return f"did you mean {alike[0]}?" if alike else f"known here: {', '.join(known)}"


def _name(path: Path) -> str:
    """ "mail.looks[0]"; a key that would need quotes in TOML has them."""
    name = ""
    for part in path:
        if isinstance(part, int):
            name += f"[{part}]"
        else:
            name += ("." if name else "") + (part if re.fullmatch(r"[\w-]+", part, re.ASCII) else repr(part))
    return name


def _not_toml(name: str, text: str, error: str) -> str:
    """tomllib tells the line in words; the key is what stands before the first "=" there, if anything does."""
    what, _, place = error.partition(" (at ")
    found = re.match(r"line (\d+)", place)
    line = int(found[1]) if found else text.count("\n") + 1
    key = re.match(r"\s*([\w.-]+)\s*=", text.split("\n")[line - 1], re.ASCII)
    what = what[:1].lower() + what[1:]
    return f"{name}:{line}: {key[1] if key else 'syntax'}: not TOML: {what}; write key = value, with text in quotes"
