"""Whom to trust, and sessions that go on where the last one ended.

A server that is dialled again is shown what it gave at the end of an earlier handshake (RFC 8446 §2.2), so that neither
side proves anew what was proven within the hour: certificates, names and authorities. Only a handshake that has come to
its end gives something to show, and what is shown is kept only if that handshake comes to its end as well. A host that
hangs up on it, as none should, is shown nothing any more: else every other connection to it would fail.

Owns: loading certificates, remembering sessions. Does not own: a handshake (asyncio's), or what is said after it.
Sources: RFC 8314 §3 and §5.3 (certificates are always checked); the ssl module's defaults (TLS 1.2 and later); RFC 8446
§4.6.1 (tickets), appendix C.4 (who shows one twice can be recognized: by whoever sees it sign in, too).
"""

from __future__ import annotations

import asyncio
import functools
import ssl
from dataclasses import dataclass
from typing import Any

from warmup.errors import ConfigError

_AGAIN = 3600.0  # seconds for which a certificate that was checked is good enough
_MOST = 1000  # sessions that a context keeps, of some kilobytes each


@functools.cache
def context(cafile: str | None = None) -> ssl.SSLContext:
    """The system's authorities, and those in `cafile` (PEM) as well; names and certificates are always checked.

    Cached, since loading some 140 certificates takes longer than a handshake. Raises `ConfigError` if `cafile` can't
    be used.
    """
    return _trusting(ssl.create_default_context(), cafile)


@functools.cache
def resuming(service: str, cafile: str | None = None) -> ssl.SSLContext:
    """As `context`, for connections to a host's servers of one service, whose sessions are resumed."""
    shared = Resuming(ssl.PROTOCOL_TLS_CLIENT)
    shared.load_default_certs()
    shared.verify_flags |= context(cafile).verify_flags  # what Python deems right besides names and certificates
    return _trusting(shared, cafile)


def _trusting(shared: ssl.SSLContext, cafile: str | None) -> ssl.SSLContext:
    if cafile is not None:
        try:
            shared.load_verify_locations(cafile)
        except (OSError, ssl.SSLError) as error:
            raise ConfigError(f"{cafile}: no certificates can be read from it: {error.strerror or error}") from error
    return shared


def failed(shared: ssl.SSLContext, host: str) -> None:
    """A handshake with the host came to nothing: should that be for what it was shown, the next is in full, and all
    that come.
    """
    if isinstance(shared, Resuming):
        shared.in_full.add(host)


@dataclass(frozen=True, slots=True)
class _Kept:
    """A session that can be shown once more, `until` then by the loop's clock."""

    session: ssl.SSLSession
    until: float


class _Talk(ssl.SSLObject):
    """The client's side of one connection."""

    context: Resuming
    shown: _Kept | None = None
    _heard = False

    def read(self, len: int = 1024, buffer: Any = None) -> Any:
        got = super().read(len, buffer)
        if not self._heard:  # a ticket comes after the handshake, before the first that is said
            self._heard = True
            self.context.keep(self)
        return got


class Resuming(ssl.SSLContext):
    """A client's context that shows each host a session of it, one to each connection."""

    sslobject_class = _Talk

    def __init__(self, _protocol: int) -> None:  # ssl.SSLContext has done all with it
        self._kept: dict[str, list[_Kept]] = {}  # by host, the one that was talked to last at the end
        self._count = 0
        self.in_full: set[str] = set()  # hosts that are shown nothing, until the process ends

    def wrap_bio(
        self,
        incoming: ssl.MemoryBIO,
        outgoing: ssl.MemoryBIO,
        server_side: bool = False,
        server_hostname: str | bytes | None = None,
        session: ssl.SSLSession | None = None,
    ) -> ssl.SSLObject:
        shown = self._take(server_hostname) if isinstance(server_hostname, str) else None
        talk = super().wrap_bio(incoming, outgoing, server_side, server_hostname, shown.session if shown else session)
        assert isinstance(talk, _Talk)
        talk.shown = shown
        return talk

    def keep(self, talk: _Talk) -> None:
        """What can be shown once more, of a handshake that has come to its end."""
        kept = talk.shown if talk.session_reused else self._fresh(talk.session)
        host = talk.server_hostname
        if kept is None or host is None or host in self.in_full:
            return
        self._kept[host] = [*self._kept.pop(host, ()), kept]
        self._count += 1
        if self._count > _MOST:
            self._count -= len(self._kept.pop(next(iter(self._kept))))

    def _fresh(self, session: ssl.SSLSession | None) -> _Kept | None:
        if session is None or not session.has_ticket:
            return None
        return _Kept(session, asyncio.get_running_loop().time() + _AGAIN)

    def _take(self, host: str) -> _Kept | None:
        if host in self.in_full:
            return None
        now = asyncio.get_running_loop().time()
        while kept := self._kept.get(host):
            last = kept.pop()
            self._count -= 1
            if last.until > now:
                return last
        self._kept.pop(host, None)
        return None
