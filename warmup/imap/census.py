"""A census: what is to be asked for all mail with our label in a folder, and what its header says.

Owns: the search, in pages, and reading a header. Does not own: asking (`warmup.imap.access`), whether a label is right
(`warmup.audit`).
Sources: RFC 3501 §6.4.4 (SEARCH; an empty string finds every message that has the field), RFC 5322 §3.3 and §3.4
(dates and addresses, read no further than we write them: a stranger may have made them).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from aioimaplib import quoted

from warmup.audit import Copy

from .proof import field

_TOGETHER = 5000  # messages in one search: if it finds them all the answer is shorter than a line may be
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_READ = 1000  # characters of a field
_ANGLED = re.compile(r"<([^<>\s]+@[^<>\s]+)>")
_BARE = re.compile(r"[^<>\s,;:\"()]+@[^<>\s,;:\"()]+")
_DAY = re.compile(rf"\b(\d{{1,2}}) ({'|'.join(_MONTHS)}) (\d{{4}})\b")


def since(day: date) -> str:
    """The criterion of having come on that day or later."""
    return f"SINCE {day.day}-{_MONTHS[day.month - 1]}-{day.year}"


def searches(exists: int, label: str | None, day: date) -> Iterator[str]:
    """The criteria that find, piece by piece, what came since `day` to a folder of so many messages; only what has a
    field named `label`, if that is to be left to the server.
    """
    labelled = "" if label is None else f" HEADER {label} {quoted('')}"
    for first in range(1, exists + 1, _TOGETHER):
        last = first + _TOGETHER - 1
        # "*" holds even if messages have left the folder meanwhile.
        yield f"{first}:{last if last < exists else '*'} {since(day)}{labelled}"


def section(label: str) -> str:
    return f"BODY.PEEK[HEADER.FIELDS (MESSAGE-ID {label.upper()} FROM TO DATE)]"


def copy(header: bytes, label: str, *, folder: str, uid: int, view: bool) -> Copy | None:
    """What a header says; None: it has no field named `label`."""
    labels, names = field(header, label), field(header, "Message-ID")
    if not labels:
        return None
    return Copy(
        folder=folder,
        uid=uid,
        view=view,
        message_id=names[0] if len(names) == 1 else "",
        label=labels[0] if len(labels) == 1 else "",
        written_by=", ".join(_addresses(header, "From")),
        written_to=_addresses(header, "To"),
        written_on=_date(header),
    )


def _addresses(header: bytes, name: str) -> tuple[str, ...]:
    text = ", ".join(field(header, name))[:_READ].lower()
    return tuple(_ANGLED.findall(text) or _BARE.findall(text))


def _date(header: bytes) -> date | None:
    """The day where it was written, which is the writer's own."""
    told = _DAY.search(" ".join(field(header, "Date"))[:_READ])
    try:
        return date(int(told[3]), _MONTHS.index(told[2]) + 1, int(told[1])) if told else None
    except ValueError:
        return None
