"""Consent in a browser on this machine: the authorization code flow, with PKCE, over a redirect to loopback.

Owns: the address to open, the listener that the browser comes back to. Does not own: showing either
(`warmup.cli.authorize`), exchanging the code (`warmup.oauth.grant`).
Sources: RFC 8252 §7.3 and §8.3 (loopback redirect), RFC 7636 §4 (PKCE with S256), RFC 6749 §4.1 and §10.12 (state).
"""

from __future__ import annotations

import queue
import secrets
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from oauthlib.oauth2 import OAuth2Error, WebApplicationClient

from warmup.errors import SignInError, UsageError
from warmup.model import Client

from .grant import Grant, denied, grant, secret_of

_PATIENCE = 600.0  # seconds for a person to consent; providers' codes last as long
_PAGE = "<!doctype html><meta charset=utf-8><title>warmup</title><p>{}"
_DONE = "warmup has its answer. You can close this page."


def by_browser(
    client: Client,
    login: str,
    tls: ssl.SSLContext,
    show: Callable[[str], None],
    *,
    port: int = 0,
    patience: float = _PATIENCE,
) -> Grant:
    """Have a person consent to what `show` is told: an address to open in a browser that can reach `port` here (0: any
    free one).

    Raises `Denied`, `TokenLost`; `SignInError` if nobody comes back; `UsageError` if the port can't be had.
    """
    ours = WebApplicationClient(client.id)
    state = secrets.token_urlsafe(32)
    verifier = ours.create_code_verifier(64)
    with _listening(port, state) as (number, came):
        redirect = f"http://{client.redirect}:{number}"
        address = ours.prepare_request_uri(
            client.authorize,
            redirect_uri=redirect,
            scope=list(client.scopes),
            state=state,
            code_challenge=ours.create_code_challenge(verifier, "S256"),
            code_challenge_method="S256",
            login_hint=login,
            **dict(client.extra),
        )
        show(address)
        try:
            query = came.get(timeout=patience)
        except queue.Empty:
            raise SignInError(f"{login}: nobody consented within {patience:g} s; ask again") from None
    try:
        # oauthlib wants https, as for a redirect over a network; RFC 8252 §8.3 has it plain on loopback.
        code = ours.parse_request_uri_response(f"https://{client.redirect}/?{query}", state=state)["code"]
    except OAuth2Error as refused:
        raise denied(client, refused) from None
    form = ours.prepare_request_body(code=code, redirect_uri=redirect, code_verifier=verifier, **secret_of(client))
    return grant(client, form, tls)


@contextmanager
def _listening(port: int, state: str) -> Iterator[tuple[int, queue.Queue[str]]]:
    """The port, and where the query of the one request with our `state` will be. Others, which any page can have a
    browser make, change nothing.
    """
    came: queue.Queue[str] = queue.Queue()

    class Redirect(BaseHTTPRequestHandler):
        timeout = 10  # a browser opens connections that it doesn't use

        def do_GET(self) -> None:
            query = urlsplit(self.path).query
            ours = secrets.compare_digest("".join(parse_qs(query).get("state", [])).encode(), state.encode())
            page = _PAGE.format(_DONE if ours else "This isn't what warmup waits for.").encode()
            self.send_response(200 if ours else 404)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(page)))
            self.send_header("Cache-Control", "no-store")
            self.send_header("Referrer-Policy", "no-referrer")
            self.end_headers()
            self.wfile.write(page)
            if ours:
                came.put(query)

        def log_message(self, *_: Any) -> None:
            """Nothing: the code is in it."""

    try:
        server = ThreadingHTTPServer(("127.0.0.1", port), Redirect)
    except OSError as error:
        raise UsageError(f"--port {port}: can't be listened on: {error.strerror}") from error
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server.server_port, came
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
