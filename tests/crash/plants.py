"""Daemons with something wrong in them, so that it can be seen that the reckoning finds it.

Owns: what is wrong. Does not own: finding it (`tests.crash.reckoning`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace
from pkgutil import resolve_name
from typing import Any
from unittest.mock import patch

from sqlalchemy import Connection, update

from warmup.model import Day, Response, Slot, Stage
from warmup.plan import Plan, Pool, Seat, plan_day
from warmup.smtp import Session
from warmup.store import Store, days, messages
from warmup.store.messages.claims import IN_HAND
from warmup.store.tables import day, message

_MORE = 3


def _resend() -> AbstractContextManager[Any]:
    """What a crash has left uncertain is sent again."""

    def release(db: Connection, **_: object) -> int:
        free = {"claimed_at": None, "claimed_by": None, "data_at": None, "visit_at": None}
        return db.execute(update(message).where(IN_HAND).values(**free)).rowcount

    return patch.object(messages, "release", release)


def _pretend() -> AbstractContextManager[Any]:
    """What was never sent is called sent."""

    async def data(session: Session, text: bytes) -> Response:
        return Response(Stage.DOT, 250, "2.0.0", "Ok")

    return patch.object(Session, "data", data)


def _forget() -> AbstractContextManager[Any]:
    """What a crash has left in hand stays there."""
    return patch.object(messages, "release", lambda db, **_: 0)


def _half() -> AbstractContextManager[Any]:
    """A day is committed before its slots, which a crash in between takes away."""
    record = days.record

    def recorded(db: Connection, planned: Sequence[Day], slots: Sequence[Slot]) -> int:
        new = record(db, planned, [])
        db.exec_driver_sql("COMMIT")
        db.exec_driver_sql("BEGIN IMMEDIATE")
        if slots:
            resolve_name("warmup.store.days._insert")(db, slots)  # where the kill waits
        return new

    return patch.object(days, "record", recorded)


@contextmanager
def _generous() -> Iterator[None]:
    """More is planned than the day allows, and the claim lets it pass."""
    claim = messages.claim

    def plan(seats: Sequence[Seat], pool: Pool, *args: Any, **kwargs: Any) -> Plan:
        return plan_day([replace(seat, allowance=seat.allowance + _MORE) for seat in seats], pool, *args, **kwargs)

    def claimed(db: Connection, **asked: Any) -> Any:
        mine = update(day).where(day.c.mailbox == asked["mailbox"])
        db.execute(mine.values(allowance=day.c.allowance + _MORE))
        try:
            return claim(db, **asked)
        finally:
            db.execute(mine.values(allowance=day.c.allowance - _MORE))

    with ExitStack() as changed:
        changed.enter_context(patch("warmup.daemon.planner.plan_day", plan))
        changed.enter_context(patch.object(messages, "claim", claimed))
        yield


def _hasty() -> AbstractContextManager[Any]:
    """DATA isn't waited for to be on the disk."""
    return patch.object(Store, "quickly", Store.lightly)


PLANTS: dict[str, Callable[[], AbstractContextManager[Any]]] = {
    "resend": _resend,
    "pretend": _pretend,
    "forget": _forget,
    "half": _half,
    "generous": _generous,
    "hasty": _hasty,
}
