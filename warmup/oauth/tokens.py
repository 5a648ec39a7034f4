"""Access tokens that are always fresh, each renewed once however many ask for it at the same time.

An access token lives in memory alone. What gets the next one is kept like a password, as JSON; a server may replace it
at each use, and then the new one is on the disk before the access token that came with it is used.

A refusal that only a person can mend is remembered, so that a server which said no isn't asked again and again.

Owns: when to renew, one renewal at a time, keeping what was replaced. Does not own: the request
(`warmup.oauth.grant`), the place where secrets are (`warmup.secrets`).
Sources: RFC 6749 §6 and RFC 9700 §4.14.2 (a refresh token that is replaced).
"""

from __future__ import annotations

import asyncio
import json
import ssl
import threading
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from warmup.errors import SecretError
from warmup.model import Bearer, Client

from .grant import Denied, refreshed

_AHEAD = timedelta(minutes=5)  # of its end, a token is renewed: it must last for a session, and clocks differ
_AT_ONCE = 20  # renewals by one provider; a guess: each holds a thread, and a server that hangs mustn't take them all
_NO_MEANS_NO = timedelta(hours=1)  # unless other words come into the vault, or another client into the configuration


class NoConsent(SecretError):
    """What is kept isn't what a person's consent gave."""


class Safe(Protocol):
    """Where secrets are kept, by name: `warmup.secrets.Vault`."""

    def get(self, name: str) -> str: ...
    def put(self, name: str, secret: str) -> None: ...


def packed(refresh: str) -> str:
    """A refresh token as the secret that is kept."""
    return json.dumps({"refresh_token": refresh})


@dataclass(frozen=True, slots=True)
class _Held:
    bearer: Bearer
    until: datetime  # no longer used from then on


@dataclass(frozen=True, slots=True)
class _No:
    """What was refused, to which client, in which words; and until when it isn't asked for again."""

    secret: str = field(repr=False)
    client: Client
    error: str
    words: str
    until: datetime


class Tokens:
    """Access tokens by the name of the credential that gets them. `now` is the clock."""

    def __init__(self, safe: Safe, now: Callable[[], datetime]) -> None:
        self._safe = safe
        self._now = now
        self._held: dict[str, _Held] = {}
        self._no: dict[str, _No] = {}
        self._unkept: dict[str, tuple[str, str]] = {}  # a secret that couldn't be kept, after the one it replaces
        self._places: dict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(_AT_ONCE))
        self._turns: dict[str, threading.Lock] = defaultdict(threading.Lock)

    async def bearer(self, name: str, client: Client, tls: ssl.SSLContext, *, refused: Bearer | None = None) -> Bearer:
        """A token that is good for some minutes at least, and isn't the one that a mail server `refused`.

        Raises `Denied`, `TokenLost`; `NoConsent` if what is kept is something else; `SecretError` if it can't be read,
        or a new one can't be kept.
        """
        if fresh := self._fresh(name, refused):
            return fresh
        # In a thread, and alone there: who gives up waiting leaves a renewal to its end, and the next waits for that.
        async with self._places[client.provider]:
            return await asyncio.to_thread(self._in_turn, name, client, tls, refused)

    def _fresh(self, name: str, refused: Bearer | None) -> Bearer | None:
        held = self._held.get(name)
        return held.bearer if held and self._now() < held.until and held.bearer != refused else None

    def _in_turn(self, name: str, client: Client, tls: ssl.SSLContext, refused: Bearer | None) -> Bearer:
        with self._turns[name]:
            return self._fresh(name, refused) or self._renewed(name, client, tls)

    def _renewed(self, name: str, client: Client, tls: ssl.SSLContext) -> Bearer:
        secret = self._safe.get(name)
        try:
            return self._ask(name, secret, client, tls)
        except Denied:
            # Another process of ours may have renewed it meanwhile, and the server have replaced what we showed.
            again = self._safe.get(name)
            if again == secret:
                raise
            return self._ask(name, again, client, tls)

    def _ask(self, name: str, secret: str, client: Client, tls: ssl.SSLContext) -> Bearer:
        asked_at = self._now()
        no = self._no.get(name)
        if no and (no.secret, no.client) == (secret, client) and asked_at < no.until:
            raise Denied(client, no.error, no.words)
        replaced, latest = self._unkept.get(name, ("", ""))
        refresh = _unpacked(name, latest if replaced == secret else secret)
        try:
            given = refreshed(client, refresh, tls)
        except Denied as denied:
            self._no[name] = _No(secret, client, denied.error, denied.words, asked_at + _NO_MEANS_NO)
            raise
        self._keep(name, secret, packed(given.refresh or refresh))
        until = asked_at + given.lasts - min(_AHEAD, given.lasts / 2)
        self._held[name] = _Held(given.access, until)
        return given.access

    def _keep(self, name: str, secret: str, fresh: str) -> None:
        """The server may know the old one no more: if the new one can't be kept, it is at least not forgotten."""
        if fresh != secret:
            self._unkept[name] = secret, fresh
            self._safe.put(name, fresh)
            del self._unkept[name]


def _unpacked(name: str, secret: str) -> str:
    """The refresh token. Raises `NoConsent` if it is something else, such as a password."""
    try:
        refresh = json.loads(secret)["refresh_token"]
    except (ValueError, TypeError, KeyError):
        refresh = None
    if not isinstance(refresh, str):
        # Not chained: the exception carries the secret.
        raise NoConsent(f"the credential {name!r} is no consent")
    return refresh
