"""What the header of a message of ours tells of its way: who signed it, from which address it came, what the receiver
saw of its authentication, and what the time was at its first server.

Whoever handed the message on may have written any field that stands in it. Believed is the topmost
Authentication-Results field that bears a name of the receiver's, and only if the receiver's own Received field stands
below it: whatever came with the message stands further down.

Owns: reading, believing. Does not own: judging (`warmup.dns.seen`), fetching it (`warmup.imap`).
Sources: RFC 5321 §4.4 (Received), RFC 6376 §3.5 (d=, s=), RFC 8601 §4.1 and §5 (which field to believe).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from email.parser import BytesHeaderParser
from email.utils import parsedate_to_datetime

from . import authres
from .authres import Authentication
from .tags import Malformed, tags

_BY = re.compile(r"\bby\s+([A-Za-z0-9.\-]+)", re.IGNORECASE)
_FROM = re.compile(r"\A\s*from\s.{0,1000}?\[(?:IPv6:)?([0-9A-Fa-f:.]{2,45})\]", re.IGNORECASE | re.DOTALL)
_LABEL = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?(?:\.[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?)*")
_LONGEST = 20_000  # octets read of a field
_WITHIN = tuple(
    map(ipaddress.ip_network, ("10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"))
)
_SHORT = 3  # letters of "co" in co.uk, at most


@dataclass(frozen=True, slots=True)
class Signature:
    """A DKIM signature's domain (d=) and selector (s=), in lower case."""

    domain: str
    selector: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """`address` is where the receiver had the message from; `stamped` the time at the first server that took it."""

    signatures: tuple[Signature, ...] = ()
    seen: Authentication | None = None
    address: str | None = None
    stamped: datetime | None = None


def trace(header: bytes, receiver: Iterable[str]) -> Trace:
    """`receiver` are names of the receiving side: its MX, its IMAP server, the domain of the address. Never raises."""
    fields = [(name.lower(), str(value)[:_LONGEST]) for name, value in BytesHeaderParser().parsebytes(header).items()]
    own = frozenset(filter(None, map(kin, receiver)))
    received = [value for name, value in fields if name == "received"]
    signatures = (_signature(value) for name, value in fields if name == "dkim-signature")
    return Trace(
        signatures=tuple(filter(None, signatures)),
        seen=_believed(fields, own),
        address=next((_address(value) for value in reversed(received) if _by(value) in own and _address(value)), None),
        stamped=_stamped(received[-1]) if received else None,
    )


def kin(host: str) -> str:
    """What hosts of one house have in common: the last two labels, three where the second is as short as in co.uk."""
    labels = host.lower().rstrip(".").split(".")
    if len(labels) < 2 or labels[-1].isdigit():
        return ""
    short = len(labels) > 2 and len(labels[-1]) == 2 and len(labels[-2]) <= _SHORT
    return ".".join(labels[-3 if short else -2 :])


def _believed(fields: list[tuple[str, str]], own: frozenset[str]) -> Authentication | None:
    for at, (name, value) in enumerate(fields):
        if name == "authentication-results":
            told = authres.parse(value)
            below = (text for other, text in fields[at + 1 :] if other == "received")
            if told is None or not any(_by(text) in own for text in below):
                continue
            if kin(told.server) in own or (not told.server and _first(fields, own)):
                return told
    return None


def _first(fields: list[tuple[str, str]], own: frozenset[str]) -> bool:
    """Whether what stands on top is the receiver's own: then so is a field above it without a name."""
    return _by(next((value for name, value in fields if name == "received"), "")) in own


def _by(received: str) -> str:
    found = _BY.search(received)
    return kin(found[1]) if found else ""


def _address(received: str) -> str | None:
    """The address a message came from, unless it came from within."""
    found = _FROM.match(received)
    try:
        address = ipaddress.ip_address(found[1]) if found else None
    except ValueError:
        return None
    if address is None or address.is_loopback or address.is_link_local or any(address in net for net in _WITHIN):
        return None
    return str(address)


def _stamped(received: str) -> datetime | None:
    try:
        at = parsedate_to_datetime(received.rpartition(";")[2].strip())
    except ValueError:
        return None
    return at if at.tzinfo else None


def _signature(value: str) -> Signature | None:
    try:
        found = tags(value)
    except Malformed:
        return None
    domain, selector = found.get("d", "").lower(), found.get("s", "").lower()
    return Signature(domain, selector) if _LABEL.fullmatch(domain) and _LABEL.fullmatch(selector) else None
