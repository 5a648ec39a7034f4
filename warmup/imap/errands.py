"""What a visit will ask of a folder, so that all of it can be said when the folder is selected.

Owns: those words. Does not own: saying them, and what is made of the answers (`warmup.imap.login`,
`warmup.imap.access`).
Sources: RFC 3501 §5.5 (commands that are said at once), §6.3.1-2 (SELECT, EXAMINE), §6.4.4 (SEARCH).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import NamedTuple

from . import census, posted, systems
from .sighting import searches

Search = tuple[str, ...]
_AT_ONCE = 20  # searches; a guess: a server may take long for each


class Errand(NamedTuple):
    """How a folder is selected, and the searches in it."""

    command: str
    searches: tuple[Search, ...]


class Errands(NamedTuple):
    """What is asked of INBOX, and of Sent."""

    inbox: Errand | None = None
    sent: Errand | None = None


NOTHING = Errands()


def errand(*wanted: Search, acting: bool = False) -> Errand | None:
    """One for these searches, if there are any; `acting`: what they find will be changed."""
    return Errand("SELECT" if acting else "EXAMINE", wanted[:_AT_ONCE]) if wanted else None


def looking(message_ids: Iterable[str]) -> Search:
    """What `Access.look` asks."""
    first, *_ = searches(message_ids)
    return "UID SEARCH", first


def hearing(*, validity: int, after: int, since: date) -> Search:
    """What `Access.notices` asks."""
    wanted = f"UID {after + 1}:*" if validity else census.since(since)
    return "UID SEARCH", wanted, systems.CRITERIA


def keeping(message_id: str) -> Search:
    """What `Access.keep` asks."""
    return looking([message_id])


def counting(since: datetime) -> Search:
    """What `Access.sent_since` asks."""
    return "UID SEARCH", posted.criteria(since)
