"""What lies in Sent: how what was sent of late is asked for, and to how many each mail went.

Owns: the search, reading a header. Does not own: asking (`warmup.imap.access`), which of it is ours, what is made of it
(`warmup.daemon.observer`).
Sources: RFC 3501 §6.4.4 (SEARCH: SINCE goes by the server's own days) and §2.3.3 (INTERNALDATE), RFC 5322 §3.4 and
§3.6.3 (addresses, To, Cc, Bcc), §3.6.1 (Date).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache

from . import census
from .answers import numbers
from .grammar import Value
from .line import Answer
from .proof import field

MOST = 1000  # messages looked at, the newest: more than that is more than any ramp allows
_A_DAY = timedelta(days=1)
_DATE = 200  # octets of a date that are read
_READ = 100_000  # characters of an address field
_ASIDE = re.compile(r'"(?:[^"\\]|\\.)*"?|\([^()]*\)')  # what may hold a comma or an @ without parting addresses


@dataclass(frozen=True, slots=True)
class Posted:
    """A mail in Sent: what its fields with our label's name say, and how many addresses it went to, at least one."""

    labels: tuple[str, ...]
    recipients: int


def criteria(since: datetime) -> str:
    """What came at that instant or later is among what this finds, whatever the server's zone."""
    return census.since((since - _A_DAY).astimezone(UTC).date())


def items(label: str) -> str:
    return f"(UID INTERNALDATE BODY.PEEK[HEADER.FIELDS ({label.upper()} TO CC BCC DATE)])"


def read(answer: Answer, label: str, since: datetime) -> dict[int, Posted]:
    """UID → mail, of what came at `since` or later: those marked \\Deleted too, for they were sent; not those written
    more than a day before, which were put there afterwards.
    """
    found: dict[int, Posted] = {}
    for values in answer.about(b"FETCH"):
        match values:
            case [_, _, [*parts], *_]:
                told = dict(_told(parts))
                uid = next(numbers([told.get("UID")]), None)
                came, header = _instant(told.get("INTERNALDATE")), told.get("BODY")
                if uid is None or header is None or came is None or came < since:
                    continue
                written = _instant(b" ".join(map(str.encode, field(header, "Date"))))
                if written is None or written >= since - _A_DAY:
                    found[uid] = Posted(tuple(field(header, label)), recipients(header))
    return found


def recipients(header: bytes) -> int:
    """How many addresses a mail goes to; one, if they can't be told. Counted is what has an @, in doubt too much."""
    fields = (text for name in ("To", "Cc", "Bcc") for text in field(header, name))
    parts = (part for text in fields for part in re.split(r"[,;:]", _ASIDE.sub(" ", text[:_READ])))
    return max(1, sum("@" in part for part in parts))


def _told(parts: list[Value]) -> Iterator[tuple[str, bytes]]:
    for name, value in zip(parts[::2], parts[1::2], strict=False):
        if isinstance(name, bytes) and isinstance(value, bytes):
            yield name.partition(b"[")[0].decode("ascii", "replace").upper(), value


def _instant(text: bytes | None) -> datetime | None:
    return _dated((text or b"")[:_DATE])


@lru_cache(maxsize=4096)  # the same mails are looked at again and again, until their day is over
def _dated(text: bytes) -> datetime | None:
    try:
        at = parsedate_to_datetime(text.decode("ascii", "replace"))
    except (ValueError, OverflowError):
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
