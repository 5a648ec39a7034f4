"""One request to an authorization server: a form out, JSON back.

Owns: the form's headers, and what an answer must be. Does not own: HTTPS (`warmup.https`), what is asked
(`warmup.oauth.grant`).
Sources: RFC 6749 §3.2 (POST, TLS), appendix B (the form), §5.2 (errors are answered with 400).
"""

from __future__ import annotations

import json
import ssl
from collections.abc import Mapping

from warmup import https
from warmup.errors import TokenLost
from warmup.model import Stage

_HEADERS = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}


def post(url: str, form: str, tls: ssl.SSLContext) -> Mapping[str, object]:
    """The answer, which may be an error in the server's words. Raises `TokenLost` if there is none that makes sense."""
    try:
        answer = https.post(url, form.encode(), _HEADERS, tls)
    except https.Unanswered as why:
        raise lost(str(why)) from None
    return read(answer.host, answer.status, answer.octets)


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
