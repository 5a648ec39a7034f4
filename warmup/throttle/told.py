"""A reply in the words of whoever met it: a line of a log, a paragraph of a notification.

Owns: finding it there. Does not own: reading it (`warmup.throttle.words`), or whole notifications
(`warmup.throttle.dsn`).
"""

from __future__ import annotations

import re

# "host mx.example said: 550 …", "<<< 550 …", "(reason: 550 …)", "'550 …'", "#550 …", "550: …", "ERROR CODE :550 - …".
# But 587 is a port in "connect to mx.example[192.0.2.1]:587: Connection refused".
REPLY = re.compile(
    r"(?:^|[;:>'\"()\]#])\s{0,9}(?<!\]:)([245]\d\d)(?:-(?=\S)|[:,]?\s(?:-\s)?|$)(?:\1[- ])?(.*)",
    re.MULTILINE | re.DOTALL,
)
WRAPPED = re.compile(r"\A.* -> (?=[45]\d\d[ -])", re.DOTALL)  # 365: "550 5.4.300 Message expired -> 451 4.7.500 …"

_ITSELF = re.compile(r"\s{0,9}(?:[245]\d\d(?:[ -]|$)|(?:\S{1,20} )?(?:NO|BAD|BYE|OK)\b)")  # SMTP's, or IMAP's
_SAID = re.compile(r"\b(?:said|refused to talk to me):\s")  # Postfix
_IN_REPLY = re.compile(r"\s\(in reply to [\w ()-]{1,60}\Z")


def told(line: str) -> str | None:
    """The reply that a line tells of; None if it is a reply itself, or tells of none."""
    within = WRAPPED.sub("", line, 1)
    if within == line and _ITSELF.match(line):
        return None
    *_, within = _SAID.split(within, 1)
    found = REPLY.search(within)
    return _IN_REPLY.sub("", within[found.start(1) :]) if found else None
