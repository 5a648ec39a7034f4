"""What the daemon asks at every ring is found by indices, however much is planned or remembered."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import pairwise
from typing import Any
from unittest.mock import patch

import pytest
from sqlalchemy import Connection, event, select

from warmup.store import Store, budgets, days, kept, messages, prune
from warmup.store.tables import message

from .conftest import Server
from .pool import DAY, HOUR, LATE, MINUTE, NO, NOON, OK, TODAY, Pool

BOTH = [1, 2]
ASKED: dict[str, Callable[[Connection], object]] = {
    "who has something due": lambda db: messages.senders_due(db, NOON),
    "who is to be visited": lambda db: messages.visits_due(db, NOON),
    "what is due of a mailbox": lambda db: messages.visits(db, BOTH, NOON, ahead=HOUR),
    "what may be sent": lambda db: messages.claim(db, mailbox=1, now=NOON, today=TODAY, owner="node", late=LATE),
    "when the next is due": lambda db: messages.next_due(db, NOON),
    "what waits longest": messages.waiting_since,
    "whose Sent folder is to be looked at": lambda db: budgets.unobserved(db, now=NOON, soon=NOON, since=NOON),
    "a conversation": lambda db: messages.thread(db, "thread 1"),
    "a message by its name": lambda db: messages.called(db, "<1@one.test>"),
    "who waits for an answer": lambda db: messages.owed(db, BOTH, since=NOON - DAY),
    "who wrote to whom": lambda db: messages.last_written(db, BOTH, since=NOON - DAY),
    "what is to be received": lambda db: messages.inbound(db, BOTH, since=NOON, until=NOON + DAY),
    "what was sent to a mailbox": lambda db: messages.written_to(db, 1, NOON - DAY),
    "where messages were found": lambda db: messages.placements(db, NOON - DAY),
    "when each sent last": lambda db: days.last_sent(db, before=dict.fromkeys(BOTH, TODAY)),
    "whose day is planned": lambda db: days.planned(db, dict.fromkeys(BOTH, TODAY)),
    "what a mailbox's days were": lambda db: days.history(db, 1),
    "what of a day is left": lambda db: days.cut(db, 1, TODAY, "x"),
    "whose day is to be planned": lambda db: days.unplanned(db, {"Europe/Berlin": TODAY}),
    "what a day's messages are": lambda db: messages.planned(db, 1, TODAY),
    "how messages of a day are called": lambda db: messages.names(db, 1, TODAY, TODAY),
    "what a budget is": lambda db: budgets.get(db, 1, TODAY),
    "whether DATA may be said": lambda db: messages.data_begins(db, 1, NOON, owner="node"),
    "that it was accepted": lambda db: messages.accepted(db, 1, NOON, OK, visit_at=NOON),
    "that it was refused": lambda db: messages.refused(db, 1, NOON, NO, "x", owner="node"),
    "that nobody knows": lambda db: messages.uncertain(db, 1, NOON),
    "that it is due again": lambda db: messages.returned(db, 1, reason="x", owner="node"),
    "that it is dropped": lambda db: messages.drop(db, 1, NOON, "x", owner="node"),
    "what may be forgotten": lambda db: prune(db, 1, TODAY, NOON),
}
# In SQLite's words, and in PostgreSQL's when it is told to read no table from end to end if it can help it.
_SCANS = re.compile(
    r"\bSCAN (message|parent|used|answer|\w+_of_circle|day|budget)\b|Seq Scan on (message|day|budget)\b"
)
# An index of PostgreSQL that is read, and where in it, if anywhere.
_READS = re.compile(
    r"Index (?:Only )?Scan (?:Backward )?using (\w+) on (?:message|day|budget)\b.*|Bitmap Index Scan on (\w+).*"
)
_OF_A_CIRCLE = "Index Cond: ((circle = circles.number) AND (due_at <= "
_FIRST_ENTRY = {"ix_message_waiting"}  # of which no more is read, for the first of all circles


@pytest.mark.parametrize("question", ASKED)
def test_no_question_reads_all_that_is_remembered(pool: Pool, question: str) -> None:
    pool.planned(pool.ann, pool.bob)
    plans = pool.store.rehearse(_explained, ASKED[question])
    assert plans
    assert [line for line in plans if _SCANS.search(line)] == []
    assert _read_whole(plans) <= _FIRST_ENTRY


@pytest.mark.postgres
def test_no_question_reads_all_that_has_come_about_since_the_tables_were_looked_through(server: Server) -> None:
    with Store.open(server.filled()) as store:
        pool = Pool(store)
        slots = [pool.slot(pool.bob, pool.ann, NOON + MINUTE * number) for number in range(-50, 2000)]
        store.run(days.record, [pool.day(pool.bob, len(slots))], slots)  # nothing has been tried
        for question, ask in ASKED.items():
            assert _read_whole(store.rehearse(_explained, ask, known=True)) <= _FIRST_ENTRY, question
        for question in ("who has something due", "whose Sent folder is to be looked at"):
            assert _OF_A_CIRCLE in "\n".join(store.rehearse(_explained, ASKED[question], known=True)), question


def test_a_visit_doesnt_read_all_that_its_mailbox_ever_sent_and_received(pool: Pool) -> None:
    pool.planned(pool.ann, pool.bob)
    plans = pool.store.rehearse(_explained, ASKED["what is due of a mailbox"])
    assert [line for line in plans if re.search("ix_message_(day|received)", line)] == []
    assert {name for line in plans for name in re.findall(r"ix_message_(\w+)_of", line)} == {"visit", "keep", "ask"}


def test_a_question_without_an_index_would_be_noticed(pool: Pool) -> None:
    plans = pool.store.rehearse(_explained, lambda db: db.execute(select(message.c.id).where(message.c.folder == "x")))
    assert [line for line in plans if _SCANS.search(line)]


def _read_whole(plans: Sequence[str]) -> set[str]:
    """Indices in which PostgreSQL wouldn't look for anything, but at every entry."""
    whole = set()
    for line, next_line in pairwise([*plans, ""]):
        read = _READS.search(line)
        if read and "Index Cond:" not in next_line:
            whole.add(read[1] or read[2])
    return whole


def _explained(db: Connection, ask: Callable[[Connection], object], *, known: bool = False) -> list[str]:
    """How the database would go about each statement of a work; PostgreSQL, if the tables aren't `known` to it."""
    said: list[tuple[str, Any]] = []
    with _heard(db, said):
        ask(db)
    if db.dialect.name != "sqlite" and not known:
        db.exec_driver_sql("SET LOCAL enable_seqscan = off")
        # As if nobody had looked through the tables yet: else autovacuum may have, and seen how few rows there are.
        db.exec_driver_sql("DELETE FROM pg_statistic")
        db.exec_driver_sql("UPDATE pg_class SET reltuples = -1, relpages = 0 WHERE relkind IN ('r', 'i')")
    how = "EXPLAIN QUERY PLAN" if db.dialect.name == "sqlite" else "EXPLAIN"
    return [str(row[-1]) for sql, values in said for row in db.exec_driver_sql(f"{how} {sql}", values)]


@contextmanager
def _heard(db: Connection, said: list[tuple[str, Any]]) -> Iterator[None]:
    def hear(_db: object, _cursor: object, sql: str, values: Any, _context: object, _many: object) -> None:
        said.append((sql, values))

    def hear_kept(compiled: kept._Compiled, values: Mapping[str, Any]) -> Any:
        put = parameters(compiled, values)
        said.append((compiled.sql, put))
        return put

    parameters = kept._Compiled.parameters
    event.listen(db, "before_cursor_execute", hear)
    try:
        with patch.object(kept._Compiled, "parameters", hear_kept):
            yield
    finally:
        event.remove(db, "before_cursor_execute", hear)
