"""What a receiver's server saw of SPF, DKIM and DMARC: the Authentication-Results field, read.

Anybody can write such a field into a message. Whose it is says its authserv-id, and which of them to believe
`warmup.dns.trace` knows.

Owns: the grammar, with the liberties real servers take. Does not own: believing.
Sources: RFC 8601 §2.2 (grammar), §2.7 (methods and results); RFC 5322 §3.2.2 (comments), §3.2.4 (quoted strings).
Microsoft writes no authserv-id: "spf=pass (sender IP is 192.0.2.1) smtp.mailfrom=example.org; dkim=pass …".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

_LONGEST = 20_000  # octets read of a field
_TOKEN = re.compile(r'"((?:[^"\\]|\\.)*)"|([;=])|([^\s;="]+)', re.DOTALL)
_METHOD = re.compile(r"[A-Za-z][A-Za-z0-9-]*(?:/\d+)?")


@dataclass(frozen=True, slots=True)
class Result:
    """One method's: ("dkim", "pass", {"header.d": "example.org"}). Everything but properties' values in lower case."""

    method: str
    result: str
    properties: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Authentication:
    """`server` is the authserv-id in lower case, "" where none was written."""

    server: str
    results: tuple[Result, ...]

    def of(self, method: str) -> tuple[Result, ...]:
        return tuple(result for result in self.results if result.method == method)


def parse(value: str) -> Authentication | None:
    """What an Authentication-Results field says; None: it can't be read. Never raises."""
    parts = list(_split(_TOKEN.findall(_uncommented(value[:_LONGEST]))))
    server = ""
    if parts[0] and "=" not in parts[0]:
        server = parts[0][0].lower()
        parts = parts[1:]
    results = tuple(filter(None, map(_result, parts)))
    return Authentication(server, results) if server or results else None


def _uncommented(text: str) -> str:
    """Without comments, which nest; what is in quotes stays. A comment that doesn't end takes the rest with it."""
    kept: list[str] = []
    depth, quoted, escaped = 0, False, False
    for sign in text:
        outside = depth == 0
        if escaped or sign == "\\":
            escaped = not escaped
        elif sign == '"' and outside:
            quoted = not quoted
        elif sign == "(" and not quoted:
            depth += 1
            kept.append(" ")
        elif sign == ")" and not quoted and depth:
            depth -= 1
            continue
        if depth == 0:
            kept.append(sign)
    return "".join(kept)


def _split(tokens: list[tuple[str, str, str]]) -> Iterator[list[str]]:
    """Words and "=" between semicolons."""
    part: list[str] = []
    for quoted, sign, word in tokens:
        if sign == ";":
            yield part
            part = []
        else:
            part.append(sign or word or quoted)
    yield part


def _result(part: list[str]) -> Result | None:
    """From "dkim = pass header.d = example.org"; None: it is "none", or not of that form."""
    pairs = [(part[at - 1], part[at + 1]) for at in range(1, len(part) - 1) if part[at] == "="]
    if not pairs or part[1] != "=" or not _METHOD.fullmatch(part[0]):
        return None
    properties = {name.lower(): value for name, value in pairs[1:] if "." in name}
    method = pairs[0][0].partition("/")[0].lower()
    return Result(method, pairs[0][1].lower(), MappingProxyType(properties))
