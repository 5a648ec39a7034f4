"""A small authorization server on loopback, over HTTPS: it grants, replaces, ends and revokes what a client asks for.

It holds a client to the standard: PKCE with S256, the redirect of the request, a code shown once, a device that waits
as long as it is told. Nothing of the client's code is in it.

Sources: RFC 6749 (codes, refresh tokens, errors), RFC 7636 §4.6 (PKCE), RFC 8628 (device codes), RFC 7662
(introspection, which mail servers ask).
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import ssl
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs, urlencode, urlsplit

import trustme

from warmup.daemon.clock import SystemClock
from warmup.model import Client

SCOPE = "mail"


class Refusal(Exception):
    """An error of the standard, by its name."""


@dataclass
class Code:
    """What a person consented to, until it is shown."""

    user: str
    redirect: str
    challenge: str


@dataclass
class Waiting:
    """A device that waits for a person."""

    typed: str
    pace: float
    user: str | None = None
    answers: list[str] = field(default_factory=list)  # errors to give first


class Provider:
    """A context manager. `user` is who sits at the browser, and whatever is public can be changed at any time."""

    def __init__(self, authority: trustme.CA | None = None) -> None:
        self.authority = authority or trustme.CA()
        self.id, self.secret = "warmup-tests", secrets.token_hex(8)
        self._lock = threading.RLock()
        self.forget()
        self._server = _server(self)

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Nothing more is answered. Does nothing the second time."""
        self.gate.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    # what a test says

    def forget(self) -> None:
        """Everything is as in the beginning, and nobody has consented to anything."""
        self.clock: Callable[[], datetime] = SystemClock().now
        self.lasts = timedelta(hours=1)
        self.really: timedelta | None = None  # how long they last, if not as long as it says
        self.pace = 5.0  # seconds between two questions of a device
        self.rotates = False  # gives a new refresh token each time, and takes the old one no more
        self.offline = True  # gives refresh tokens
        self.denies = False  # who sits at the browser says no
        self.down = False
        self.outage: tuple[datetime, datetime] | None = None  # by its clock
        self.garbled = False
        self.odd: dict[str, Any] = {}  # what a token's answer has instead
        self.length = 40  # of access tokens
        self.device_answers: list[str] = []  # errors that the next device hears first
        self.asked: Counter[str] = Counter()  # by the kind of grant
        self.asked_for: Counter[str] = Counter()  # refreshed, by user
        self.forms: list[Mapping[str, str]] = []
        self.reached = threading.Event()  # the token endpoint
        self.gate = threading.Event()  # it answers only while this is set
        self.gate.set()
        self._codes: dict[str, Code] = {}
        self._devices: dict[str, Waiting] = {}
        self._access: dict[str, tuple[str, datetime]] = {}
        self._refresh: dict[str, str] = {}

    @property
    def base(self) -> str:
        return f"https://127.0.0.1:{self._server.server_port}"

    @property
    def client(self) -> Client:
        return Client(
            provider="local",
            id=self.id,
            secret=self.secret,
            authorize=f"{self.base}/authorize",
            token=f"{self.base}/token",
            device=f"{self.base}/device",
            scopes=(SCOPE,),
        )

    @property
    def settings(self) -> str:
        """The client as it stands in a configuration."""
        urls = "".join(f'{name} = "{self.base}/{name}"\n' for name in ("authorize", "token", "device"))
        return f'[oauth.local]\nclient_id = "{self.id}"\nclient_secret = "{self.secret}"\n{urls}scopes = ["{SCOPE}"]\n'

    @cached_property
    def trusting(self) -> ssl.SSLContext:
        """A client's context. Made once: loading what the system trusts as well takes long."""
        context = ssl.create_default_context()
        self.authority.configure_trust(context)
        return context

    def consents(self, user: str) -> str:
        """A refresh token, as if somebody had."""
        with self._lock:
            token = secrets.token_urlsafe(24)
            self._refresh[token] = user
            return token

    def types(self, code: str, user: str) -> None:
        """Somebody types the code of a device, signed in as `user`."""
        with self._lock:
            next(waiting for waiting in self._devices.values() if waiting.typed == code).user = user

    def revoke(self, user: str) -> None:
        """The user takes back all that was consented to."""
        with self._lock:
            self._refresh = {token: owner for token, owner in self._refresh.items() if owner != user}
        self.end(user)

    def end(self, user: str) -> None:
        """The user's access tokens end now, without a word."""
        with self._lock:
            self._access = {token: what for token, what in self._access.items() if what[0] != user}

    def owner(self, token: str) -> str | None:
        """Whose access token it is; None: nobody's any more."""
        with self._lock:
            user, until = self._access.get(token, ("", datetime.min.replace(tzinfo=UTC)))
            return user if self.clock() < until else None

    @property
    def away(self) -> bool:
        return self.down or (self.outage is not None and self.outage[0] <= self.clock() < self.outage[1])

    def known(self, refresh: str) -> bool:
        with self._lock:
            return refresh in self._refresh

    # what it answers

    def authorize(self, asked: Mapping[str, str]) -> str:
        """Where the browser is sent."""
        if asked.get("client_id") != self.id or not asked["redirect_uri"].startswith("http://127.0.0.1:"):
            raise Refusal("unauthorized_client")
        if (asked["response_type"], asked.get("code_challenge_method"), asked["scope"]) != ("code", "S256", SCOPE):
            raise Refusal("invalid_request")
        answer = {"state": asked["state"]}
        if self.denies:
            answer["error"] = "access_denied"
        else:
            with self._lock:
                answer["code"] = secrets.token_urlsafe(24)
                user = asked["login_hint"]
                self._codes[answer["code"]] = Code(user, asked["redirect_uri"], asked["code_challenge"])
        return f"{asked['redirect_uri']}/?{urlencode(answer)}"

    def device(self, asked: Mapping[str, str]) -> dict[str, Any]:
        if asked.get("client_id") != self.id:
            raise Refusal("invalid_client")
        with self._lock:
            code = secrets.token_urlsafe(24)
            waiting = Waiting("ABCD-EFGH", pace=self.pace, answers=self.device_answers)
            self._devices[code] = waiting
        where = {"verification_uri": f"{self.base}/typed", "user_code": waiting.typed}
        return where | {"device_code": code, "expires_in": 60, "interval": waiting.pace}

    def token(self, asked: Mapping[str, str]) -> dict[str, Any]:
        self.reached.set()
        assert self.gate.wait(20)
        kind = asked["grant_type"].rpartition(":")[2]
        with self._lock:
            self.asked[kind] += 1
            self.forms.append(asked)
            if (asked.get("client_id"), asked.get("client_secret")) != (self.id, self.secret):
                raise Refusal("invalid_client")
            user = {"authorization_code": self._by_code, "refresh_token": self._by_refresh}.get(kind, self._by_device)(
                asked
            )
            return self._given(user, fresh=kind != "refresh_token" or self.rotates)

    def introspect(self, asked: Mapping[str, str]) -> dict[str, Any]:
        user = self.owner(asked["token"])
        return {"active": True, "username": user, "scope": SCOPE} if user else {"active": False}

    def _by_code(self, asked: Mapping[str, str]) -> str:
        code = self._codes.pop(asked["code"], None)
        digest = hashlib.sha256(asked.get("code_verifier", "").encode()).digest()
        shown = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        if code is None or (code.redirect, code.challenge) != (asked["redirect_uri"], shown):
            raise Refusal("invalid_grant")
        return code.user

    def _by_refresh(self, asked: Mapping[str, str]) -> str:
        token = asked["refresh_token"]
        if token not in self._refresh:
            raise Refusal("invalid_grant")
        user = self._refresh[token]
        if self.rotates:
            del self._refresh[token]
        self.asked_for[user] += 1
        return user

    def _by_device(self, asked: Mapping[str, str]) -> str:
        waiting = self._devices[asked["device_code"]]
        if waiting.answers:
            raise Refusal(waiting.answers.pop(0))
        if waiting.user is None:
            raise Refusal("authorization_pending")
        return waiting.user

    def _given(self, user: str, *, fresh: bool) -> dict[str, Any]:
        access = secrets.token_urlsafe(self.length)
        self._access[access] = user, self.clock() + (self.really or self.lasts)
        lasts = int(self.lasts.total_seconds())
        given: dict[str, Any] = {"access_token": access, "token_type": "Bearer", "expires_in": lasts}
        return given | ({"refresh_token": self.consents(user)} if fresh and self.offline else {}) | self.odd


def _server(provider: Provider) -> ThreadingHTTPServer:
    class Page(BaseHTTPRequestHandler):
        timeout = 20

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            try:
                where = provider.authorize(_form(parts.query))
            except Refusal as no:
                self._say(400, {"error": str(no)})
            else:
                self.send_response(302)
                self.send_header("Location", where)
                self.send_header("Content-Length", "0")
                self.end_headers()

        def do_POST(self) -> None:
            form = _form(self.rfile.read(int(self.headers["Content-Length"])).decode())
            answers = {"/token": provider.token, "/device": provider.device, "/introspect": provider.introspect}
            if provider.away and self.path != "/introspect":
                self._say(503, {})
                return
            try:
                self._say(200, answers[self.path](form))
            except Refusal as no:
                self._say(400, {"error": str(no), "error_description": f"because of\nthat: {no}"})

        def log_message(self, *_: Any) -> None:
            """Nothing."""

        def _say(self, status: int, answer: Mapping[str, Any]) -> None:
            octets = b"<html>" if provider.garbled else json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(octets)))
            self.end_headers()
            self.wfile.write(octets)

    server = _Quiet(("127.0.0.1", 0), Page)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    provider.authority.issue_cert("127.0.0.1", "localhost").configure_cert(context)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    return server


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 200

    def handle_error(self, *_: Any) -> None:
        """A client that hangs up, or doesn't trust us, is what some tests are about."""


def _form(text: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(text, keep_blank_values=True).items()}


def trusted_by(folder: Path, *authorities: trustme.CA) -> Path:
    """A file of certificates to trust."""
    file = folder / "authorities.pem"
    file.write_bytes(b"".join(authority.cert_pem.bytes() for authority in authorities))
    return file
