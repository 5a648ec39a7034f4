"""Who may look, and who may change something.

On an address of this machine alone everybody may look, and who has the token may change something. Everywhere else, and
behind a name of its own, one needs the token for either: as `Authorization: Bearer TOKEN`, or once, in a form, for a
cookie that lasts half a day. A page of another origin can have a browser send the cookie, so what is sent with it
counts only with the form's own proof, which such a page can't read.

Owns: these questions. Does not own: asking them (`warmup.web.guard`), the token's file (`warmup.web.token`).
Sources: RFC 6750 §2.1 (Bearer), RFC 9110 §7.2 (Host); the OWASP cheat sheets on CSRF and sessions.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

_HOST = re.compile(r"(?:\[(?P<v6>[0-9A-Fa-f:.]+)\]|(?P<name>[A-Za-z0-9.-]+))(?::\d{1,5})?", re.ASCII)
LASTING = 12 * 3600  # seconds until one has to show the token again: a guess, a working day


@dataclass(frozen=True, slots=True)
class Access:
    """`listen` is the address, `origin` how browsers find it if not by that, `seconds` tells the time (Unix)."""

    listen: tuple[str, int]
    origin: str | None
    token: str | None = field(repr=False)
    seconds: Callable[[], float] = field(repr=False)

    @property
    def open(self) -> bool:
        """Whether one may look without a token."""
        return self.origin is None and ipaddress.ip_address(self.listen[0]).is_loopback

    def knows(self, host: str) -> bool:
        """Whether a request for `host` (the header's value) can be meant for us. A page that has its own name lead here
        (DNS rebinding) asks for that name: never for an address, which needs no name server.
        """
        if self.origin is not None and host.lower() == urlsplit(self.origin).netloc:
            return True
        found = _HOST.fullmatch(host)
        name = (found["v6"] or found["name"]).lower() if found else ""
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return name == "localhost"
        return True

    def same_origin(self, origin: str, host: str) -> bool:
        """Whether a form was sent by a page of ours: `origin` and `host` are the headers' values."""
        return origin == self.origin or urlsplit(origin).netloc == host

    def holds(self, given: str) -> bool:
        """Whether it is the token."""
        return self.token is not None and hmac.compare_digest(given.encode(), self.token.encode())

    def begin(self) -> str:
        """A cookie for who has shown the token."""
        mark = f"{int(self.seconds()) + LASTING}.{secrets.token_urlsafe(16)}"
        return f"{mark}.{self._sign('session', mark)}"

    def remembers(self, cookie: str) -> bool:
        """Whether it is a cookie of ours that hasn't ended."""
        mark, _, proof = cookie.rpartition(".")
        if self.token is None or not hmac.compare_digest(proof.encode(), self._sign("session", mark).encode()):
            return False
        return int(mark.partition(".")[0]) > self.seconds()

    def proof(self, cookie: str) -> str:
        """What a form carries that is sent with this cookie."""
        return self._sign("form", cookie)

    def proves(self, cookie: str, proof: str) -> bool:
        return hmac.compare_digest(proof.encode(), self.proof(cookie).encode())

    @property
    def tls(self) -> bool:
        """Whether browsers come by TLS."""
        return self.origin is not None and self.origin.startswith("https:")

    def _sign(self, what: str, text: str) -> str:
        assert self.token is not None, "nothing is signed without a token"
        return hmac.new(self.token.encode(), f"{what}\0{text}".encode(), hashlib.sha256).hexdigest()
