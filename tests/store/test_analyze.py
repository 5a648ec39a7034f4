"""PostgreSQL chooses indices well from the first messages on, and not only once autovacuum has come by."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import psycopg
import pytest
from sqlalchemy import Connection, event, insert, text

from warmup.model import Slot
from warmup.store import Store, days
from warmup.store.rows import from_slot
from warmup.store.tables import message

from .conftest import Server
from .pool import NOON, Pool

pytestmark = pytest.mark.postgres

MANY = 2000
BY_NUMBER = "EXPLAIN SELECT id FROM message WHERE id = 1 AND claimed_at IS NULL AND dropped_at IS NULL"


@pytest.fixture
def url(server: Server) -> str:
    """Of a database that autovacuum leaves alone."""
    url = server.filled()
    with psycopg.connect(url) as connection:
        connection.execute("ALTER TABLE message SET (autovacuum_enabled = off)")
    return url


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    with Store.open(url) as store:
        yield store


def slots(pool: Pool) -> list[Slot]:
    return [pool.slot(pool.bob, pool.ann, NOON + timedelta(seconds=number)) for number in range(MANY)]


def way(db: Connection) -> str:
    """By which index PostgreSQL would look for a message that waits, and has this number."""
    return "\n".join(db.scalars(text(BY_NUMBER)))


def looks(url: str) -> list[str]:
    """What a daemon has looked through when it begins."""
    said: list[str] = []
    with Store.open(url) as other:
        engine = other._engine
        event.listen(engine, "before_cursor_execute", lambda *heard: said.append(heard[2]))
        other.lock()
    return [statement for statement in said if statement.startswith("ANALYZE")]


def test_a_plan_just_written_is_known(pool: Pool, store: Store) -> None:
    store.run(days.record, [pool.day(pool.bob, MANY)], slots(pool))
    assert "pk_message" in store.run(way)


def test_what_was_restored_is_known_once_a_daemon_has_begun(url: str, pool: Pool, store: Store) -> None:
    rows = [from_slot(slot) for slot in slots(pool)]
    store.run(lambda db: db.execute(insert(message), rows))
    assert "pk_message" not in store.run(way)  # or nothing need be done
    assert len(looks(url)) == 1
    assert "pk_message" in store.run(way)
    assert looks(url) == []
