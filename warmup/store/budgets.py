"""Budgets: what of a mailbox's day is left, for its owner's real mail counts as well.

Other programs use it up in two ways. What they sent is *observed* in the Sent folder. What they *reserve* they take in
advance, and it is shown as reserved until it is seen in Sent: then it is counted there and not twice. So `others`, what
they use in all, is what was observed, or what was taken added to what was known when it was taken, whichever is more.

Owns: the rows of `budget`, and that nothing is taken that isn't left, whoever asks at once. Does not own: that no slot
is claimed beyond it (`warmup.store.messages.claims`), looking into Sent (`warmup.daemon.observer`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Select, bindparam, case, exists, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from .days import batches, inserting
from .kept import Kept
from .listed import one_of
from .messages.claims import ALLOWED, MANY, OURS, WAITING, ByCircles
from .pauses import SHUT
from .tables import budget, mailbox, message

m, b = message.c, budget.c


@dataclass(frozen=True, slots=True)
class Others:
    """What other programs use of a day, in recipients: `total` with what they reserve. `observed` is None if nobody
    could look.
    """

    total: int = 0
    observed: int | None = None

    @property
    def reserved(self) -> int:
        """Taken and not seen in Sent yet."""
        return self.total - (self.observed or 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """A mailbox's local day: what it allows; what `ours` is, sent, uncertain or in hand; what is `planned` to go yet,
    which has no claim to what is left: who takes, takes it from the plan.
    """

    allowance: int
    ours: int
    others: Others
    planned: int

    @property
    def left(self) -> int:
        """What may still be sent, by anybody."""
        return max(0, self.allowance - self.ours - self.others.total)


def get(db: Connection, mailbox: int, local_date: date, *, most: int = MANY) -> Budget:
    """The budget of a local day; `most` is what the mailbox may send in a day by now, if that is less."""
    row = db.execute(_GET, {"who": mailbox, "today": local_date}).one()
    others = every(db, {mailbox: local_date}).get(mailbox, Others())
    return Budget(allowance=min(row.allowance, most), ours=row.ours, others=others, planned=row.planned)


def every(db: Connection, dates: Mapping[int, date]) -> dict[int, Others]:
    """What others use of each mailbox's day, where they use any or were looked for."""
    found: dict[int, Others] = {}
    for some in batches(dates):
        on = b.local_date.in_({dates[number] for number in some})
        rows = db.execute(select(budget).where(b.mailbox.in_(some), on))
        found |= {row.mailbox: Others(row.others, row.observed) for row in rows if dates[row.mailbox] == row.local_date}
    return found


def looked_at(db: Connection, dates: Mapping[int, date]) -> dict[int, datetime]:
    """When what others sent on each mailbox's day was last counted, where it was."""
    if not dates:
        return {}
    rows = _LOOKED_AT.rows(db, {"who": list(dates), "first": min(dates.values())})
    return {number: at for number, on, at in rows if dates[number] == on and at is not None}


def observe(db: Connection, mailbox: int, local_date: date, seen: int | None, now: datetime) -> None:
    """Others have sent so many of that day by now; None: nobody could look. Less than before is no news: what is gone
    from Sent was sent.
    """
    count = seen or 0
    fresh = {"mailbox": mailbox, "local_date": local_date, "observed": seen, "others": count, "looked_at": now}
    if db.dialect.name not in _OBSERVE:
        _OBSERVE[db.dialect.name] = Kept(_observing(inserting(db, budget)))
    _OBSERVE[db.dialect.name].changed(db, fresh)


def take(db: Connection, mailbox: int, local_date: date, number: int, *, most: int = MANY) -> bool:
    """Reserves so many of a day for another program: all, or none if less is left."""
    _hold(db, mailbox)
    if get(db, mailbox, local_date, most=most).left < number:
        return False
    row = inserting(db, budget).values(mailbox=mailbox, local_date=local_date, others=number)
    row = row.on_conflict_do_update(index_elements=["mailbox", "local_date"], set_={"others": b.others + number})
    db.execute(row)
    return True


def give_back(db: Connection, mailbox: int, local_date: date, number: int) -> int:
    """Ends a reservation of so many, or of as many as are reserved; how many that were."""
    _hold(db, mailbox)
    given = min(number, get(db, mailbox, local_date).others.reserved)
    mine = b.mailbox == mailbox, b.local_date == local_date
    db.execute(update(budget).where(*mine).values(others=b.others - given))
    return given


def unobserved(db: Connection, *, now: datetime, soon: datetime, since: datetime) -> set[tuple[int, date]]:
    """The days, by mailbox, of which something is due until `soon` and which nobody has looked at `since`; without
    those that looking into is held at `now`.
    """
    return {(sender, on) for sender, on in _UNOBSERVED.rows(db, {"now": now, "soon": soon, "since": since})}


_OBSERVE: dict[str, Kept] = {}  # by the name of the dialect, once it was needed


def _observing(row: sqlite.Insert | postgresql.Insert) -> sqlite.Insert | postgresql.Insert:
    """Adds a look to what is known of a day."""
    new, known = row.excluded, func.coalesce(b.observed, 0)
    more = {
        "looked_at": new.looked_at,
        "observed": case((new.observed.is_(None), b.observed), (known > new.observed, known), else_=new.observed),
        "others": case((b.others > new.others, b.others), else_=new.others),
    }
    return row.on_conflict_do_update(index_elements=["mailbox", "local_date"], set_=more)


def _hold(db: Connection, number: int) -> None:
    """Holds the sender to the end of the transaction, as a claim does, but waits for it."""
    db.execute(select(mailbox.c.id).where(mailbox.c.id == number).with_for_update(key_share=True))


_who, _today = bindparam("who", type_=m.sender.type), bindparam("today", type_=m.local_date.type)
_still = select(func.count(m.id)).where(m.sender == _who, m.local_date == _today, WAITING).scalar_subquery()
_LOOKED_AT = Kept(
    select(b.mailbox, b.local_date, b.looked_at).where(
        one_of(b.mailbox, "who"), b.local_date >= bindparam("first", type_=b.local_date.type)
    )
)
_GET = select(ALLOWED.label("allowance"), OURS.label("ours"), _still.label("planned"))


def _unobserved(of: Any) -> Select[Any]:
    lately = b.looked_at > bindparam("since", type_=b.looked_at.type)
    looked = exists().where(b.mailbox == of.sender, b.local_date == of.local_date, lately)
    open_ = mailbox.c.id == of.sender, mailbox.c.removed_at.is_(None), ~SHUT
    return select(of.sender, of.local_date).where(*open_, ~looked).distinct()


_UNOBSERVED = ByCircles(_unobserved, bindparam("soon", type_=m.due_at.type))
