"""The migrations make what the tables say, on both databases."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, Engine, inspect

from warmup.store.tables import Base

from .conftest import Databases, connecting


@pytest.fixture
def migrated(databases: Databases) -> Iterator[Engine]:
    engine = connecting(databases.filled())
    yield engine
    engine.dispose()


@pytest.fixture
def declared(databases: Databases) -> Iterator[Engine]:
    """What the tables say, without the migrations."""
    engine = connecting(databases.empty())
    Base.metadata.create_all(engine)
    yield engine
    engine.dispose()


def test_alembic_finds_nothing_to_do(migrated: Engine) -> None:
    with migrated.connect() as db:
        context = MigrationContext.configure(db, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, Base.metadata) == []


def test_every_column_constraint_and_index_is_the_same(migrated: Engine, declared: Engine) -> None:
    """Alembic compares neither checks nor the conditions of indices; the databases' own words are compared here. Not so
    the order of columns: one that a later step adds comes last.
    """
    with migrated.connect() as left, declared.connect() as right:
        assert described(left) == described(right)


def described(db: Connection) -> dict[str, object]:
    if db.dialect.name == "sqlite":
        # A table's own statement, as a set of its lines: their order says nothing.
        tables = db.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")
        lines = re.compile(r"\n|,? (?=CONSTRAINT )|, (?=\w+ [A-Z]+(?:,| DEFAULT))")
        return {
            name: {line.strip(" \t,") for line in lines.split(sql.replace('"', ""))}
            for name, sql in tables
            if name not in {"alembic_version", "sqlite_sequence"}
        }
    constraints = db.exec_driver_sql(
        "SELECT conname, conrelid::regclass::text || pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE conname !~ 'alembic' AND connamespace = 'public'::regnamespace"
    )
    indices = db.exec_driver_sql(
        "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' AND indexname !~ 'alembic'"
    )
    columns = {
        table: {(column["name"], str(column["type"]), column["nullable"], column["default"]) for column in described}
        for (_, table), described in inspect(db).get_multi_columns().items()
        if table != "alembic_version"
    }
    return {**columns, **{str(name): text for name, text in [*constraints, *indices]}}
