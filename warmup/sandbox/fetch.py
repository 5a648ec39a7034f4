"""FETCH: what of a message?

Owns: the items, and how each is written. Does not own: of which messages (`warmup.sandbox.messages`).
Sources: RFC 3501 §6.4.5 and §7.4.2. ENVELOPE, BODYSTRUCTURE and parts by number are refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from .mail import Mail
from .parse import Cursor, Malformed, moment

_NAME = re.compile(rb"[A-Za-z0-9.]+")
_SECTION = re.compile(rb"(HEADER\.FIELDS\.NOT|HEADER\.FIELDS|HEADER|TEXT|)(?=[] ])", re.IGNORECASE)
_FIELD_NAME = re.compile(rb"[A-Za-z0-9-]+")
_PARTIAL = re.compile(rb"<(\d{1,10})\.([1-9]\d{0,9})>")
_WHOLE: dict[str, Callable[[Mail], bytes]] = {
    "": lambda mail: mail.raw,
    "HEADER": lambda mail: mail.head,
    "TEXT": lambda mail: mail.text,
}


class Item(NamedTuple):
    """One thing that is asked for."""

    write: Callable[[Mail], bytes]
    reads: bool = False  # sets \Seen


def flags(mail: Mail) -> bytes:
    return f"FLAGS ({' '.join(sorted(mail.flags))})".encode()


FLAGS = Item(flags)
UID = Item(lambda mail: b"UID %d" % mail.uid)
_DATE = Item(lambda mail: f"INTERNALDATE {moment(mail.at)}".encode())
_SIZE = Item(lambda mail: b"RFC822.SIZE %d" % len(mail.raw))
_SIMPLE = {
    "FLAGS": [FLAGS],
    "UID": [UID],
    "INTERNALDATE": [_DATE],
    "RFC822.SIZE": [_SIZE],
    "FAST": [FLAGS, _DATE, _SIZE],
    "RFC822": [Item(lambda mail: _literal(b"RFC822", mail.raw), reads=True)],
    "RFC822.HEADER": [Item(lambda mail: _literal(b"RFC822.HEADER", mail.head))],
    "RFC822.TEXT": [Item(lambda mail: _literal(b"RFC822.TEXT", mail.text), reads=True)],
}


def items(cursor: Cursor) -> list[Item]:
    """One, or several in parentheses."""
    if not cursor.skip(b"("):
        return _item(cursor)
    found = _item(cursor)
    while not cursor.skip(b")"):
        cursor.space()
        found += _item(cursor)
    return found


def _item(cursor: Cursor) -> list[Item]:
    name = cursor.expect(_NAME, "item")[0].decode().upper()
    if name in {"BODY", "BODY.PEEK"} and cursor.skip(b"["):
        return [_body(cursor, reads=name == "BODY")]
    if name not in _SIMPLE:
        raise Malformed(f"{name} isn't served here")
    return list(_SIMPLE[name])


def _body(cursor: Cursor, *, reads: bool) -> Item:
    section = cursor.expect(_SECTION, "section")[0].decode().upper()
    label, part = f"BODY[{section}", _WHOLE.get(section)
    if part is None:
        cursor.space()
        names = _names(cursor)
        label += f" ({' '.join(names)})"
        part = _fields({name.lower() for name in names}, wanted=section == "HEADER.FIELDS")
    cursor.mark(b"]")
    label += "]"
    partial = cursor.accept(_PARTIAL)
    start, end = (int(partial[1]), int(partial[1]) + int(partial[2])) if partial else (0, None)
    label += f"<{start}>" if partial else ""
    return Item(lambda mail: _literal(label.encode(), part(mail)[start:end]), reads)


def _names(cursor: Cursor) -> list[str]:
    cursor.mark(b"(")
    names = [_field_name(cursor)]
    while not cursor.skip(b")"):
        cursor.space()
        names.append(_field_name(cursor))
    return names


def _field_name(cursor: Cursor) -> str:
    # It is said back in the answer, where anything but an atom would have to be quoted.
    name = cursor.astring()
    if _FIELD_NAME.fullmatch(name) is None:
        raise Malformed("the name of a field is made of letters, digits and hyphens")
    return name.decode()


def _fields(names: set[str], *, wanted: bool) -> Callable[[Mail], bytes]:
    return lambda mail: b"".join(field.lines for field in mail.fields if (field.name in names) is wanted) + b"\r\n"


def _literal(label: bytes, content: bytes) -> bytes:
    return b"%s {%d}\r\n%s" % (label, len(content), content)
