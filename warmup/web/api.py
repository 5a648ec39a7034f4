"""The API for programs: what the pages show, as JSON; and pausing and resuming, for who shows the token.

Owns: addresses, parameters, status codes. Does not own: the document that describes them (`warmup.web.openapi`), the
rows (`warmup.view`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from warmup.address import canonical
from warmup.errors import OperatorError, UsageError
from warmup.model import Pause
from warmup.store import Connection, mailboxes, pauses
from warmup.view import events, findings, held, history, placed, story
from warmup.view.people import everybody
from warmup.view.plain import plain

from . import holding
from .conversation import conversation
from .desk import Desk
from .examined import examined
from .openapi import document

_MOST = 1000  # rows of an answer
_USUAL = 50


def routes() -> list[Route]:
    return [
        Route("/openapi.json", description),
        Route("/health", health),
        Route("/pool", pool),
        Route("/mailboxes/{address}", mailbox),
        Route("/mailboxes/{address}/days/{date}", day),
        Route("/mailboxes/{address}/pause", pause, methods=["POST"]),
        Route("/mailboxes/{address}/resume", resume, methods=["POST"]),
        Route("/threads/{thread}", thread),
        Route("/placement", placement),
        Route("/findings", findings_),
        Route("/events", events_),
        Route("/pauses", pauses_),
        Route("/pauses/{number}", one_pause),
        Route("/pauses/{number}/end", end, methods=["POST"]),
    ]


async def description(request: Request) -> Response:
    return JSONResponse(document())


async def health(request: Request) -> Response:
    """200 if the database can be read and a daemon is at work on it, and keeps up; else 503."""
    found = await _desk(request).health()
    told = {"fine": found.fine, "daemon": found.served, "behind_since": found.behind_since}
    return _answer(told, 200 if found.fine else 503)


async def pool(request: Request) -> Response:
    return _answer(await _desk(request).pool())


async def mailbox(request: Request) -> Response:
    desk = _desk(request)
    row = await desk.read(_lived, request.path_params["address"])
    standing = next((one for one in await desk.pool() if one["mailbox"] == row["mailbox"]), None)
    return _answer(row | {"standing": standing})


async def day(request: Request) -> Response:
    try:
        on = date.fromisoformat(request.path_params["date"])
    except ValueError as error:
        raise HTTPException(400, "date: write it like 2026-11-30") from error
    return _answer(await _desk(request).read(_day, request.path_params["address"], on))


async def thread(request: Request) -> Response:
    desk = _desk(request)
    return _answer((await desk.read(conversation, desk.config, request.path_params["thread"])).row())


async def placement(request: Request) -> Response:
    desk, address = _desk(request), _query(request, "mailbox").get("mailbox")
    return _answer(await desk.placement() if address is None else await desk.read(_placement, address, desk.now()))


async def findings_(request: Request) -> Response:
    return _answer(await _desk(request).read(_findings))


async def events_(request: Request) -> Response:
    asked = _query(request, "limit", "mailbox")
    words = asked.get("limit", str(_USUAL))
    if not (words.isascii() and words.isdigit() and len(words) <= 4 and 1 <= int(words) <= _MOST):
        raise HTTPException(400, f"limit: write a whole number from 1 to {_MOST}")
    return _answer(await _desk(request).read(_events, int(words), asked.get("mailbox")))


async def pauses_(request: Request) -> Response:
    desk, words = _desk(request), _query(request, "all").get("all", "false")
    if words not in {"true", "false"}:
        raise HTTPException(400, "all: write true or false")
    return _answer(await desk.read(_pauses, None if words == "true" else desk.now()))


async def one_pause(request: Request) -> Response:
    desk = _desk(request)
    return _answer(await desk.read(_pause, desk, holding.number(request.path_params["number"])))


async def pause(request: Request) -> Response:
    _allow(request)
    asked = await _body(request, "for", "why")
    during, why = holding.length(asked.get("for")), holding.note(asked.get("why"))
    desk = _desk(request)
    kept = await desk.write(holding.pause, request.path_params["address"], during, why, desk.now())
    return _answer(await desk.read(_row, kept), 201)


async def resume(request: Request) -> Response:
    _allow(request)
    desk = _desk(request)
    lifted = await desk.write(holding.resume, request.path_params["address"], desk.now())
    return _answer({"lifted": lifted})


async def end(request: Request) -> Response:
    _allow(request)
    desk = _desk(request)
    ended = await desk.write(holding.end, holding.number(request.path_params["number"]), desk.now())
    return _answer({"lifted": int(ended)})


def _answer(value: object, status: int = 200) -> Response:
    return JSONResponse(plain(value), status)


def _allow(request: Request) -> None:
    """Raises 401 unless the token came with the request: a cookie, which browsers add by themselves, isn't enough."""
    if not request.state.visitor.bearer:
        told = "show the token: Authorization: Bearer TOKEN"
        if _desk(request).access.token is None:
            told = "nothing can be changed without a token; make one with: warmup web --new-token"
        raise HTTPException(401, told, {"WWW-Authenticate": "Bearer"})


def _query(request: Request, *known: str) -> Mapping[str, str]:
    """The parameters, each once and none that isn't known. Raises 400."""
    found = request.query_params
    for name in found:
        if name not in known:
            raise HTTPException(400, f"{name}: there is no such parameter; known here: {', '.join(known)}")
        if len(found.getlist(name)) > 1:
            raise HTTPException(400, f"{name}: write it once")
    return found


async def _body(request: Request, *known: str) -> Mapping[str, Any]:
    """A JSON object without keys that aren't known; empty if there is no body. Raises 400."""
    content = await request.body()
    if not content:
        return {}
    try:
        asked = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise HTTPException(400, "the body isn't JSON") from error
    if not isinstance(asked, dict) or asked.keys() - set(known):
        raise HTTPException(400, f"the body: write an object with nothing but {', '.join(known)}")
    return asked


def _desk(request: Request) -> Desk:
    desk: Desk = request.app.state.desk
    return desk


def _lived(db: Connection, address: str) -> dict[str, object]:
    found = mailboxes.get(db, canonical(address), removed=True)
    return {
        "mailbox": found.address,
        "name": found.name,
        "zone": found.zone,
        "provider": found.provider,
        "added_at": found.added_at,
        "removed_at": found.removed_at,
        "days": history.rows(db, found.id),
    }


def _day(db: Connection, address: str, on: date) -> dict[str, object]:
    found = mailboxes.get(db, canonical(address), removed=True)
    try:
        return story.of_day(db, found, on).row()
    except OperatorError as unplanned:
        raise UsageError(str(unplanned)) from unplanned


def _placement(db: Connection, address: str, at: datetime) -> list[dict[str, object]]:
    return placed.by_provider(db, at, mailbox=mailboxes.get(db, canonical(address), removed=True).id)


def _findings(db: Connection) -> list[dict[str, object]]:
    return [findings.row(one.domain, one.at, found) for one in examined(db) if one.at for found in one.findings]


def _events(db: Connection, limit: int, address: str | None) -> list[dict[str, object]]:
    one = mailboxes.get(db, canonical(address), removed=True).id if address is not None else None
    return events.rows(db, limit, one)


def _pauses(db: Connection, at: datetime | None) -> list[dict[str, object]]:
    """Those that hold at an instant, or all there ever were, the latest thousand."""
    people, found = everybody(db), pauses.history(db)[-_MOST:] if at is None else pauses.active(db, at)
    return [held.row(pause, people) for pause in found]


def _pause(db: Connection, desk: Desk, number: int) -> dict[str, object]:
    people, found = everybody(db), pauses.get(db, number)
    advice = [{"text": one.text, "source": one.source} for one in held.advice(found, people, desk.config)]
    return held.row(found, people) | {"advice": advice}


def _row(db: Connection, kept: Pause) -> dict[str, object]:
    return held.row(kept, everybody(db))
