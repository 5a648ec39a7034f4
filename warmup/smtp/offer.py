"""What a server offers in its answer to EHLO, and what that lets us ask for in MAIL.

Owns: SIZE, 8BITMIME, SMTPUTF8, STARTTLS and AUTH as offered; refusing beforehand what the server couldn't take.
Does not own: speaking (`warmup.smtp.line`).
Sources: RFC 5321 §4.1.1.1, RFC 1870 (SIZE), RFC 6152 (8BITMIME), RFC 6531 (SMTPUTF8), RFC 3207 (STARTTLS), RFC 4954
(AUTH); RFC 3463 §3.4 and §3.7 (5.3.4, 5.6.3), RFC 6531 §3.5 (5.6.7) for the codes of our own refusals.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from aiosmtplib.esmtp import parse_esmtp_extensions

from warmup.model import Response, Stage

_SIZE = re.compile(r"[0-9]{1,20}")  # RFC 1870 §3


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """The extensions we would use, of those a server offers."""

    size: int | None  # octets a message may have; 0: any number; None: SIZE isn't offered
    eight_bit: bool
    smtputf8: bool
    starttls: bool
    auth: frozenset[str]  # SASL mechanisms, in lower case

    @classmethod
    def parse(cls, message: str) -> Offer:
        """From an answer to EHLO: its lines, the greeting's first, parted by LF."""
        extensions, mechanisms = parse_esmtp_extensions(message)
        size = extensions.get("size")
        return cls(
            # SIZE without a number that makes sense tells no limit, RFC 1870 §4.
            size=None if size is None else int(size) if _SIZE.fullmatch(size) else 0,
            eight_bit="8bitmime" in extensions,
            smtputf8="smtputf8" in extensions,
            starttls="starttls" in extensions,
            auth=frozenset(mechanisms),
        )

    def refusal(self, sender: str, recipient: str, message: bytes) -> Response | None:
        """What this server would have to say to such a message, so that nothing need be sent; None: it can take it.

        Its text ends in "(not sent)", which no server says. Addresses in their form for the wire.
        """
        if self.size and len(message) > self.size:
            return _refusal(552, "5.3.4", f"message of {len(message)} octets exceeds the server's SIZE {self.size}")
        if not (sender + recipient).isascii() and not self.smtputf8:
            return _refusal(553, "5.6.7", "the server takes no addresses outside ASCII (SMTPUTF8)")
        if not message.isascii() and not self.eight_bit:
            return _refusal(554, "5.6.3", "the message has 8-bit octets, and the server takes none (8BITMIME)")
        return None

    def parameters(self, sender: str, recipient: str, message: bytes) -> tuple[bytes, ...]:
        """What is to be said after MAIL FROM:<…> of a message that isn't refused."""
        return (
            *([b"SIZE=%d" % len(message)] if self.size is not None else []),
            *([b"BODY=8BITMIME"] if not message.isascii() else []),
            *([b"SMTPUTF8"] if not (sender + recipient).isascii() else []),
        )


def _refusal(code: int, enhanced: str, text: str) -> Response:
    return Response(Stage.MAIL, code, enhanced, f"{text} (not sent)")
