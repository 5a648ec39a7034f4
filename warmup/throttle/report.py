"""What we are told of a message after its server had taken it, whoever tells it: a notification, or the log of an MTA.

Owns: the shape, and how a `Response`, an address and a host are made of words that somebody else chose.
Does not own: where the words are found (`warmup.throttle.dsn`, `warmup.throttle.mtalog`).
Sources: RFC 3464 §2.3 (fates, addresses with types), RFC 3463 (statuses), RFC 6533 §3 (addresses in ASCII).
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, replace
from enum import StrEnum

from warmup.address import canonical
from warmup.errors import UsageError
from warmup.model import Response, Stage

from .told import REPLY, WRAPPED
from .words import quoted


class Fate(StrEnum):
    """What became of a message for one recipient (RFC 3464 §2.3.3)."""

    FAILED = "failed"
    DELAYED = "delayed"  # still being tried: not to be sent again
    DELIVERED = "delivered"
    RELAYED = "relayed"  # to a server that won't tell further
    EXPANDED = "expanded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One recipient's fate. `response` has the receiver's words if they are told, else what the reporter made of them:
    then its code is 250, 450 or 550, by the class of the status. `remote` is the host that said them. `own` is trouble
    of the MTA itself or between it and its relay, such as a host that can't be reached: while it lasts it is waited
    for, and not judged, whatever its words are like.
    """

    recipient: str  # canonical if it is an address
    action: Fate
    response: Response
    remote: str | None
    own: bool = False


LONGEST = 1000  # characters of a Response's text, as of those that come over the wire (`warmup.smtp`)

ADDRESS = re.compile(r"[^<>\s():,;'\"\[\]]{1,64}@[^<>\s():,;'\"]{1,255}")
STATUS = re.compile(r"(?<![\w.])([245])\.\d{1,3}\.\d{1,3}(?![\w.])")
TYPE = r"^\s{0,9}[A-Za-z][\w-]{0,20}\s?;\s{0,9}"  # rfc822; utf-8; dns; smtp;

_ADDRESS_LENGTH = 320  # characters
_DIGITS = {Fate.FAILED: "5", Fate.DELAYED: "4"}
_AFTER = re.compile(r"\n\s{0,99}\n|\nGiving up on |\nI'm not going to try again")
_HOST = re.compile(
    r"\bhost ([\w.-]{1,255}) ?\[|\bwhile talking to ([\w.-]{1,255})|\b(?:Giving up on|Connected to) ([\w.-]{1,255})"
    r"|^([\w.-]{1,255}) (?:does not like|failed )|\bGenerating server: ([\w.-]{1,255})",
    re.IGNORECASE | re.MULTILINE,
)


def response(words: str, status: str, action: Fate) -> Response:
    """The receiver's reply if it is among the words, else the words themselves: see `remark`."""
    words = WRAPPED.sub("", words, 1)
    reply = quoted(Stage.DSN, words)
    if not reply.code and (found := REPLY.search(words)):
        reply = quoted(Stage.DSN, f"{found[1]} {_AFTER.split(found[2], 1)[0]}")
    if not reply.code or reply.positive == (action in _DIGITS):
        return remark(words, status, action)
    return replace(reply, text=clean(reply.text)[:LONGEST])


def remark(words: str, status: str, action: Fate) -> Response:
    """The reporter's own words, under the code that the status or fate implies."""
    words = re.sub(TYPE, "", words)
    digit = status[:1] or _DIGITS.get(action, "2")
    made = quoted(Stage.DSN, f"{digit}50 {'' if STATUS.match(words) else status} {words}")
    return replace(made, text=clean(made.text)[:LONGEST])


def speaker(words: str) -> str | None:
    """The host whose reply it is, if the words tell."""
    found = _HOST.search(words)
    return bare(next(filter(None, found.groups()))) if found else None


def bare(host: str) -> str | None:
    return host.strip("[]().,;").lower()[:255] or None


def address(text: str) -> str:
    """An address out of a field, with or without its type (RFC 3464 §2.3.2), brackets, and RFC 6533 §3's escapes."""
    named = re.sub(TYPE, "", clean(text))
    named = re.sub(r"\\x\{([0-9A-F]{2,6})\}", _unescaped, named, flags=re.IGNORECASE)[:_ADDRESS_LENGTH]
    found = ADDRESS.search(named)
    try:
        return canonical(found[0] if found else named)
    except UsageError:
        return (found[0] if found else named.strip("<> ")).lower()


def clean(text: str) -> str:
    """On one line, and nothing that a terminal would obey or a database refuse."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())


def _unescaped(found: re.Match[str]) -> str:
    point = int(found[1], 16)
    return clean(chr(point)) if point <= sys.maxunicode else ""
