"""What a visit will ask of INBOX first, so that it can be said along with what each sign-in asks.

One search: two at once are answered in any order, as Dovecot does, and nothing tells which answer is whose.

Owns: those words. Does not own: saying them, and what is made of the answers (`warmup.imap.login`,
`warmup.imap.access`).
Sources: RFC 3501 §5.5 (commands that are said at once, ambiguity), §6.3.1-2 (SELECT, EXAMINE), §6.4.4 (SEARCH).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from . import census, systems
from .sighting import searches

Search = tuple[str, ...]


class Errand(NamedTuple):
    """How INBOX is selected, and a search in it."""

    command: str
    search: Search


def looking(message_ids: Iterable[str]) -> Search:
    """What `Access.look` asks."""
    first, *_ = searches(message_ids)
    return "UID SEARCH", first


def hearing(*, validity: int, after: int, since: date) -> Search:
    """What `Access.notices` asks."""
    wanted = f"UID {after + 1}:*" if validity else census.since(since)
    return "UID SEARCH", wanted, systems.CRITERIA
