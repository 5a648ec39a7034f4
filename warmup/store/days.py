"""Days: what a mailbox may send on one, and which it has lived.

Owns: the rows of `day`, and that a day's slots come with it or not at all. Does not own: allowances (`warmup.curves`)
or plans (`warmup.plan`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import chain, islice
from operator import attrgetter
from typing import TypeVar

from sqlalchemy import Connection, Dialect, Table, and_, bindparam, exists, func, select, text, update
from sqlalchemy.dialects import postgresql, sqlite

from warmup.model import Day, Slot

from .analyze import analyze_if_unknown
from .rows import SLOT, from_day, from_slot, to_day
from .tables import day, mailbox, message

# The message has gone out, or may have: it is a day lived, whatever became of it.
_gone = and_(message.c.data_at.is_not(None), message.c.refused_at.is_(None))

RESTORED = "restored from a backup"  # how the reason begins why nothing more may be sent on a day

V = TypeVar("V")
Insert = TypeVar("Insert", sqlite.Insert, postgresql.Insert)

_AT_ONCE = 1000  # values in one statement: SQLite takes 32,766
_TOGETHER = 500  # rows of messages in one
_ROW = f"({', '.join('?' * len(SLOT))}, 0, 0)"


def get(db: Connection, mailbox: int, local_date: date) -> Day | None:
    """The day, or None if it isn't planned."""
    row = db.execute(select(day).where(day.c.mailbox == mailbox, day.c.local_date == local_date)).one_or_none()
    return None if row is None else to_day(row)


def planned(db: Connection, dates: Mapping[int, date]) -> set[int]:
    """Of the mailboxes in `dates`, those whose day is planned."""
    found = set[int]()
    for some in batches(dates):
        on = day.c.local_date.in_({dates[mailbox] for mailbox in some})
        known = select(day.c.mailbox, day.c.local_date).where(day.c.mailbox.in_(some), on)
        found |= {row.mailbox for row in db.execute(known) if dates[row.mailbox] == row.local_date}
    return found


def unplanned(db: Connection, dates: Mapping[str, date]) -> set[int]:
    """The mailboxes of the pool whose local day isn't planned; `dates` is what day it is in each of their zones."""
    return {number for zone, on in dates.items() for number in db.scalars(_UNPLANNED, {"zone": zone, "today": on})}


def record(db: Connection, days: Sequence[Day], slots: Sequence[Slot]) -> int:
    """Remembers days with their slots; how many of the days were new. One that is known stays as it was planned first,
    and its slots here are left out. So is an answer to a message that has a live one.
    """
    if not days:
        return 0
    first = inserting(db, day).on_conflict_do_nothing().returning(day.c.mailbox, day.c.local_date)
    new = {(mailbox, local_date) for mailbox, local_date in db.execute(first, [from_day(kept) for kept in days])}
    # In the order of their names, which is that of the indices: so each row finds its place beside the last one's.
    kept = sorted((slot for slot in slots if (slot.sender, slot.local_date) in new), key=attrgetter("message_id"))
    if kept:
        _insert(db, kept)
        analyze_if_unknown(db)
    return len(new)


def _insert(db: Connection, slots: Sequence[Slot]) -> None:
    """Rows of messages, but no second answer to one. PostgreSQL gets a list of each column's values: row by row it took
    twice as long. SQLite's driver gets them directly, and many in one statement: for SQLAlchemy's own way with
    parameters takes as long as the database does, and beginning and ending a statement a quarter of that.
    """
    if db.dialect.name != "sqlite":
        db.execute(_FROM_LISTS, {name: [getattr(slot, name) for slot in slots] for name in SLOT})
        return
    rows = _spelled(slots, db.dialect)
    many = len(rows) - len(rows) % _TOGETHER
    together = [tuple(chain.from_iterable(rows[start : start + _TOGETHER])) for start in range(0, many, _TOGETHER)]
    for count, values in ((_TOGETHER, together), (1, rows[many:])):
        if values:
            db.exec_driver_sql(_statement(db.dialect, count), values)


def _spelled(slots: Sequence[Slot], dialect: Dialect) -> list[tuple[object, ...]]:
    """The columns of slots, as they are stored."""
    columns: list[Sequence[object]] = list(zip(*map(attrgetter(*SLOT), slots), strict=True))
    for place, column in enumerate(columns):
        spell = message.c[SLOT[place]].type.dialect_impl(dialect).bind_processor(dialect)
        if spell is not None:
            known = {value: spell(value) for value in set(column)}
            columns[place] = [known[value] for value in column]
    return list(zip(*columns, strict=True))


def _statement(dialect: Dialect, count: int) -> str:
    """With places for so many rows."""
    one = _unanswered(sqlite.insert(message)).values(attempts=text("0"), visits=text("0"))
    compiled = one.compile(dialect=dialect, column_keys=SLOT)
    assert compiled.positiontup == list(SLOT), "the places are those of a slot's fields"
    before, row, after = str(compiled).partition(_ROW)
    assert row, "what stands between them is what is said once for each row"
    return before + ", ".join([row] * count) + after


def _unanswered(into: Insert) -> Insert:
    """Without answers to what has one."""
    answer = message.c.parent.is_not(None) & message.c.dropped_at.is_(None) & message.c.refused_at.is_(None)
    return into.on_conflict_do_nothing(index_elements=["parent"], index_where=answer)


def add(db: Connection, slots: Sequence[Slot]) -> None:
    """More slots for days that are planned. They eat the same allowance: what finds no room when its time comes, of
    these or of the rest, is dropped.
    """
    for slot in slots:
        assert get(db, slot.sender, slot.local_date) is not None, "a slot belongs to a planned day"
        db.execute(inserting(db, message).values(**from_slot(slot)))


def cut(db: Connection, mailbox: int, local_date: date, reason: str) -> None:
    """The day allows no more than has gone out, or may have."""
    mine = message.c.sender == mailbox, message.c.local_date == local_date, _gone
    used = select(func.count(message.c.id)).where(*mine).scalar_subquery()
    which = day.c.mailbox == mailbox, day.c.local_date == local_date, day.c.allowance > used
    db.execute(update(day).where(*which).values(allowance=used, reason=reason))


def last_sent(db: Connection, *, before: Mapping[int, date]) -> Mapping[int, Day]:
    """For each mailbox that ever sent, its last sending day before its date (not on it): a local day of which a
    message has gone out, or may have.
    """
    by_date: dict[date, list[int]] = defaultdict(list)
    for number, end in before.items():
        by_date[end].append(number)
    found: dict[int, Day] = {}
    for end, numbers in by_date.items():  # the whole earth lives in three dates at most
        for some in batches(numbers):
            found |= {row.mailbox: to_day(row) for row in db.execute(_LAST_SENT, {"end": end, "numbers": some})}
    return found


def history(db: Connection, mailbox: int) -> list[tuple[Day, int]]:
    """All days of a mailbox in their order, each with how many messages were accepted."""
    sent = (
        select(message.c.local_date, func.count().label("sent"))
        .where(message.c.sender == mailbox, message.c.sent_at.is_not(None))
        .group_by(message.c.local_date)
        .subquery()
    )
    both = day.outerjoin(sent, sent.c.local_date == day.c.local_date)
    days = select(*day.c, func.coalesce(sent.c.sent, 0).label("sent")).select_from(both)
    return [
        (to_day(row), row.sent) for row in db.execute(days.where(day.c.mailbox == mailbox).order_by(day.c.local_date))
    ]


def latest(db: Connection) -> date | None:
    """The last local day that is planned, of anybody."""
    last: date | None = db.scalar(select(func.max(day.c.local_date)))
    return last


def lived(db: Connection, since: date) -> dict[tuple[int, date], tuple[int, int | None]]:
    """How many messages were accepted on each mailbox's local days since then, and how many the day allowed: none if
    there is no plan for it; None if what it allowed was lost with a database.
    """
    mine = message.c.local_date >= since, message.c.sent_at.is_not(None)
    sent = select(message.c.sender, message.c.local_date, func.count()).where(*mine)
    counts = {(row[0], row[1]): row[2] for row in db.execute(sent.group_by(message.c.sender, message.c.local_date))}
    planned = select(day.c.mailbox, day.c.local_date, day.c.allowance, day.c.reason).where(day.c.local_date >= since)
    allowed: dict[tuple[int, date], int | None] = {
        (row.mailbox, row.local_date): None if row.reason.startswith(RESTORED) else row.allowance
        for row in db.execute(planned)
    }
    return {key: (counts.get(key, 0), allowed.get(key, 0)) for key in counts.keys() | allowed.keys()}


# One step back from its end in the index of a mailbox's days, and a few more if what it sent last was all dropped.
_last = (
    select(message.c.local_date)
    .where(message.c.sender == mailbox.c.id, message.c.local_date < bindparam("end", type_=message.c.local_date.type))
    .where(_gone)
    .order_by(message.c.local_date.desc())
    .limit(1)
    .correlate(mailbox)
    .scalar_subquery()
)
_LAST_SENT = (
    select(day)
    .join_from(day, mailbox, and_(mailbox.c.id == day.c.mailbox, day.c.local_date == _last))
    .where(mailbox.c.id.in_(bindparam("numbers", expanding=True)))
)
_known = exists().where(
    day.c.mailbox == mailbox.c.id, day.c.local_date == bindparam("today", type_=day.c.local_date.type)
)
_UNPLANNED = select(mailbox.c.id).where(mailbox.c.removed_at.is_(None), mailbox.c.zone == bindparam("zone"), ~_known)

_listed = func.unnest(*(bindparam(name, type_=postgresql.ARRAY(message.c[name].type)) for name in SLOT))
_rows = _listed.table_valued(*SLOT).render_derived().c
_FROM_LISTS = _unanswered(
    postgresql.insert(message).from_select((*SLOT, "attempts", "visits"), select(*_rows, text("0"), text("0")))
)


def inserting(db: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """An INSERT that knows ON CONFLICT, which both databases have and SQLAlchemy keeps apart."""
    return sqlite.insert(table) if db.dialect.name == "sqlite" else postgresql.insert(table)


def batches(values: Iterable[V]) -> Iterator[list[V]]:
    """As many values as one statement takes, and again."""
    rest = iter(values)
    while some := list(islice(rest, _AT_ONCE)):
        yield some
