"""What of all that happens an operator is to be told of. Pure.

Pauses, and that they are over, aren't in the table: they are what holds, which the store knows best.

Owns: which facts of the log become notices, and what makes two the same. Does not own: the facts (`warmup.daemon.log`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

Fields = Mapping[str, object]


class Kind(StrEnum):
    """What a notice is about, as `events` in the configuration names it."""

    PAUSE = "pause"
    RECOVERY = "recovery"
    DISABLED = "disabled"  # a person is needed
    PLACEMENT = "placement"
    MISSING = "missing"
    BLOCKLIST = "blocklist"
    TROUBLE = "trouble"  # the daemon's own
    WEEKLY = "weekly"
    TEST = "test"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One line for people; two with the same `key` are about the same thing. `fields` are for programs."""

    kind: Kind
    key: str
    at: datetime
    text: str
    fields: Fields = field(default_factory=dict)
    more: str = ""  # further lines


def of_fact(event: str, fields: Fields, at: datetime) -> Notice | None:
    """The notice that a fact is worth, if any."""
    found = _FACTS.get(event)
    if found is None or (event == "finding" and fields.get("code") != "blocklist-listed"):
        return None
    kind, key, words = found
    plain = {name: value if isinstance(value, int | float) else str(value) for name, value in fields.items() if value}
    plain.pop("traceback", None)  # for the log alone
    text = words({name: fields.get(name, "?") for name in _NAMED} | dict(fields))
    return Notice(
        kind=kind, key=f"{event} {' '.join(str(fields.get(name)) for name in key)}", at=at, text=text, fields=plain
    )


_NAMED = (
    "mailbox",
    "lane",
    "inbox",
    "between",
    "why",
    "domain",
    "what",
    "error",
    "server",
    "since",
    "holds",
    "id",
    "within",
)
_Words = Callable[[Fields], str]

# By the fact's name: what it is about, the fields that make two the same, and how it is told.
_FACTS: Mapping[str, tuple[Kind, tuple[str, ...], _Words]] = {
    "placement-low": (
        Kind.PLACEMENT,
        ("mailbox", "lane"),
        lambda f: f"{f['mailbox']}: mail to {f['lane']} doesn't arrive: {f['inbox']} in the inbox ({f['between']})",
    ),
    "placement-better": (
        Kind.PLACEMENT,
        ("mailbox", "lane"),
        lambda f: f"{f['mailbox']}: mail to {f['lane']} arrives again: {f['inbox']} in the inbox ({f['between']})",
    ),
    "missing": (Kind.MISSING, ("mailbox",), lambda f: f"{f['mailbox']}: a message to it was accepted and is nowhere"),
    "finding": (Kind.BLOCKLIST, ("domain", "what"), lambda f: f"{f['domain']}: {f['what']}"),
    "stalled": (Kind.TROUBLE, (), lambda f: f"the daemon stands still: {f['why']}"),
    "resumed": (Kind.TROUBLE, (), lambda f: f"the daemon goes on; it stood still since {f['stalled_since']}"),
    "bug": (Kind.TROUBLE, ("where",), lambda f: f"a bug in the daemon, see its log: {f['error']}"),
    "unreachable": (
        Kind.TROUBLE,
        ("mailbox",),
        lambda f: f"{f['mailbox']}: {f['server']} can't be reached since {f['since']}: {f['why']}",
    ),
    "often-held": (
        Kind.TROUBLE,
        ("mailbox",),
        lambda f: f"{f['mailbox']}: held {f['holds']} times within {f['within']}; its ramp may be too steep",
    ),
    "deaf": (Kind.TROUBLE, (), lambda f: f"the MTA's log can't be read: {f['why']}"),
}
