"""On which line of a TOML document a value stands.

tomllib keeps no positions, and no kept library that does was found (tomlkit has none for items: its issue 55). So the
document is walked a second time, for positions alone. That is short because tomllib has read it already: what is wrong
has been refused, and every rule that only refuses can be left out here.

Owns: positions. Does not own: values (tomllib's), mistakes (`warmup.config.document`).
Sources: TOML 1.0 (toml.io): keys, strings, inline tables, arrays of tables.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator

Path = tuple[str | int, ...]  # keys, and positions in arrays counted from 0

_TOKEN = re.compile(
    r"""
      (?P<space> [ \t\r]+ | \#[^\n]* )
    | (?P<word> \"\"\" (?: \\. | [^\\] )*? \"\"\" \"{0,2}    # up to two quotes may stand before the closing three
              | ''' .*? ''' '{0,2}
              | " (?: \\. | [^"\\] )* "
              | ' [^']* '
              | [^\s\#"'\[\]{},=.]+ )
    | (?P<mark> [\n\[\]{},=.] )
    """,
    re.VERBOSE | re.DOTALL,
)


def lines(text: str) -> dict[Path, int]:
    """The line, counted from 1, of every key, table and array element of `text`, which tomllib must have accepted.

    A key stands where it is written; a table where its header is, or where something in it is first named.
    """
    return _Walk(text).walk()


class _Walk:
    def __init__(self, text: str) -> None:
        self._tokens = list(_tokens(text))
        self._position = 0
        self._found: dict[Path, int] = {(): 1}
        self._lengths: dict[Path, int] = {}  # of arrays of tables, so far

    def walk(self) -> dict[Path, int]:
        table: Path = ()
        while self._tokens[self._position][0]:
            if self._take("\n"):
                continue
            if self._take("["):
                table = self._header()
            else:
                self._pair(table)
        return self._found

    def _header(self) -> Path:
        many = self._take("[")
        keys, line = self._keys()
        self._take("]")
        if many:
            self._take("]")
        path: Path = ()
        for position, key in enumerate(keys, start=1):
            path = (*path, key)
            self._found.setdefault(path, line)
            if many and position == len(keys):
                self._lengths[path] = self._lengths.get(path, 0) + 1
            if path in self._lengths:
                path = (*path, self._lengths[path] - 1)
        self._found[path] = line
        return path

    def _pair(self, table: Path) -> None:
        keys, line = self._keys()
        self._take("=")
        path = table
        for key in keys:
            path = (*path, key)
            self._found.setdefault(path, line)
        self._value(path)

    def _keys(self) -> tuple[list[str], int]:
        line = self._tokens[self._position][1]
        keys = [_key(self._next())]
        while self._take("."):
            keys.append(_key(self._next()))
        return keys, line

    def _value(self, path: Path) -> None:
        if self._take("["):
            index = 0
            while not self._closed("]"):
                self._found[*path, index] = self._tokens[self._position][1]
                self._value((*path, index))
                index += 1
        elif self._take("{"):
            while not self._closed("}"):
                self._pair(path)
        else:  # a number or a time may be several words
            while self._tokens[self._position][0] not in {"", "\n", ",", "]", "}"}:
                self._position += 1

    def _closed(self, mark: str) -> bool:
        while self._take("\n") or self._take(","):
            pass
        assert self._tokens[self._position][0], "tomllib accepts nothing that isn't closed"
        return self._take(mark)

    def _take(self, mark: str) -> bool:
        taken = self._tokens[self._position][0] == mark
        self._position += taken
        return taken

    def _next(self) -> str:
        self._position += 1
        return self._tokens[self._position - 1][0]


def _tokens(text: str) -> Iterator[tuple[str, int]]:
    """Words and marks with their lines, and an empty one at the end."""
    line = 1
    for match in _TOKEN.finditer(text):
        if match.lastgroup != "space":
            yield match.group(), line
        line += match.group().count("\n")
    yield "", line


def _key(word: str) -> str:
    if word[0] == '"':
        return str(tomllib.loads(f"key = {word}")["key"])
    return word[1:-1] if word[0] == "'" else word
