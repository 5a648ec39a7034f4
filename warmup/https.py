"""One POST over HTTPS: octets out, a status and octets back.

No redirects are followed and no proxy is used: what is sent is a secret, or shown by one, for one server alone. Without
TLS it goes to this machine only.

Owns: the request, its deadline and its bounds, and the table of what can go wrong. Does not own: what is asked, or what
an answer means (`warmup.oauth`, `warmup.notify`).
Sources: RFC 9110 §9.3.3 (POST).
"""

from __future__ import annotations

import http.client
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from warmup.model import Endpoint, Security

_SECONDS = 30.0  # for each step of the connection; a guess
_LONGEST = 100_000  # octets; a token has some thousands

# What can go wrong, and how it is told: the first row that fits. Nothing the server said is in here, nor the path.
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


class Unanswered(Exception):
    """There was no answer. The text says why, and holds nothing of what was sent."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What `host` answered."""

    host: str
    status: int
    octets: bytes


def post(url: str, body: bytes, headers: Mapping[str, str], tls: ssl.SSLContext) -> Answer:
    """The answer, whatever it is. Raises `Unanswered`."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise Unanswered("the URL isn't one") from None
    connection: http.client.HTTPConnection
    if parts.scheme == "https" and host:
        connection = http.client.HTTPSConnection(host, port, timeout=_SECONDS, context=tls)
    elif parts.scheme == "http" and Endpoint(host, port or 80, Security.PLAIN).loopback:
        connection = http.client.HTTPConnection(host, port, timeout=_SECONDS)
    else:
        raise Unanswered("the URL doesn't begin with https://")
    try:
        connection.request(
            "POST", parts._replace(scheme="", netloc="", fragment="").geturl() or "/", body, dict(headers)
        )
        response = connection.getresponse()
        return Answer(host, response.status, response.read(_LONGEST))
    except (OSError, http.client.HTTPException, UnicodeError) as error:
        words = next(words for kind, words in _TROUBLE if isinstance(error, kind))
        if isinstance(error, http.client.InvalidURL | UnicodeError):
            words = "the URL isn't one"  # its own words hold it
        # Not chained: the frames below hold the body.
        raise Unanswered(words.format(host=host, error=error, seconds=_SECONDS)) from None
    finally:
        connection.close()
