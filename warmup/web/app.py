"""The application: which address is what, and what is said when something goes wrong.

Owns: putting pages, API, metrics and health together. Does not own: any of them.
"""

from __future__ import annotations

from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from warmup.errors import StoreError, UsageError
from warmup.store import pauses

from . import api, pages
from .desk import Desk
from .examined import examined
from .guard import Guard
from .metrics import Facts, exposition

_BODY = 16 * 1024  # bytes of a request; a note has 200 characters


def application(desk: Desk) -> ASGIApp:
    app = Starlette(
        routes=[
            *pages.routes(),
            Mount("/api", routes=api.routes()),
            Route("/metrics", metrics),
            Route("/healthz", api.health),
            Mount("/static", StaticFiles(directory=Path(__file__).with_name("static")), name="static"),
        ],
        exception_handlers={HTTPException: _said, UsageError: _not_there, StoreError: _down, Exception: _bug},
        max_body_size=_BODY,
    )
    app.state.desk = desk
    return Guard(app, desk.access)  # around all of it: what is said of a bug has the headers too


async def metrics(request: Request) -> Response:
    desk: Desk = request.app.state.desk
    holds = await desk.read(pauses.active, desk.now())
    facts = Facts(await desk.pool(), holds, await desk.read(examined), await desk.health())
    body, kind = exposition(facts, request.headers.get("Accept", ""))
    return Response(body, media_type=kind)


async def _said(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    answer = await _trouble(request, error.status_code, error.detail)
    for name, value in (error.headers or {}).items():
        answer.headers[name] = value
    return answer


async def _not_there(request: Request, error: Exception) -> Response:
    """Someone asked for what the pool hasn't."""
    return await _trouble(request, 404, str(error))


async def _down(request: Request, error: Exception) -> Response:
    return await _trouble(request, 503, str(error))


async def _bug(request: Request, error: Exception) -> Response:
    # Its traceback goes to standard error: it is nothing for a browser.
    return await _trouble(request, 500, "that is a bug of warmup's; its log has more")


async def _trouble(request: Request, status: int, why: str) -> Response:
    if request.url.path.startswith(("/api/", "/metrics", "/healthz")):
        return JSONResponse({"error": why}, status)
    return await pages.trouble(request, status, why)
