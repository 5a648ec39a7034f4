"""The pages for people: read without scripts, and without leave to change anything.

Owns: what is on which page, forms and where they lead. Does not own: looks (`pages/`, `static/`), who may come in
(`warmup.web.guard`), what is changed (`warmup.web.holding`).
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from warmup import __version__
from warmup.address import canonical
from warmup.errors import OperatorError
from warmup.model import Cause, Mailbox
from warmup.plan import local_date
from warmup.store import Connection, mailboxes, pauses
from warmup.view import events, held, history, placed, story
from warmup.view.people import everybody
from warmup.view.plain import text

from . import holding
from .access import LASTING
from .chart import chart
from .conversation import conversation
from .desk import Desk
from .examined import examined
from .guard import COOKIE, Visitor

_LATEST = 20  # events beside other things
_MANY = 200  # events and old pauses on a page of their own
_DONE = {
    "paused": "Paused.",
    "resumed": "Resumed: what held this mailbox is over.",
    "nothing": "Nothing held any more.",
    "ended": "The pause is over.",
}


def _harmless(value: object) -> object:
    """Foreign text without what a terminal would obey where somebody pastes it; markup is ours."""
    if type(value) is not str:
        return value
    return "".join(sign if sign.isprintable() or sign == "\n" else " " for sign in value)


_environment = Environment(
    loader=FileSystemLoader(Path(__file__).with_name("pages")),
    autoescape=True,
    undefined=StrictUndefined,
    finalize=_harmless,
    trim_blocks=True,
    lstrip_blocks=True,
)
_environment.filters.update(text=text, path=lambda words: quote(str(words), safe="@"))


def routes() -> list[Route]:
    return [
        Route("/", pool, name="pool"),
        Route("/mailboxes/{address}", mailbox),
        Route("/mailboxes/{address}/pause", pause, methods=["POST"]),
        Route("/mailboxes/{address}/resume", resume, methods=["POST"]),
        Route("/threads/{thread}", thread),
        Route("/pauses", pauses_),
        Route("/pauses/{number}", one_pause),
        Route("/pauses/{number}/end", end, methods=["POST"]),
        Route("/doctor", doctor),
        Route("/events", events_),
        Route("/sign-in", sign_in, methods=["GET", "POST"]),
        Route("/sign-out", sign_out, methods=["POST"]),
    ]


async def pool(request: Request) -> Response:
    desk = _desk(request)
    rows = await desk.pool()
    happened = await desk.read(events.rows, _LATEST)
    holds = await desk.read(_active, desk.now())
    arrived = await desk.placement()
    return await _page(request, "pool.html", rows=rows, events=happened[::-1], holds=holds, placement=arrived)


async def mailbox(request: Request) -> Response:
    desk, address = _desk(request), request.path_params["address"]
    whose, today, found = await desk.read(_mailbox, address, desk.now())
    row = next((row for row in await desk.pool() if row["mailbox"] == whose.address), None)
    return await _page(
        request,
        "mailbox.html",
        mailbox=whose,
        today=today,
        row=row,
        chart=chart(found["days"], found.pop("began"), local_date(desk.now(), whose.zone)),
        **found,
    )


async def thread(request: Request) -> Response:
    desk = _desk(request)
    told = await desk.read(conversation, desk.config, request.path_params["thread"])
    return await _page(request, "thread.html", told=told)


async def pauses_(request: Request) -> Response:
    desk, everything = _desk(request), request.query_params.get("all") == "1"
    rows = await desk.read(_ever) if everything else await desk.read(_active, desk.now())
    return await _page(request, "pauses.html", holds=rows, everything=everything)


async def one_pause(request: Request) -> Response:
    desk = _desk(request)
    row, advice = await desk.read(_pause, desk, holding.number(request.path_params["number"]))
    return await _page(request, "pause.html", hold=row, advice=advice, now=desk.now())


async def doctor(request: Request) -> Response:
    return await _page(request, "doctor.html", examined=await _desk(request).read(examined))


async def events_(request: Request) -> Response:
    rows = await _desk(request).read(events.rows, _MANY)
    return await _page(request, "events.html", events=rows[::-1])


async def pause(request: Request) -> Response:
    form = await _form(request)
    address = request.path_params["address"]
    during, why = holding.length(form.get("for", "")), holding.note(form.get("why", ""))
    desk = _desk(request)
    await desk.write(holding.pause, address, during, why, desk.now())
    return _back(f"/mailboxes/{quote(address, safe='@')}", "paused")


async def resume(request: Request) -> Response:
    await _form(request)
    desk, address = _desk(request), request.path_params["address"]
    lifted = await desk.write(holding.resume, address, desk.now())
    return _back(f"/mailboxes/{quote(address, safe='@')}", "resumed" if lifted else "nothing")


async def end(request: Request) -> Response:
    await _form(request)
    desk, number = _desk(request), holding.number(request.path_params["number"])
    ended = await desk.write(holding.end, number, desk.now())
    return _back(f"/pauses/{number}", "ended" if ended else "nothing")


async def sign_in(request: Request) -> Response:
    access = _desk(request).access
    if request.method in {"GET", "HEAD"}:
        return await _page(request, "sign_in.html", wrong=False, next=_next(request.query_params.get("next", "/")))
    form = await _fields(request)
    where = _next(form.get("next", "/"))
    if not access.holds(form.get("token", "").strip()):
        return await _page(request, "sign_in.html", 403, wrong=True, next=where)
    answer = RedirectResponse(where, 303)
    answer.set_cookie(COOKIE, access.begin(), max_age=LASTING, httponly=True, samesite="strict", secure=access.tls)
    return answer


async def sign_out(request: Request) -> Response:
    await _form(request)
    answer = RedirectResponse("/", 303)
    answer.delete_cookie(COOKIE)
    return answer


async def trouble(request: Request, status: int, why: str) -> Response:
    """The page that says what went wrong; it asks the store for nothing."""
    return _render(request, "trouble.html", status, daemon=None, why=why)


async def _page(request: Request, name: str, status: int = 200, **values: object) -> Response:
    return _render(request, name, status, daemon=await _desk(request).health(), **values)


def _render(request: Request, name: str, status: int, **values: object) -> Response:
    desk, visitor = _desk(request), _visitor(request)
    values |= {
        "version": __version__,
        "at": desk.now(),
        "done": _DONE.get(request.query_params.get("done", "")),
        "signed_in": bool(visitor.cookie),
        "proof": desk.access.proof(visitor.cookie) if visitor.cookie else "",
        "token": desk.access.token is not None,
        "open": desk.access.open,
        "path": request.url.path,
    }
    return HTMLResponse(_environment.get_template(name).render(values), status)


async def _form(request: Request) -> dict[str, str]:
    """The fields of a form that one signed in to and that is ours. Raises 403."""
    visitor, form = _visitor(request), await _fields(request)
    if not visitor.cookie:
        raise HTTPException(403, "sign in with the token first")
    if not _desk(request).access.proves(visitor.cookie, form.get("proof", "")):
        raise HTTPException(403, "this form is from an earlier visit; load its page again")
    return form


async def _fields(request: Request) -> dict[str, str]:
    """Of a form as browsers send it, the last of each name. Raises 400."""
    if request.headers.get("Content-Type", "").partition(";")[0].strip() != "application/x-www-form-urlencoded":
        raise HTTPException(400, "that is no form")
    try:
        fields = parse_qs((await request.body()).decode(), keep_blank_values=True, max_num_fields=20)
    except ValueError as error:
        raise HTTPException(400, "that is no form") from error
    return {name: values[-1] for name, values in fields.items()}


def _back(path: str, done: str) -> Response:
    return RedirectResponse(f"{path}?done={done}", 303)


def _next(path: str) -> str:
    """Where to go after signing in: a page of ours, whatever stands in the address."""
    return path if path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable() else "/"


def _desk(request: Request) -> Desk:
    desk: Desk = request.app.state.desk
    return desk


def _visitor(request: Request) -> Visitor:
    visitor: Visitor = request.state.visitor
    return visitor


def _active(db: Connection, at: datetime) -> list[dict[str, object]]:
    people = everybody(db)
    return [held.row(pause, people) for pause in pauses.active(db, at)]


def _ever(db: Connection) -> list[dict[str, object]]:
    people = everybody(db)
    return [held.row(pause, people) for pause in pauses.history(db)[-_MANY:]][::-1]


def _pause(db: Connection, desk: Desk, number: int) -> tuple[dict[str, object], list[Any]]:
    people, found = everybody(db), pauses.get(db, number)
    return held.row(found, people), list(held.advice(found, people, desk.config))


def _mailbox(db: Connection, address: str, at: datetime) -> tuple[Mailbox, list[str], dict[str, Any]]:
    """The mailbox, the tale of its day, and what is shown beside."""
    whose, people = mailboxes.get(db, canonical(address), removed=True), everybody(db)
    try:
        today = story.of_day(db, whose, local_date(at, whose.zone)).lines()
    except OperatorError as unplanned:
        today = [str(unplanned)]
    holds = [held.row(pause, people) for pause in held.of(whose, pauses.active(db, at))]
    happened = events.rows(db, _LATEST, whose.id)[::-1]
    began = {
        local_date(pause.since, whose.zone): held.told(pause)
        for pause in pauses.history(db, whose.id)
        if pause.cause is Cause.VERDICT
    }
    return (
        whose,
        today,
        {
            "days": history.rows(db, whose.id),
            "holds": holds,
            "events": happened,
            "began": began,
            "placement": placed.by_provider(db, at, mailbox=whose.id),
        },
    )
