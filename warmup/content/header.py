"""Header fields, by hand: the email package takes ten times as long as everything else a message costs.

Owns: folding, quoting and encoding of what `Letter` and `Person` have found sound.
Does not own: which fields a message has (`warmup.content.compose`).
Sources: RFC 5322 §2.2.3 (folding), §3.2 (atoms, quoted strings), §2.1.1 (998 and 78), RFC 2047 §2, §5 (encoded words),
RFC 6532 (an address whose local part isn't ASCII stands in UTF-8).
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import AnyStr

from warmup.address import wire

from .letter import Person

_FOLD = 76  # RFC 2047 §2 grants a line with an encoded word no more, and RFC 5322's 78 is near enough
_LONGEST = 998
_ENCODED = 48  # characters of text in one encoded word: with its frame it fits beside a field's name
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+")
_SPELLED = re.compile(r"[^A-Za-z0-9!*+/ -]")  # what RFC 2047 §5 (3) has spelled out inside a phrase

# Validating an international domain costs more than the rest of the message, and a pool has few addresses.
_wire = lru_cache(maxsize=4096)(wire)


def field(name: str, tokens: Iterable[str]) -> str:
    """One field, its tokens a space apart, folded before the token that would be too much. Ends with CRLF.

    Never folded before the first token: a Message-ID on a line of its own is lost on servers that don't unfold.
    Raises `ValueError` when a token is longer than a line may be.
    """
    lines = [f"{name}:"]
    for position, token in enumerate(tokens):
        if position and len(lines[-1]) + 1 + len(token) > _FOLD:
            lines.append("")
        lines[-1] += f" {token}"
    if max(map(len, lines)) > _LONGEST:
        raise ValueError(f"a line of {name} would be longer than {_LONGEST} characters")
    return "\r\n".join(lines) + "\r\n"


def mailbox(person: Person) -> list[str]:
    """The tokens of a display name and its address: RFC 5322 §3.4 `name-addr`, or the bare address."""
    address = _wire(person.address)
    words = person.full.split()
    if not words:
        return [address]
    if _needs_encoding(words):
        return [*_encoded(" ".join(words)), f"<{address}>"]
    phrase = " ".join(words)
    if not _ATOMS.fullmatch(phrase):
        phrase = '"{}"'.format(phrase.replace("\\", r"\\").replace('"', r"\""))
    return [*phrase.split(" "), f"<{address}>"]


def unstructured(text: str) -> list[str]:
    """The tokens of free text: a subject, a label."""
    words = text.split()
    return list(_encoded(" ".join(words))) if _needs_encoding(words) else words


def _needs_encoding(words: list[str]) -> bool:
    # "=?" in plain sight would be decoded by the reader; a word too long to fold is cut by encoding it
    return any(not word.isascii() or "=?" in word or len(word) > _FOLD - 12 for word in words)


def _encoded(text: str) -> Iterator[str]:
    """RFC 2047 encoded words, in whichever of the two encodings is shorter. No character is cut in two (§5)."""
    spelled = [_spell(character) for character in text]
    if sum(map(len, spelled)) <= len(text.encode()) * 4 / 3:
        return (f"=?utf-8?q?{''.join(chunk)}?=" for chunk in _chunks(spelled, _ENCODED))
    raw = _chunks([character.encode() for character in text], _ENCODED * 3 // 4)
    return (f"=?utf-8?b?{b64encode(b''.join(chunk)).decode()}?=" for chunk in raw)


def _spell(character: str) -> str:
    if character == " ":
        return "_"
    if _SPELLED.match(character):
        return "".join(f"={byte:02X}" for byte in character.encode())
    return character


def _chunks(pieces: Iterable[AnyStr], limit: int) -> Iterator[list[AnyStr]]:
    """The pieces in their order, as many together as fit the limit."""
    chunk: list[AnyStr] = []
    size = 0
    for piece in pieces:
        if chunk and size + len(piece) > limit:
            yield chunk
            chunk, size = [], 0
        chunk.append(piece)
        size += len(piece)
    yield chunk
