"""From rows to values and back: the only place where a column's name meets a field's.

Owns: the translation. Does not own: statements. A row begins with the columns of its table, in their order; what comes
behind them isn't read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from operator import attrgetter
from typing import Any

from warmup.model import (
    Bookmark,
    Cause,
    Day,
    Endpoint,
    Mailbox,
    Message,
    Pause,
    Placement,
    Relay,
    Response,
    Scope,
    Security,
    Slot,
    Stage,
)

from . import tables

_PLAIN_OF_MAILBOX = tuple(field.name for field in fields(Mailbox) if field.name not in {"smtp", "imap", "relays"})
_PLAIN_OF_PAUSE = tuple(field.name for field in fields(Pause) if field.name not in {"scope", "cause", "response"})
_BOOKMARK, _DAY, _MAILBOX, _MESSAGE, _PAUSE, _RELAY = (
    tuple(table.c.keys())
    for table in (tables.bookmark, tables.day, tables.mailbox, tables.message, tables.pause, tables.relay)
)
SLOT = tuple(field.name for field in fields(Slot))
_of_slot = attrgetter(*SLOT)
_of_response = attrgetter(*(field.name for field in fields(Response)))
_RESPONSE = tuple(f"response_{field.name}" for field in fields(Response))

Values = dict[str, Any]  # the columns of a row


def to_mailbox(row: Sequence[Any], relays: Iterable[Relay] = ()) -> Mailbox:
    known = _named(_MAILBOX, row)
    smtp, imap = _endpoint(known, "smtp_"), _endpoint(known, "imap_")
    return Mailbox(**_some(known, _PLAIN_OF_MAILBOX), smtp=smtp, imap=imap, relays=tuple(relays))


def to_relay(row: Sequence[Any]) -> Relay:
    known = _named(_RELAY, row)
    return Relay(_endpoint(known), known["weight"])


def to_message(row: Sequence[Any]) -> Message:
    known = _named(_MESSAGE, row)
    response = _response(known)
    for name in _RESPONSE:
        del known[name]
    if known["placement"] is not None:
        known["placement"] = Placement(known["placement"])
    return Message(**known, response=response)


def to_pause(row: Sequence[Any]) -> Pause:
    known = _named(_PAUSE, row)
    scope, cause = Scope(known["scope"]), Cause(known["cause"])
    return Pause(**_some(known, _PLAIN_OF_PAUSE), scope=scope, cause=cause, response=_response(known))


def to_day(row: Sequence[Any]) -> Day:
    return Day(**_named(_DAY, row))


def to_bookmark(row: Sequence[Any]) -> Bookmark:
    return Bookmark(**_named(_BOOKMARK, row))


def from_bookmark(mark: Bookmark) -> Values:
    return {name: getattr(mark, name) for name in _BOOKMARK}


def from_fields(values: Mapping[str, Any]) -> Values:
    """The columns of some fields of a mailbox."""
    columns = dict(values)
    for kind in {"smtp", "imap"} & columns.keys():
        columns |= _columns(columns.pop(kind), f"{kind}_")
    return columns


def from_relay(mailbox: int, place: int, relay: Relay) -> Values:
    return {"mailbox": mailbox, "place": place, "weight": relay.weight} | _columns(relay.server)


def from_response(response: Response | None) -> Values:
    said = (None, None, None, None) if response is None else _of_response(response)
    return dict(zip(_RESPONSE, said, strict=True))


def from_slot(slot: Slot) -> Values:
    return dict(zip(SLOT, _of_slot(slot), strict=True))


def from_day(day: Day) -> Values:
    return {name: getattr(day, name) for name in _DAY}


def from_pause(pause: Pause) -> Values:
    """All but the number, which the database gives."""
    plain = {name: getattr(pause, name) for name in _PLAIN_OF_PAUSE if name != "id"}
    return plain | {"scope": pause.scope, "cause": pause.cause} | from_response(pause.response)


def _named(columns: tuple[str, ...], row: Sequence[Any]) -> Values:
    return dict(zip(columns, row, strict=False))


def _some(known: Mapping[str, Any], names: tuple[str, ...]) -> Values:
    return {name: known[name] for name in names}


def _endpoint(known: Mapping[str, Any], of: str = "") -> Endpoint:
    return Endpoint(known[f"{of}host"], known[f"{of}port"], Security(known[f"{of}security"]))


def _columns(endpoint: Endpoint, of: str = "") -> Values:
    return {f"{of}host": endpoint.host, f"{of}port": endpoint.port, f"{of}security": endpoint.security}


def _response(known: Mapping[str, Any]) -> Response | None:
    if known["response_stage"] is None:
        return None
    stage, code = Stage(known["response_stage"]), known["response_code"]
    return Response(stage, code, known["response_enhanced"], known["response_text"])
