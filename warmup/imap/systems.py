"""What mail systems wrote to INBOX: how it is asked for, a piece at a time.

Owns: the search and how much is read. Does not own: asking (`warmup.imap.access`), what is written there
(`warmup.throttle.dsn`).
Sources: RFC 3501 §6.4.4 (SEARCH).
"""

from __future__ import annotations

from dataclasses import dataclass

TOGETHER = 20  # read together
BEGINNING = "BODY.PEEK[]<0.200000>"  # what comes later is the message that is returned
# Whom they are from, as far as a server can search for it: MAILER-DAEMON, Mail Delivery System, Microsoft's address.
_SYSTEMS = ("mailer-daemon", "postmaster", "mail delivery", "microsoftexchange")
CRITERIA = " ".join([*["OR"] * len(_SYSTEMS), *(f'FROM "{name}"' for name in _SYSTEMS), 'HEADER Content-Type "report"'])


@dataclass(frozen=True, slots=True)
class Notices:
    """The beginning of each mail, in the order it came. Read up to the UID `upto` under this UIDVALIDITY; `more`: not
    to the end.
    """

    validity: int
    upto: int
    texts: tuple[bytes, ...]
    more: bool
