"""One request to an authorization server: a form out, JSON back.

No redirects are followed and no proxy is used: what is sent is a secret, for one server alone.

Owns: HTTPS, its deadline and its bounds, and the table of what can go wrong. Does not own: what is asked
(`warmup.oauth.grant`).
Sources: RFC 6749 §3.2 (POST, TLS), appendix B (the form), §5.2 (errors are answered with 400).
"""

from __future__ import annotations

import http.client
import json
import socket
import ssl
from collections.abc import Mapping
from urllib.parse import urlsplit

from warmup.errors import TokenLost
from warmup.model import Stage

_SECONDS = 30.0  # for each step of the connection; a guess
_LONGEST = 100_000  # octets; a token has some thousands

# What can go wrong, and how it is told: the first row that fits. Nothing the server said is in here.
_TROUBLE: tuple[tuple[type[BaseException], str], ...] = (
    (ssl.SSLCertVerificationError, "the certificate of {host} isn't trusted: {error.verify_message}"),
    (ssl.SSLError, "no TLS with {host}: {error.reason}"),
    (socket.gaierror, "{host} has no address: {error.strerror}"),
    (ConnectionRefusedError, "{host} refuses connections"),
    (ConnectionError, "{host} closed the connection"),
    (TimeoutError, "no answer from {host} within {seconds:g} s"),
    (http.client.HTTPException, "{host} doesn't speak HTTP"),
    (Exception, "{host} can't be reached: {error}"),
)


def post(url: str, form: str, tls: ssl.SSLContext) -> Mapping[str, object]:
    """The answer, which may be an error in the server's words. Raises `TokenLost` if there is none that makes sense."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    connection = http.client.HTTPSConnection(host, parts.port, timeout=_SECONDS, context=tls)
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
    try:
        connection.request("POST", parts._replace(scheme="", netloc="").geturl(), form, headers)
        response = connection.getresponse()
        status, octets = response.status, response.read(_LONGEST)
    except (OSError, http.client.HTTPException) as error:
        words = next(words for kind, words in _TROUBLE if isinstance(error, kind))
        # Not chained: the frames below hold the form.
        raise lost(words.format(host=host, error=error, seconds=_SECONDS)) from None
    finally:
        connection.close()
    return read(host, status, octets)


def read(host: str, status: int, octets: bytes) -> Mapping[str, object]:
    """What a server answered. Raises `TokenLost` if it makes no sense, or the server is in trouble."""
    if status == 429 or status >= 500:
        raise lost(f"{host} answered {status}")
    try:
        answer = json.loads(octets)
    except (ValueError, RecursionError):  # the latter of brackets by the thousand
        answer = None
    if not isinstance(answer, dict):
        raise lost(f"{host} answered {status}, with no JSON")
    return answer


def lost(why: str) -> TokenLost:
    return TokenLost(Stage.AUTH, why)
