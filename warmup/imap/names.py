"""Folder names between their two forms: as people read them, and as IMAP sends them.

Owns: modified UTF-7, both ways. Does not own: quoting, hierarchy, which folder is which (`warmup.imap.folders`).
Sources: RFC 3501 §5.1.3 (modified UTF-7), RFC 2781 (UTF-16).
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode

_OUTSIDE = re.compile(r"&|[^\x20-\x7e]+")  # what doesn't stand for itself
_SHIFTED = re.compile(r"&([A-Za-z0-9+,]*)(-?)")


def encode(name: str) -> str:
    """`name` for the wire: printable ASCII, any other run of characters as UTF-16 in base64 between `&` and `-`."""
    return _OUTSIDE.sub(lambda run: _shift(run[0]), name)


def decode(text: str) -> str:
    """The name that `text` stands for. Raises ValueError if it stands for none."""
    if _OUTSIDE.search(text.replace("&", "")):
        raise ValueError(f"{text!r} has characters that modified UTF-7 hasn't")
    return _SHIFTED.sub(lambda run: _unshift(run[1], closed=run[2] == "-"), text)


def _shift(run: str) -> str:
    if run == "&":
        return "&-"
    return f"&{b64encode(run.encode('utf-16-be')).decode().rstrip('=').replace('/', ',')}-"


def _unshift(digits: str, *, closed: bool) -> str:
    if not closed:
        raise ValueError("a shift to base64 without its end")
    if not digits:
        return "&"
    padded = digits.replace(",", "/") + "=" * (-len(digits) % 4)
    return b64decode(padded, validate=True).decode("utf-16-be")
