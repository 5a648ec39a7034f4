"""What the API is, for programs that read that: an OpenAPI document.

Owns: the document. Does not own: what it describes (`warmup.web.api`); a test compares the two.
Sources: OpenAPI 3.1.0, JSON Schema 2020-12.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from warmup import __version__
from warmup.dns import Level
from warmup.model import Cause, Placement, Scope, Stage

Schema = dict[str, Any]

_TEXT: Schema = {"type": "string"}
_COUNT: Schema = {"type": "integer", "minimum": 0}
_AT: Schema = {"type": "string", "format": "date-time", "description": "UTC"}
_DATE: Schema = {"type": "string", "format": "date", "description": "In the mailbox's own zone"}
_YES: Schema = {"type": "boolean"}


def _or_null(schema: Schema) -> Schema:
    return schema | {"type": [schema["type"], "null"]}


def _one_of(words: type[Scope | Cause | Placement | Stage]) -> Schema:
    return {"type": "string", "enum": [str(word) for word in words]}


def _word_or_null(words: type[Scope | Cause | Placement | Stage]) -> Schema:
    return {"type": ["string", "null"], "enum": [*(str(word) for word in words), None]}


def _object(**properties: Schema) -> Schema:
    """All of them are always there."""
    named = {name.rstrip("_"): schema for name, schema in properties.items()}
    return {"type": "object", "properties": named, "required": list(named)}


def _list(of: Schema) -> Schema:
    return {"type": "array", "items": of}


def _named(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


_SHARE: Schema = {"type": ["number", "null"], "minimum": 0, "maximum": 1}
_FIGURES = _object(
    days=_COUNT,
    inbox=_COUNT,
    junk=_COUNT,
    other=_COUNT,
    missing=_COUNT,
    bounced=_COUNT,
    messages=_COUNT | {"description": "Behind the share: all but those that came back"},
    share=_SHARE | {"description": "In the inbox"},
    low=_SHARE | {"description": "The true share lies between this and `high`, with 95 % confidence"},
    high=_SHARE,
)
_PAUSE = {
    "id": _COUNT,
    "scope": _one_of(Scope),
    "what": _TEXT | {"description": "Who is held, and to whom if not to everybody"},
    "mailbox": _or_null(_TEXT),
    "recipient": _or_null(_TEXT),
    "provider": _or_null(_TEXT),
    "domain": _or_null(_TEXT),
    "host": _or_null(_TEXT),
    "cause": _one_of(Cause),
    "by": _TEXT,
    "rule": _or_null(_TEXT),
    "since": _AT,
    "until": _or_null(_AT) | {"description": "null: until a person ends it, or an examination is clean"},
    "next_try": _TEXT,
    "lifted_at": _or_null(_AT),
    "strikes": _COUNT,
    "days_lost": _COUNT,
    "stage": _word_or_null(Stage),
    "says": _or_null(_TEXT),
}
_SCHEMAS: Mapping[str, Schema] = {
    "Error": _object(error=_TEXT),
    "Health": _object(fine=_YES, daemon=_YES, behind_since=_or_null(_AT)),
    "Pause": _object(**_PAUSE),
    "AdvisedPause": _object(**_PAUSE, advice=_list(_object(text=_TEXT, source=_or_null(_TEXT)))),
    "Lifted": _object(lifted=_COUNT | {"description": "How many pauses held until now"}),
    "Standing": _object(
        mailbox=_TEXT,
        curve=_TEXT,
        day=_or_null(_COUNT),
        sent_today=_COUNT,
        allowance=_or_null(_COUNT),
        others=_COUNT,
        observed=_or_null(_COUNT),
        reserved=_COUNT,
        why=_TEXT,
        top_day=_or_null(_COUNT),
        at_top=_YES,
        top_on=_or_null(_DATE),
        placement=_FIGURES,
        health=_or_null(_COUNT | {"maximum": 100}),
        health_of=_COUNT,
        sent=_COUNT,
        inbox=_COUNT,
        junk=_COUNT,
        other=_COUNT,
        missing=_COUNT,
        uncertain=_COUNT,
        opened=_COUNT,
        rescued=_COUNT,
        answered=_COUNT,
        held=_or_null(_TEXT),
        held_until=_or_null(_AT),
        next_try=_or_null(_TEXT),
        held_by=_or_null(_TEXT),
        pauses=_list(_named("Pause")),
    ),
    "Placement": _object(to=_TEXT | {"description": "Who receives"}, periods=_list(_FIGURES)),
    "Finding": _object(
        domain=_TEXT,
        examined_at=_AT,
        check=_TEXT,
        code=_TEXT,
        level={"type": "string", "enum": [str(level) for level in Level]},
        of=_TEXT | {"description": "The domain, address or server it was found at"},
        what=_TEXT,
        why=_or_null(_TEXT),
        fix=_or_null(_TEXT),
    ),
    "Day": _object(
        date=_DATE, age=_COUNT, curve=_TEXT, volume=_COUNT, allowance=_COUNT, sent=_COUNT, why=_or_null(_TEXT)
    ),
    "Mailbox": _object(
        mailbox=_TEXT,
        name=_TEXT,
        zone=_TEXT,
        provider=_TEXT,
        added_at=_AT,
        removed_at=_or_null(_AT),
        days=_list(_named("Day")),
        standing={"oneOf": [_named("Standing"), {"type": "null"}]},
    ),
    "Tale": _object(
        mailbox=_TEXT,
        date=_DATE,
        age=_COUNT,
        curve=_TEXT,
        volume=_COUNT,
        allowance=_COUNT,
        why=_TEXT,
        sent=_COUNT,
        answers=_COUNT,
        observed=_or_null(_COUNT),
        reserved=_COUNT,
        held=_list({"type": "object"}),
        unsent=_list(_object(reason=_TEXT, to=_TEXT, count=_COUNT)),
        around=_list(_object(date=_DATE, sent=_COUNT, allowance=_COUNT)),
    ),
    "Event": _object(
        at=_AT,
        mailbox=_TEXT,
        to=_or_null(_TEXT),
        state=_TEXT,
        found=_word_or_null(Placement),
        says=_or_null(_TEXT),
        response=_or_null(_TEXT),
        message_id=_or_null(_TEXT),
        parent=_or_null(_TEXT),
        thread=_or_null(_TEXT),
        pause=_or_null(_COUNT),
    ),
    "Conversation": _object(
        thread=_TEXT,
        scenario=_TEXT,
        subject=_or_null(_TEXT),
        why=_or_null(_TEXT) | {"description": "Why it can't be told any more"},
        turns=_list(
            _object(
                turn=_COUNT,
                from_=_TEXT,
                to=_TEXT,
                due_at=_AT,
                written_at=_or_null(_AT),
                sent_at=_or_null(_AT),
                found=_word_or_null(Placement),
                state=_TEXT,
                message_id=_TEXT,
                paragraphs=_list(_TEXT),
            )
        ),
    ),
}
_SAID = {
    400: "What was asked for makes no sense",
    401: "The token is needed",
    404: "There is none",
    413: "Too long",
    421: "Asked for by a name that isn't ours",
    503: "The database can't be used, or no daemon keeps up with it",
}
_ADDRESS = {"name": "address", "in": "path", "required": True, "schema": _TEXT}
_NUMBER = {"name": "number", "in": "path", "required": True, "schema": {"type": "integer", "minimum": 0}}
_WISH: Schema = {
    "type": "object",
    "properties": {
        "for": {
            "type": ["string", "null"],
            "pattern": "^([1-9][0-9]{0,2}m|[1-9][0-9]{0,2}h|[1-9][0-9]?d)?$",
            "description": 'How long, such as "4h", up to 400 days; null: until a person ends it',
        },
        "why": {"type": ["string", "null"], "maxLength": 200, "description": "A note, which is put on one line"},
    },
    "additionalProperties": False,
}


def document() -> dict[str, Any]:
    return {
        "openapi": "3.1.0",
        "info": {"title": "warmup", "version": __version__, "license": {"name": "GPL-3.0-or-later"}},
        "servers": [{"url": "/"}],
        "paths": _paths(),
        "components": {
            "schemas": _SCHEMAS,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _paths() -> dict[str, Any]:
    limit = {"type": "integer", "minimum": 1, "maximum": 1000, "default": 50}
    return {
        "/api/openapi.json": _get("This document", {"type": "object"}),
        "/api/health": _get("Whether all is well", _named("Health"), also={503: _one(("Health", "Error"))}),
        "/api/pool": _get("Where every mailbox stands", _list(_named("Standing"))),
        "/api/mailboxes/{address}": _get("A mailbox and what it has lived", _named("Mailbox"), _ADDRESS),
        "/api/mailboxes/{address}/days/{date}": _get(
            "What a mailbox did on a day, and why no more",
            _named("Tale"),
            _ADDRESS,
            {"name": "date", "in": "path", "required": True, "schema": _DATE},
        ),
        "/api/mailboxes/{address}/pause": _post("Hold all that a mailbox would send", "Pause", _ADDRESS, made=True),
        "/api/mailboxes/{address}/resume": _post("End every pause of a mailbox", "Lifted", _ADDRESS),
        "/api/threads/{thread}": _get(
            "A conversation, told again",
            _named("Conversation"),
            {"name": "thread", "in": "path", "required": True, "schema": _TEXT},
        ),
        "/api/placement": _get(
            "Where mail arrives, by who receives it; of everybody's, or of one mailbox's",
            _list(_named("Placement")),
            {"name": "mailbox", "in": "query", "schema": _TEXT},
        ),
        "/api/findings": _get("What the doctor found last, the worst domain first", _list(_named("Finding"))),
        "/api/events": _get(
            "The latest messages and pauses, the latest last",
            _list(_named("Event")),
            {"name": "limit", "in": "query", "schema": limit},
            {"name": "mailbox", "in": "query", "schema": _TEXT},
        ),
        "/api/pauses": _get(
            "What holds now, or everything that ever held",
            _list(_named("Pause")),
            {"name": "all", "in": "query", "schema": {"type": "boolean", "default": False}},
        ),
        "/api/pauses/{number}": _get("A pause, and what can be done", _named("AdvisedPause"), _NUMBER),
        "/api/pauses/{number}/end": _post("End a pause", "Lifted", _NUMBER),
    }


def _get(summary: str, schema: Schema, *parameters: Schema, also: Mapping[int, Schema] | None = None) -> Schema:
    answers = _answers(200, schema, also or {})
    return {"get": {"summary": summary, "parameters": list(parameters), "responses": answers, "security": [{}, _TOKEN]}}


def _post(summary: str, schema: str, *parameters: Schema, made: bool = False) -> Schema:
    operation = {
        "summary": summary,
        "parameters": list(parameters),
        "responses": _answers(201 if made else 200, _named(schema), {}),
        "security": [_TOKEN],
    }
    if made:
        operation["requestBody"] = {"content": {"application/json": {"schema": _WISH}}}
    return {"post": operation}


def _answers(status: int, schema: Schema, also: Mapping[int, Schema]) -> dict[str, Any]:
    errors = {code: also.get(code, _named("Error")) for code in _SAID if code != 421}
    found = {str(code): _content(_SAID[code], body) for code, body in errors.items()}
    return {
        str(status): _content("Done", schema),
        **found,
        "421": {"description": _SAID[421], "content": {"text/plain": {"schema": _TEXT}}},
    }


def _content(told: str, schema: Schema) -> dict[str, Any]:
    return {"description": told, "content": {"application/json": {"schema": schema}}}


def _one(names: Sequence[str]) -> Schema:
    return {"oneOf": [_named(name) for name in names]}


_TOKEN: Mapping[str, list[str]] = {"token": []}
