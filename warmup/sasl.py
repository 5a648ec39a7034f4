"""Signing in with an access token instead of a password: what the client says, for SMTP and IMAP alike.

Owns: the words of OAUTHBEARER and XOAUTH2, and which of the two. Does not own: saying them (`warmup.smtp`,
`warmup.imap`), getting a token (`warmup.oauth`).
Sources: RFC 7628 §3.1 (the message), §3.2.3 (the answer to a refusal), RFC 5801 §4 (the GS2 header);
https://developers.google.com/workspace/gmail/imap/xoauth2-protocol (XOAUTH2, which Microsoft speaks as well).
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Collection
from dataclasses import dataclass, field

from .model import Bearer, Endpoint


@dataclass(frozen=True, slots=True)
class Proof:
    """One mechanism and what it says, in base64 as it goes over the wire."""

    mechanism: str
    opening: str = field(repr=False)
    surrender: str  # to a challenge, which says what is wrong with the token: only when answered does the server refuse
    bearer: Bearer


def proof(offered: Collection[str], login: str, bearer: Bearer, endpoint: Endpoint) -> Proof | None:
    """By the standard's mechanism where it is offered, else by the older one; None: neither is. `offered` in upper
    case.
    """
    if "OAUTHBEARER" in offered:
        name = login.replace("=", "=3D").replace(",", "=2C")
        words = f"n,a={name},\1host={endpoint.host}\1port={endpoint.port}\1auth=Bearer {bearer.token}\1\1"
        return Proof("OAUTHBEARER", _base64(words), _base64("\1"), bearer)
    if "XOAUTH2" in offered:
        return Proof("XOAUTH2", _base64(f"user={login}\1auth=Bearer {bearer.token}\1\1"), "", bearer)
    return None


def _base64(words: str) -> str:
    return b64encode(words.encode()).decode()
