"""Consent instead of passwords: from a person's yes to access tokens that are always fresh.

`by_browser` and `by_device` ask a person, each giving a `Grant`; `Tokens` keeps access tokens in memory and renews each
ahead of its end, with the refresh token that is kept like a password. What the authorization server refuses is
`Denied`, a server that can't be asked `TokenLost`.

Everything here blocks and is to be called in a thread; `Tokens.bearer` does that itself.

Owns: the client's side of OAuth 2.0. Does not own: where secrets are kept (`warmup.secrets`), showing a token to a mail
server (`warmup.sasl`), which provider a mailbox has (`warmup.model`).
Sources: RFC 6749, RFC 7636 (PKCE), RFC 8252 (native applications), RFC 8628 (device codes), RFC 9700 (what is wise);
oauthlib, which is spoken here alone.
"""

from .browser import by_browser
from .device import by_device
from .grant import Denied, Grant
from .tokens import NoConsent, Tokens, packed

__all__ = ["Denied", "Grant", "NoConsent", "Tokens", "by_browser", "by_device", "packed"]
