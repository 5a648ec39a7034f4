"""Placements: where messages were found, counted by sender and receiving provider.

A message counts once its server accepted it and it was found, declared missing or came back. One that is looked for
still isn't counted at all; nor is one that may never have been accepted and never turned up.

Owns: the counts. Does not own: what they mean (`warmup.placement`), looking (`warmup.daemon.reader`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from sqlalchemy import ColumnElement, Connection, Row, and_, case, func, select

from warmup.model import Placement, Stage
from warmup.placement import Counts
from warmup.store.tables import mailbox, message

from .claims import TRIED

m = message.c
_to = mailbox.alias("recipient_of_placed")

Lane = tuple[int, str]  # a sender and a receiving provider


def placements(
    db: Connection, since: datetime, *, sender: int | None = None, provider: str | None = None
) -> Mapping[Lane, Counts]:
    """What became of the messages that were due since then; of every lane, or of one sender's, or to one provider."""
    lane = (m.sender, _to.c.provider)
    counted = (
        select(*lane, *_SUMS).join_from(message, _to, _to.c.id == m.recipient).where(m.due_at >= since, TRIED, _SETTLED)
    )
    if sender is not None:
        counted = counted.where(m.sender == sender)
    if provider is not None:
        counted = counted.where(_to.c.provider == provider)
    return {(row.sender, row.provider): _counts(row) for row in db.execute(counted.group_by(*lane))}


def placements_by_day(db: Connection, since: date) -> Mapping[tuple[int, date], Counts]:
    """What became of each sender's messages of each of its local days since then."""
    day = (m.sender, m.local_date)
    counted = select(*day, *_SUMS).where(m.local_date >= since, _SETTLED).group_by(*day)
    return {(row.sender, row.local_date): _counts(row) for row in db.execute(counted)}


def _counts(row: Row[*tuple[object, ...]]) -> Counts:
    return Counts(**{name: getattr(row, name) for name in _OF})


def _times(true: ColumnElement[bool]) -> ColumnElement[int]:
    return func.count(case((true, 1)))


_nowhere = and_(m.found_at.is_(None), m.missing_at.is_not(None))
_told = func.coalesce(m.response_stage, "") == Stage.DSN
_OF: Mapping[str, ColumnElement[bool]] = {str(placement): m.placement == placement for placement in Placement} | {
    "missing": and_(_nowhere, ~_told),
    "bounced": and_(_nowhere, _told),
}
_SUMS = [_times(true).label(name) for name, true in _OF.items()]
_SETTLED = and_(m.sent_at.is_not(None), m.found_at.is_not(None) | m.missing_at.is_not(None))
