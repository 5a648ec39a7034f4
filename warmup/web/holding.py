"""Pausing and resuming: what one may change here.

Owns: reading what was asked for, and the works of the store. Does not own: leave to do so (`warmup.web.access`), pauses
of more than a mailbox (`warmup pauses add`).
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from starlette.exceptions import HTTPException

from warmup.address import canonical
from warmup.config.values import Wrong, duration
from warmup.model import Cause, Pause, Scope
from warmup.store import Connection, mailboxes, pauses
from warmup.throttle.report import clean

_LONGEST = 200  # characters of a note
_length = duration("1m", "400d")


def length(words: object) -> timedelta | None:
    """How long to hold, such as "4h"; None, for the empty text and for null: until a person ends it. Raises 400."""
    if words in (None, ""):
        return None
    try:
        return _length(words)
    except Wrong as error:
        raise HTTPException(400, f"for {error.mistakes[0][1]}") from error


def number(words: str) -> int:
    """A pause's. Raises 404."""
    if not re.fullmatch(r"[0-9]{1,18}", words, re.ASCII):
        raise HTTPException(404, "a pause has a whole number")
    return int(words)


def note(words: object) -> str:
    """A note for colleagues, put on one line. Raises 400."""
    if words is None:
        return ""
    if not isinstance(words, str) or len(words) > _LONGEST:
        raise HTTPException(400, f"why: write text, of {_LONGEST} characters at most")
    return clean(words)


def pause(db: Connection, address: str, during: timedelta | None, why: str, now: datetime) -> Pause:
    """Hold all that a mailbox would send, as `warmup mailbox pause`. Raises `UsageError` if there is none."""
    mailbox = mailboxes.get(db, canonical(address))
    until = now + during if during else None
    wanted = Pause(scope=Scope.MAILBOX, mailbox=mailbox.id, cause=Cause.OPERATOR, since=now, until=until, note=why)
    return pauses.open_(db, wanted)


def resume(db: Connection, address: str, now: datetime) -> int:
    """End every pause of a mailbox, its lanes and of mail to it, as `warmup mailbox resume`; how many there were."""
    return pauses.lift(db, now, mailbox=mailboxes.get(db, canonical(address)).id)


def end(db: Connection, number: int, now: datetime) -> bool:
    """End one pause; False if it was over. Raises `UsageError` if there is none."""
    return pauses.lift(db, now, id=pauses.get(db, number).id) > 0
