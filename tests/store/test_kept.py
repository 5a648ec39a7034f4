"""Statements that go to the driver directly find, change and refuse what SQLAlchemy would."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, bindparam, select, update
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import IntegrityError

from warmup.store.kept import Kept, _reading, _spelling
from warmup.store.listed import one_of
from warmup.store.tables import message

from .pool import NOON, Pool

WHICH = message.c.id == bindparam("which")


def test_what_is_found_is_what_sqlalchemy_finds(pool: Pool) -> None:
    sent = pool.sent(pool.ann, pool.bob)
    found = select(message).where(WHICH)

    def both(db: Connection) -> tuple[object, object]:
        return Kept(found).row(db, {"which": sent.id}), list(db.execute(found, {"which": sent.id}).one())

    kept, told = pool.store.run(both)
    assert kept == told


# A day within the years that there are, in whatever zone.
@given(st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.timezones()))
def test_an_instant_is_written_and_read_as_sqlalchemy_does(at: datetime) -> None:
    dialect = sqlite.dialect()
    kind = message.c.due_at.type.dialect_impl(dialect)
    spell, read = kind.bind_processor(dialect), kind.result_processor(dialect, None)
    assert spell is not None
    assert read is not None
    spelled = spell(at)
    write, ours = _spelling(message.c.due_at.type, dialect), _reading(message.c.due_at.type, dialect)
    assert write is not None
    assert ours is not None
    assert write(at) == spelled
    assert ours(spelled) == read(spelled) == at.astimezone(UTC)
    assert ours(spelled).tzinfo is UTC


def test_an_instant_without_a_zone_is_refused_and_none_stays_none() -> None:
    write = _spelling(message.c.due_at.type, sqlite.dialect())
    assert write is not None
    assert write(None) is None
    with pytest.raises(ValueError, match="timezone"):
        write(datetime(2026, 3, 2))


def test_a_statement_sets_the_columns_that_it_is_given(pool: Pool) -> None:
    sent = pool.sent(pool.ann, pool.bob)
    stamping = Kept(update(message).where(WHICH))
    assert pool.store.run(stamping.changed, {"which": sent.id, "opened_at": NOON, "visit_at": None}) == 1
    assert pool.store.run(stamping.changed, {"which": sent.id, "visits": 7}) == 1
    assert pool.store.run(stamping.changed, {"which": -1, "visits": 7}) == 0
    again = pool.again(sent)
    assert (again.opened_at, again.visit_at, again.visits) == (NOON, None, 7)


def test_what_the_database_refuses_is_told_without_its_values(pool: Pool) -> None:
    sent = pool.sent(pool.ann, pool.bob)
    stamping = Kept(update(message).where(WHICH))
    with pytest.raises(IntegrityError) as refused:
        pool.store.run(stamping.changed, {"which": sent.id, "visits": -4711})
    assert "4711" not in str(refused.value).partition("DETAIL")[0]
    assert pool.again(sent).visits == sent.visits


def test_one_of_a_list_is_whatever_the_list_has(pool: Pool) -> None:
    sent = [pool.sent(pool.ann, pool.bob), pool.sent(pool.ann, pool.cid), pool.sent(pool.ann, pool.cid)]
    numbers = Kept(select(message.c.id).where(one_of(message.c.id, "some")).order_by(message.c.id))
    names = Kept(select(message.c.id).where(one_of(message.c.message_id, "some"), message.c.recipient == pool.bob.id))

    def found(statement: Kept, some: object) -> list[int]:
        return [row[0] for row in pool.store.run(statement.rows, {"some": some})]

    assert found(numbers, [sent[2].id, -1, sent[0].id]) == [sent[0].id, sent[2].id]
    assert found(numbers, range(100_000)) == [one.id for one in sent]
    assert found(numbers, ()) == []
    assert found(names, {one.message_id for one in sent}) == [sent[0].id]
    assert found(names, {'"]', "'"}) == []
    several = select(message.c.id).where(one_of(message.c.id, "some"))
    assert list(pool.store.run(lambda db: db.scalars(several, {"some": [sent[1].id]}).all())) == [sent[1].id]


def test_a_statement_that_has_to_be_spelled_anew_each_time_is_refused(pool: Pool) -> None:
    several = Kept(select(message.c.id).where(message.c.id.in_(bindparam("which", expanding=True))))
    with pytest.raises(AssertionError, match="anew"):
        pool.store.run(several.rows, {"which": [1, 2]})
