"""An SPF record, read and written.

Owns: the grammar, and what a record says by itself. Does not own: what it includes (`warmup.dns.senders`).
Sources: RFC 7208 §4.5 (which record), §4.6 and §12 (grammar), §5 (mechanisms), §6 (modifiers), §7 (macros).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass

from .tags import Malformed

QUALIFIERS = {"+": "pass", "-": "fail", "~": "softfail", "?": "neutral"}
ASKING = frozenset({"include", "a", "mx", "ptr", "exists"})  # terms that cost a lookup (§4.6.4), besides redirect

_TERM = re.compile(r"([+\-~?]?)(all|include|a|mx|ptr|ip4|ip6|exists)((?::|/).*)?", re.IGNORECASE | re.DOTALL)
_MODIFIER = re.compile(r"([A-Za-z][A-Za-z0-9._-]*)=(.*)", re.DOTALL)
_MASKS = re.compile(r"(?:/(0|[1-9]\d?))?(?://(0|[1-9]\d{0,2}))?")
_EXPANSION = r"%(?:\{[slodiphcrtvSLODIPHCRTV]\d*r?[.\-+,/_=]*\}|%|_|-)"
_MACRO = re.compile(rf"(?:[!-$&-~]|{_EXPANSION})+")
_END = re.compile(rf"(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.?|{_EXPANSION})$")


@dataclass(frozen=True, slots=True)
class Term:
    """A mechanism: `value` is its domain or network, "" where it stands alone."""

    qualifier: str
    name: str
    value: str = ""
    masks: str = ""

    def __str__(self) -> str:
        sign = "" if self.qualifier == "+" else self.qualifier
        return f"{sign}{self.name}{':' if self.value else ''}{self.value}{self.masks}"

    @property
    def macro(self) -> bool:
        return "%" in self.value


@dataclass(frozen=True, slots=True)
class Record:
    """Mechanisms in their order, modifiers by name."""

    terms: tuple[Term, ...]
    redirect: str | None = None
    others: tuple[str, ...] = ()  # exp= and unknown modifiers, as they stand

    def __str__(self) -> str:
        after = [f"redirect={self.redirect}"] if self.redirect else []
        return " ".join(["v=spf1", *map(str, self.terms), *after, *self.others])

    @property
    def all(self) -> Term | None:
        return next((term for term in self.terms if term.name == "all"), None)

    @property
    def used(self) -> tuple[Term, ...]:
        """The terms that can match: those after `all` never do (§5.1)."""
        names = [term.name for term in self.terms]
        return self.terms[: names.index("all") + 1] if "all" in names else self.terms


def records(texts: Iterable[str]) -> list[str]:
    """Those that are SPF records (§4.5)."""
    return [text for text in texts if re.match(r"v=spf1(?: |$)", text, re.IGNORECASE)]


def parse(text: str) -> Record:
    """Raises `Malformed`, naming the term."""
    terms: list[Term] = []
    modifiers: dict[str, str] = {}
    others: list[str] = []
    if not text.isascii() or not text.isprintable():
        raise Malformed("it has characters outside printable ASCII")
    for word in text.split(" ")[1:]:
        if not word:
            continue
        if found := _TERM.fullmatch(word):
            terms.append(_term(word, found[1] or "+", found[2].lower(), found[3] or ""))
        elif modifier := _MODIFIER.fullmatch(word):
            name = modifier[1].lower()
            if name in {"redirect", "exp"}:
                if name in modifiers:
                    raise Malformed(f"{name}= stands there twice")
                modifiers[name] = _domain(word, modifier[2])
            if name != "redirect":
                others.append(word)
        else:
            raise Malformed(f"{word!r} is no mechanism or modifier")
    return Record(tuple(terms), modifiers.get("redirect"), tuple(others))


def _term(word: str, qualifier: str, name: str, rest: str) -> Term:
    if name in {"ip4", "ip6"}:
        return Term(qualifier, name, _network(word, name, rest))
    if name == "all" and rest:
        raise Malformed(f"{word!r}: all stands alone")
    if not rest.startswith(":"):
        if name in {"include", "exists"}:
            raise Malformed(f"{word!r} needs a domain, {name}:DOMAIN")
        return Term(qualifier, name, masks=_masks(word, name, rest))
    # A domain may hold a "/" within a macro only, so the masks begin at the last that follows none.
    value, masks = rest[1:], ""
    if name in {"a", "mx"} and (found := re.search(r"/[/\d]*$", value)):
        value, masks = value[: found.start()], found[0]
    return Term(qualifier, name, _domain(word, value), _masks(word, name, masks))


def _masks(word: str, name: str, text: str) -> str:
    found = _MASKS.fullmatch(text)
    fits = found and int(found[1] or 0) <= 32 and int(found[2] or 0) <= 128
    if text and (name not in {"a", "mx"} or not fits):
        raise Malformed(f"{word!r} has a wrong prefix length")
    return text


def _network(word: str, name: str, rest: str) -> str:
    try:
        if not rest.startswith(":"):
            raise ValueError(word)
        network = ipaddress.ip_network(rest[1:], strict=False)
    except ValueError as error:
        raise Malformed(f"{word!r} has no {'IPv4' if name == 'ip4' else 'IPv6'} address or network") from error
    if network.version != int(name[-1]) or re.search(r"/\d*\.", rest):
        raise Malformed(f"{word!r} has no {'IPv4' if name == 'ip4' else 'IPv6'} address or network")
    return rest[1:]


def _domain(word: str, text: str) -> str:
    if not _MACRO.fullmatch(text) or not _END.search(text) or len(text) > 253:
        raise Malformed(f"{word!r} has no domain name")
    return text
