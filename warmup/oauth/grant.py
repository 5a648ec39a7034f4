"""What an authorization server gives, or why it doesn't.

Owns: asking the token endpoint, and its refusals in words an operator can act on. Does not own: how a person is asked
(`warmup.oauth.browser`, `warmup.oauth.device`), when to renew (`warmup.oauth.tokens`).
Sources: RFC 6749 §2.3.1 (the client's secret in the form), §5 (tokens and errors), §6 (refreshing), RFC 6750 §2.1 (the
form of a token); https://learn.microsoft.com/en-us/entra/identity-platform/reference-error-codes.
"""

from __future__ import annotations

import json
import re
import ssl
from dataclasses import dataclass, field
from datetime import timedelta

from oauthlib.oauth2 import OAuth2Error, WebApplicationClient

from warmup.errors import SignInError
from warmup.model import Bearer, Client

from .post import lost, post

_LASTS = 600.0  # seconds, where the server doesn't say how long (RFC 6749 §5.1 only recommends it); a guess
_AT_MOST = 86_400.0  # seconds that a server is believed to mean, of a token's time or a wait; a guess
_TOKEN = re.compile(r"[!-~]+")
_LONGEST = 300  # characters of a server's words

_BUSY = frozenset({"temporarily_unavailable", "server_error", "slow_down"})

_ADVICE = {
    "invalid_grant": "the consent has expired or was taken back",
    "access_denied": "consent was denied; ask again, and allow it",
    "expired_token": "nobody consented in time; ask again",
    "invalid_client": "mend client_id and client_secret in [oauth.{provider}]; is it a client for desktop applications "
    "(Google), or one with public client flows allowed (Microsoft)?",
    "unauthorized_client": "mend client_id (and tenant) in [oauth.{provider}]: the provider doesn't know it, or not "
    "for this kind of consent",
    "redirect_uri_mismatch": "register the redirect http://{redirect} for this client at the provider",
    "invalid_scope": "the client must be allowed to ask for {scopes}, at the provider",
}


class Denied(SignInError):
    """The authorization server said no; `error` is its word for it, as the standard has it."""

    def __init__(self, client: Client, error: str, words: str = "") -> None:
        said = " ".join(part for part in (f"{client.provider} refuses: {error}", words and f"({words})") if part)
        advice = _ADVICE.get(error, "").format(
            provider=client.provider, redirect=client.redirect, scopes=" ".join(client.scopes)
        )
        super().__init__("; ".join(filter(None, (said, advice))))
        self.error = error
        self.words = words


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """An access token and how long it lasts; and the token to get others with, if a new one was given."""

    access: Bearer
    lasts: timedelta
    refresh: str | None = field(repr=False)


def grant(client: Client, form: str, tls: ssl.SSLContext) -> Grant:
    """Ask the token endpoint. Raises `Denied`, or `TokenLost` when the server can't be asked or is in trouble."""
    answer = post(client.token, form, tls)
    words = {name: value for name, value in answer.items() if isinstance(value, str) and name != "expires_in"}
    try:
        token = WebApplicationClient(client.id).parse_request_body_response(json.dumps(words))
    except OAuth2Error as refused:
        raise denied(client, refused) from None
    access, refresh = token["access_token"], token.get("refresh_token")
    if not _TOKEN.fullmatch(access):
        raise lost(f"{client.provider} gave a token of no known form")
    lasts = timedelta(seconds=seconds(answer.get("expires_in"), _LASTS))
    return Grant(access=Bearer(access), lasts=lasts, refresh=refresh or None)


def refreshed(client: Client, refresh: str, tls: ssl.SSLContext) -> Grant:
    """A new access token. Raises as `grant` does."""
    form = WebApplicationClient(client.id).prepare_refresh_body(
        refresh_token=refresh, client_id=client.id, **secret_of(client)
    )
    return grant(client, form, tls)


def secret_of(client: Client) -> dict[str, str]:
    """The client's secret as a parameter, if it has one: applications that people install have none, but for Google's,
    which is no secret (RFC 8252 §8.5).
    """
    return {"client_secret": client.secret} if client.secret else {}


def denied(client: Client, refused: OAuth2Error) -> Exception:
    """A refusal, as `Denied`; or as `TokenLost` if the server only means "not now"."""
    error, words = plain(refused.error), plain(refused.description)
    if error in _BUSY:
        return lost(f"{client.provider} answers {error}")
    if error == "missing_token":  # oauthlib's word for an answer that is neither a token nor an error
        return lost(f"{client.provider} answers with neither a token nor an error")
    return Denied(client, error, words)


def seconds(value: object, usual: float) -> float:
    """A time that a server names, within reason; the usual one if it makes no sense."""
    if isinstance(value, str) and value.isdecimal() and len(value) < 10:  # some write numbers so
        value = int(value)
    return min(float(value), _AT_MOST) if isinstance(value, int | float) and 0 < value < 1e9 else usual


def plain(words: object) -> str:
    """What a server says, fit to be shown on one line."""
    text = "".join(sign if sign.isprintable() else " " for sign in str(words or ""))
    return " ".join(text.split())[:_LONGEST]
