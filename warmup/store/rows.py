"""From rows to values and back: the only place where a column's name meets a field's.

Owns: the translation. Does not own: statements. Nothing of SQLAlchemy goes out of here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields
from operator import attrgetter
from typing import Any

from sqlalchemy import Row, RowMapping

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

_PLAIN_OF_MAILBOX = tuple(field.name for field in fields(Mailbox) if field.name not in {"smtp", "imap", "relays"})
_PLAIN_OF_MESSAGE = tuple(field.name for field in fields(Message) if field.name not in {"placement", "response"})
_PLAIN_OF_PAUSE = tuple(field.name for field in fields(Pause) if field.name not in {"scope", "cause", "response"})
_PLAIN_OF_DAY = tuple(field.name for field in fields(Day))
_PLAIN_OF_BOOKMARK = tuple(field.name for field in fields(Bookmark))
SLOT = tuple(field.name for field in fields(Slot))
_of_slot = attrgetter(*SLOT)

Values = dict[str, Any]  # the columns of a row


def to_mailbox(row: Row[*tuple[Any, ...]], relays: Iterable[Relay] = ()) -> Mailbox:
    known = row._mapping
    smtp, imap = _endpoint(known, "smtp_"), _endpoint(known, "imap_")
    return Mailbox(**_some(known, _PLAIN_OF_MAILBOX), smtp=smtp, imap=imap, relays=tuple(relays))


def to_relay(row: Row[*tuple[Any, ...]]) -> Relay:
    return Relay(_endpoint(row._mapping), row._mapping["weight"])


def to_message(row: Row[*tuple[Any, ...]]) -> Message:
    known = row._mapping
    placement = known["placement"] and Placement(known["placement"])
    return Message(**_some(known, _PLAIN_OF_MESSAGE), placement=placement, response=_response(known))


def to_pause(row: Row[*tuple[Any, ...]]) -> Pause:
    known = row._mapping
    scope, cause = Scope(known["scope"]), Cause(known["cause"])
    return Pause(**_some(known, _PLAIN_OF_PAUSE), scope=scope, cause=cause, response=_response(known))


def to_day(row: Row[*tuple[Any, ...]]) -> Day:
    return Day(**_some(row._mapping, _PLAIN_OF_DAY))


def to_bookmark(row: Row[*tuple[Any, ...]]) -> Bookmark:
    return Bookmark(**_some(row._mapping, _PLAIN_OF_BOOKMARK))


def from_bookmark(bookmark: Bookmark) -> Values:
    return {name: getattr(bookmark, name) for name in _PLAIN_OF_BOOKMARK}


def from_fields(values: Mapping[str, Any]) -> Values:
    """The columns of some fields of a mailbox."""
    columns = dict(values)
    for kind in {"smtp", "imap"} & columns.keys():
        columns |= _columns(columns.pop(kind), f"{kind}_")
    return columns


def from_relay(mailbox: int, place: int, relay: Relay) -> Values:
    return {"mailbox": mailbox, "place": place, "weight": relay.weight} | _columns(relay.server)


def from_response(response: Response | None) -> Values:
    parts = asdict(response) if response else dict.fromkeys(("stage", "code", "enhanced", "text"))
    return {f"response_{name}": value for name, value in parts.items()}


def from_slot(slot: Slot) -> Values:
    return dict(zip(SLOT, _of_slot(slot), strict=True))


def from_day(day: Day) -> Values:
    return {name: getattr(day, name) for name in _PLAIN_OF_DAY}


def from_pause(pause: Pause) -> Values:
    """All but the number, which the database gives."""
    plain = {name: getattr(pause, name) for name in _PLAIN_OF_PAUSE if name != "id"}
    return plain | {"scope": pause.scope, "cause": pause.cause} | from_response(pause.response)


def _some(known: RowMapping, names: tuple[str, ...]) -> Values:
    return {name: known[name] for name in names}


def _endpoint(known: RowMapping, of: str = "") -> Endpoint:
    return Endpoint(known[f"{of}host"], known[f"{of}port"], Security(known[f"{of}security"]))


def _columns(endpoint: Endpoint, of: str = "") -> Values:
    return {f"{of}host": endpoint.host, f"{of}port": endpoint.port, f"{of}security": endpoint.security}


def _response(known: RowMapping) -> Response | None:
    if known["response_stage"] is None:
        return None
    stage, code = Stage(known["response_stage"]), known["response_code"]
    return Response(stage, code, known["response_enhanced"], known["response_text"])
