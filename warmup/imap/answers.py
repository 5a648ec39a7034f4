"""What the answers to SEARCH and FETCH say of messages.

Owns: UIDs and texts, out of an answer; many of them, page by page. Does not own: asking (`warmup.imap.access`), values
(`warmup.imap.grammar`).
Sources: RFC 3501 §7.2.5 (SEARCH), §7.4.2 (FETCH), §2.3.2 (\\Deleted).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from .grammar import Value
from .line import Answer

_NUMBER = re.compile(rb"\d{1,10}")  # RFC 3501 §9: of 32 bits
_Item = TypeVar("_Item")


def numbers(values: Iterable[Value]) -> Iterator[int]:
    return (int(value) for value in values if isinstance(value, bytes) and _NUMBER.fullmatch(value))


def pages(items: Sequence[_Item], size: int) -> Iterator[Sequence[_Item]]:
    return (items[start : start + size] for start in range(0, len(items), size))


def found(answer: Answer) -> list[int]:
    """The numbers a search found, in their order."""
    told = (said.text.split() for said in answer.lines[:-1] if said.text[:6].upper() == b"SEARCH")
    return sorted({number for words in told for number in numbers(words[1:])})


def texts(answer: Answer) -> dict[int, bytes]:
    """UID → what the section holds, of those messages that are there and not marked \\Deleted."""
    whole: dict[int, bytes] = {}
    for values in answer.about(b"FETCH"):
        match values:
            case [_, _, [*items], *_]:
                uid, text = _message(items)
                if uid is not None and text is not None:
                    whole[uid] = text
    return whole


def _message(items: list[Value]) -> tuple[int | None, bytes | None]:
    """The UID and the text in the items of one FETCH; no text if there is none or it is marked \\Deleted."""
    uid, text, deleted = None, None, False
    for name, value in zip(items[::2], items[1::2], strict=False):
        match name, value:
            case b"UID", bytes():
                uid = next(numbers([value]), None)
            case b"FLAGS", list():
                deleted = any(isinstance(flag, bytes) and flag.lower() == b"\\deleted" for flag in value)
            case bytes(), bytes() if name.startswith(b"BODY["):
                text = value
    return uid, None if deleted else text
