"""Whom notices are told: the [notify] table.

Owns: its keys. Does not own: telling (`warmup.notify`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from warmup.notify import Channel, Kind

from .document import Table
from .values import WEEKDAYS, choice, duration, each, matching, path, text, whole

_EVENTS = tuple(kind for kind in Kind if kind is not Kind.TEST)
_NEEDED = {
    "webhook": ("url_file",),
    "slack": ("url_file",),
    "mail": ("from", "to"),
    "command": ("run",),
}
_PURPOSES = {
    "url_file": "write the path of the file that has the URL",
    "from": "write the registered mailbox that sends it",
    "to": "write a registered mailbox, for nobody else is written to",
    "run": 'write the command as a list, like ["/usr/local/bin/page", "warmup"]',
}
_address = matching(r"[^\s@]+@[^\s@]+", "a mailbox's address")


@dataclass(frozen=True, slots=True, kw_only=True)
class Notify:
    """Whom to tell, and how often."""

    again: timedelta = timedelta(hours=6)  # in which the same isn't told again
    most: int = 20  # an hour, by each channel
    weekly: int | None = 0  # the weekday of the summary, Monday 0; None: never
    channels: tuple[Channel, ...] = ()


def notify(table: Table, base: Path) -> Notify:
    usual = Notify()
    day = table.take("weekly", choice(*WEEKDAYS, "never"), WEEKDAYS[0])
    with table.table("to") as names:
        channels = [_channel(name, one, base) for name, one in names.tables().items()]
    return Notify(
        again=table.take("again", duration("1m", "7d"), usual.again),
        most=table.take("most", whole(1, 1000), usual.most),
        weekly=None if day == "never" else WEEKDAYS.index(day),
        channels=tuple(channel for channel in channels if channel is not None),
    )


def _channel(name: str, table: Table, base: Path) -> Channel | None:
    with table:
        kind = table.need("kind", choice(*_NEEDED), "write one of webhook, slack, mail, command")
        if kind is None:
            table.skip()
            return None
        events = table.take("events", each(choice(*_EVENTS)), _EVENTS)
        readers: dict[str, Callable[[Any], Any]] = {
            "url_file": path(base),
            "from": _address,
            "to": _address,
            "run": each(text),
        }
        found = {key: table.need(key, readers[key], _PURPOSES[key]) for key in _NEEDED[kind]}
        key_file = table.take("key_file", path(base), None) if kind == "webhook" else None
        if None in found.values():
            return None
    return Channel(
        name=name,
        kind=kind,
        events=frozenset(map(Kind, events)),
        url_file=found.get("url_file"),
        key_file=key_file,
        run=found.get("run") or (),
        sender=(found.get("from") or "").lower(),
        recipient=(found.get("to") or "").lower(),
    )
