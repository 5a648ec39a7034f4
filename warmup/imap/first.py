"""What a visit asks of INBOX before anything else, so that it can be said along with what each sign-in asks.

Owns: those words. Does not own: saying them (`warmup.imap.login`), what is made of the answers (`warmup.imap.access`).
Sources: RFC 3501 §5.5 (commands that are said at once), §6.3.1-2 (SELECT, EXAMINE), §6.4.4 (SEARCH).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from . import census, systems
from .sighting import searches


class First(NamedTuple):
    """How INBOX is selected, and the search in it."""

    command: str
    search: tuple[str, ...]


def looking(message_ids: Iterable[str], *, acting: bool = False) -> First:
    """What `Access.look` asks."""
    first, *_ = searches(message_ids)
    return First("SELECT" if acting else "EXAMINE", ("UID SEARCH", first))


def hearing(*, validity: int, after: int, since: date) -> First:
    """What `Access.notices` asks."""
    wanted = f"UID {after + 1}:*" if validity else census.since(since)
    return First("EXAMINE", ("UID SEARCH", wanted, systems.CRITERIA))
