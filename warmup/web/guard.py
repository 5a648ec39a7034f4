"""What stands before every page: whom to answer at all, and which headers an answer has.

Owns: that nobody is answered who asks for a foreign name, looks or writes without leave, or has a foreign page write;
that browsers keep to what we are. Does not own: the rules (`warmup.web.access`).
Sources: RFC 9110 §15.5.20 (421); Content Security Policy 3; Fetch Metadata (Sec-Fetch-Site).
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .access import Access

COOKIE = "warmup"
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Not "no-referrer": with that browsers hide the origin of a form.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_FOR_EVERYBODY = ("/sign-in", "/healthz", "/static/")
_FOR_PROGRAMS = ("/api/", "/metrics")


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who asks. `cookie` is empty unless it is one of ours; `bearer`: a program showed the token with this request."""

    cookie: str
    bearer: bool

    @property
    def trusted(self) -> bool:
        return bool(self.cookie) or self.bearer


class Guard:
    """Around an application, whose requests have the `Visitor` in their state."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app = app
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        visitor = self._visitor(HTTPConnection(scope))
        scope.setdefault("state", {})["visitor"] = visitor
        refused = self._refused(scope, Headers(scope=scope), visitor)
        await (refused or self._app)(scope, receive, dressed)

    def _visitor(self, asked: HTTPConnection) -> Visitor:
        cookie = asked.cookies.get(COOKIE, "")
        kind, _, given = asked.headers.get("Authorization", "").partition(" ")
        return Visitor(
            cookie if self._access.remembers(cookie) else "",
            kind.lower() == "bearer" and self._access.holds(given.strip()),
        )

    def _refused(self, scope: Scope, headers: Headers, visitor: Visitor) -> Response | None:
        """What is said to who isn't let in; None: they are."""
        path, changes = str(scope["path"]), scope["method"] not in {"GET", "HEAD"}
        host = headers.get("Host", "")
        if not self._access.knows(host):
            told = "warmup: this isn't a name of mine; see origin in [web] of the configuration\n"
            return PlainTextResponse(told, 421)
        if changes and not visitor.bearer and not self._ours(headers, host):
            return PlainTextResponse("warmup: that was sent by a page of another origin\n", 403)
        if self._access.open or visitor.trusted or path.startswith(_FOR_EVERYBODY):
            return None
        if path.startswith(_FOR_PROGRAMS):
            told = "show the token: Authorization: Bearer TOKEN"
            return JSONResponse({"error": told}, 401, {"WWW-Authenticate": "Bearer"})
        return RedirectResponse(f"/sign-in?next={quote(path)}", 303)

    def _ours(self, headers: Headers, host: str) -> bool:
        """Whether a browser says that it is at a page of ours; what is no browser says nothing."""
        if headers.get("Sec-Fetch-Site", "same-origin") not in {"same-origin", "none"}:
            return False
        origin = headers.get("Origin")
        return origin is None or self._access.same_origin(origin, host)
