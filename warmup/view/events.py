"""What happened: messages and pauses, a row each.

Owns: the rows and their order. Does not own: the facts (`warmup.store`).
"""

from __future__ import annotations

from warmup.model import Message, Pause
from warmup.store import Connection, messages, pauses

from . import held
from .people import People, everybody


def rows(db: Connection, limit: int, mailbox: int | None = None) -> list[dict[str, object]]:
    """The latest, of one mailbox or of all; the latest last. A work of the store."""
    people = everybody(db)
    found = [_of_message(message, people) for message in messages.recent(db, limit, mailbox)]
    found += [_of_pause(pause, people) for pause in pauses.history(db, mailbox)]
    found.sort(key=lambda row: str(row["at"]))
    return found[-limit:]


def _of_message(message: Message, people: People) -> dict[str, object]:
    said = str(message.response) if message.response else None
    return {
        "at": message.sent_at or message.refused_at or message.dropped_at or message.claimed_at or message.due_at,
        "mailbox": people[message.sender].address,
        "to": people[message.recipient].address,
        "state": message.state,
        "via": message.via,
        "found": message.placement,
        "says": message.reason or (said if message.response and not message.response.positive else None),
        "response": said,
        "message_id": message.message_id,
        "parent": message.parent,
        "thread": message.thread,
        "pause": None,
    }


def _of_pause(pause: Pause, people: People) -> dict[str, object]:
    return {
        "at": pause.since,
        "mailbox": people[pause.mailbox].address if pause.mailbox is not None else held.what(pause, people),
        "to": pause.provider,
        "state": "held",
        "via": None,
        "found": None,
        "says": held.told(pause),
        "response": str(pause.response) if pause.response else None,
        "message_id": None,
        "parent": None,
        "thread": None,
        "pause": pause.id,
    }
