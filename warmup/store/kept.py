"""Statements that are run for every message: compiled once, then given to the driver as they are.

SQLAlchemy looks up a statement, its parameters and the columns of its result each time it runs one, which took two and
a half times what SQLite took to run it. Here each is looked up once, and what its types say of values is applied
directly.

Owns: that way to the driver, parameters and results as SQLAlchemy's types spell them, and the driver's errors as
SQLAlchemy would raise them. Does not own: the statements, which SQLAlchemy makes, or transactions.
Sources: https://docs.sqlalchemy.org/en/21/core/connections.html ("Working with the DBAPI cursor directly").
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Dialect, Insert, Select, Update
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.type_api import TypeEngine
from sqlmodel.sql.sqltypes import UTCDateTime

_Statement = Select[*tuple[Any, ...]] | Insert | Update
_Way = Callable[[Any], Any]


class Kept:
    """A statement to be run again and again. `values` are its parameters, by name, and the columns that an update sets
    besides; nothing that SQLAlchemy would spell anew for each run (`in_`).
    """

    def __init__(self, statement: _Statement) -> None:
        self._statement = statement
        self._compiled: dict[tuple[str, ...], _Compiled] = {}  # by the dialect and the names of the values

    def rows(self, db: Connection, values: Mapping[str, Any]) -> list[list[Any]]:
        """What it finds or returns, in the order of its columns."""
        compiled = self._for(db.dialect, values)
        found = driven(db, compiled.sql, compiled.parameters(values), lambda cursor: cursor.fetchall())
        return [compiled.read(row) for row in found]

    def row(self, db: Connection, values: Mapping[str, Any]) -> list[Any] | None:
        """The only row that it finds or returns; None if there is none."""
        found = self.rows(db, values)
        assert len(found) < 2, "one row at most"
        return found[0] if found else None

    def changed(self, db: Connection, values: Mapping[str, Any]) -> int:
        """How many rows it changed."""
        compiled = self._for(db.dialect, values)
        count: int = driven(db, compiled.sql, compiled.parameters(values), lambda cursor: cursor.rowcount)
        return count

    def _for(self, dialect: Dialect, values: Mapping[str, Any]) -> _Compiled:
        key = dialect.name, *values
        if key not in self._compiled:
            self._compiled[key] = _compiled(self._statement, dialect, [*values])
        return self._compiled[key]


@dataclass(frozen=True, slots=True)
class _Compiled:
    """A statement in a database's words: `names` are its parameters in the order of their places, None where they are
    called by name; `spelling` is how values are put for the driver, `reading` how it is told what they were.
    """

    sql: str
    names: Sequence[str] | None
    constants: Mapping[str, Any]
    spelling: Sequence[tuple[str, _Way]]
    reading: Sequence[tuple[int, _Way]]

    def parameters(self, values: Mapping[str, Any]) -> Mapping[str, Any] | tuple[Any, ...]:
        known = {**self.constants, **values}
        for name, way in self.spelling:
            known[name] = way(known[name])
        return known if self.names is None else tuple([known[name] for name in self.names])

    def read(self, row: Sequence[Any]) -> list[Any]:
        values = list(row)
        for place, way in self.reading:
            if values[place] is not None:
                values[place] = way(values[place])
        return values


def _compiled(statement: _Statement, dialect: Dialect, given: Sequence[str]) -> _Compiled:
    compiled = statement.compile(dialect=dialect, column_keys=list(given))
    assert not compiled.literal_execute_params | compiled.post_compile_params, "spelled anew for each run"
    ways = {name: _spelling(bind.type, dialect) for name, bind in compiled.binds.items()}
    constants = {name: value for name, value in compiled.params.items() if name not in given}
    results = [_reading(column.type, dialect) for column in statement.exported_columns]
    return _Compiled(
        sql=str(compiled),
        names=compiled.positiontup,
        constants={name: way(value) if (way := ways[name]) else value for name, value in constants.items()},
        spelling=[(name, way) for name, way in ways.items() if way is not None and name in given],
        reading=[(place, way) for place, way in enumerate(results) if way is not None],
    )


# Of a message a dozen instants are read and as many written. The ways of SQLAlchemy's and SQLModel's types together
# take five times as long to read one, and twice as long to write it.
def _spelling(known: TypeEngine[Any], dialect: Dialect) -> _Way | None:
    if dialect.name == "sqlite" and isinstance(known, UTCDateTime):
        return _spelled
    return _type(known, dialect).bind_processor(dialect)


def _spelled(at: datetime | None) -> str | None:
    if at is None:
        return None
    if at.utcoffset() is None:
        raise ValueError("an instant needs its timezone")
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


def _reading(known: TypeEngine[Any], dialect: Dialect) -> _Way | None:
    if dialect.name == "sqlite" and isinstance(known, UTCDateTime):
        return lambda text: datetime.fromisoformat(text + "+00:00")
    return _type(known, dialect).result_processor(dialect, None)


def _type(known: TypeEngine[Any], dialect: Dialect) -> TypeEngine[Any]:
    return known.dialect_impl(dialect)


def driven(db: Connection, sql: str, parameters: Any = (), tell: Callable[[DBAPICursor], Any] | None = None) -> Any:
    """What there is to tell when the driver has run a statement. Raises as `Connection.execute` does, and has the
    connection know if it is lost.
    """
    errors = db.dialect.loaded_dbapi.Error
    cursor = db.connection.cursor()
    try:
        cursor.execute(sql, parameters)
        return None if tell is None else tell(cursor)
    except errors as error:
        lost = db.dialect.is_disconnect(error, db.connection, cursor)
        if lost:
            db.invalidate(error)
        raise DBAPIError.instance(
            sql, None, error, errors, hide_parameters=True, connection_invalidated=lost, dialect=db.dialect
        ) from error
    finally:
        cursor.close()
