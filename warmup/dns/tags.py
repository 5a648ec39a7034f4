"""Tag lists: "v=DKIM1; k=rsa; p=…", the form DKIM and DMARC records share.

Owns: the syntax. Does not own: what tags there are.
Sources: RFC 6376 §3.2 (tag-list; a tag that stands twice makes the whole invalid), RFC 7489 §6.4.
"""

from __future__ import annotations

import re

_TAG = re.compile(r"\s*([A-Za-z][A-Za-z0-9_]*)\s*=\s*(.*?)\s*", re.DOTALL)


class Malformed(ValueError):
    """A record breaks its grammar; the text says where, in words for the operator."""


def tags(text: str) -> dict[str, str]:
    """Values by the tag's name in lower case, in the order they stand. Raises `Malformed`."""
    found: dict[str, str] = {}
    parts = text.split(";")
    if not parts[-1].strip():
        parts.pop()
    for part in parts:
        tag = _TAG.fullmatch(part)
        if tag is None:
            raise Malformed(f"{part.strip()!r} isn't of the form tag=value")
        name = tag[1].lower()
        if name in found:
            raise Malformed(f"{name}= stands there twice")
        found[name] = tag[2]
    return found
