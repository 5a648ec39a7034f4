"""What a server's data means: words, strings, literals and lists, however badly written.

Owns: reading one untagged response. Does not own: where it ends (`warmup.imap.wire`), what it says of folders
(`warmup.imap.folders`) and messages (`warmup.imap.access`).
Sources: RFC 3501 §4 (data formats), §9 (`mailbox-list`, `msg-att`), RFC 2342 §6 (`Namespace_Response`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable

Value = bytes | None | list["Value"]

# A closing quote or bracket may be missing: were it required, text full of openings would be read again and again.
_TOKEN = re.compile(
    rb'(?P<open>\()|(?P<close>\))|"(?P<quoted>(?:[^"\\]|\\.)*)"?|\{(?P<literal>\d+)\}'
    rb'|(?P<atom>(?:[^ ()"{\[]|\[[^\]]*\]?)+)',
    re.DOTALL,
)
_ESCAPED = re.compile(rb"\\(.)", re.DOTALL)


def read(text: bytes, literals: Iterable[bytes] = ()) -> list[Value]:
    """The values in `text`, in order; `literals` take the places of its `{n}`. NIL is None.

    Never fails: a list that isn't closed ends with the text, and what can't be read is left out.
    `BODY[HEADER.FIELDS (A B)]` is one word.
    """
    values: list[Value] = []
    stack = [values]
    rest = iter(literals)
    for token in _TOKEN.finditer(text):
        match token.lastgroup:
            case "open":
                inner: list[Value] = []
                stack[-1].append(inner)
                stack.append(inner)
            case "close":
                if len(stack) > 1:
                    stack.pop()
            case "literal":
                stack[-1].append(next(rest, b""))
            case "quoted":
                stack[-1].append(_ESCAPED.sub(rb"\1", token["quoted"]))
            case _:
                stack[-1].append(None if token["atom"].upper() == b"NIL" else token["atom"])
    return values
