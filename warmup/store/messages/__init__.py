"""Messages: planned, claimed, sent, found, opened, answered, and counted.

Owns: every statement about the rows of `message` after `days.record` made them. `claims` are slots on their way to a
server, `outcomes` what the server did, `visits` what the recipient's folders showed, `views` what others need to know,
`placements` where they arrived.

What happened is told by functions that answer whether the row was in a state in which it could happen. False isn't an
error: another process was quicker, or a mailbox was removed in between.
"""

from .claims import MANY, Claim, claim, drop, in_hand, release, returned, senders_due
from .outcomes import accepted, bounced, data_begins, delayed, refused, uncertain
from .placements import Lane, placements, placements_by_day
from .views import (
    Tally,
    called,
    called_each,
    inbound,
    last_written,
    names,
    next_due,
    owed,
    planned,
    recent,
    tally,
    thread,
    threads,
    waiting_since,
    written_to,
)
from .visits import Awaited, Stamps, Visit, asked, stamp, stamp_each, visits, visits_due

__all__ = [
    "MANY",
    "Awaited",
    "Claim",
    "Lane",
    "Stamps",
    "Tally",
    "Visit",
    "accepted",
    "asked",
    "bounced",
    "called",
    "called_each",
    "claim",
    "data_begins",
    "delayed",
    "drop",
    "in_hand",
    "inbound",
    "last_written",
    "names",
    "next_due",
    "owed",
    "placements",
    "placements_by_day",
    "planned",
    "recent",
    "refused",
    "release",
    "returned",
    "senders_due",
    "stamp",
    "stamp_each",
    "tally",
    "thread",
    "threads",
    "uncertain",
    "visits",
    "visits_due",
    "waiting_since",
    "written_to",
]
