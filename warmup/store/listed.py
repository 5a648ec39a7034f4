"""That a column is one of a list, the whole list being one parameter.

SQLAlchemy's `in_` has a parameter for each value, so a statement is spelled anew for lists of another length, and may
hold only so many. This one is spelled once, and can be a `Kept` one.

Owns: that condition in both databases' words. Does not own: statements.
Sources: https://sqlite.org/json1.html#jeach; https://www.postgresql.org/docs/current/functions-comparisons.html
(`= ANY`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Boolean, ColumnElement, Dialect, String, bindparam
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator, TypeEngine


def one_of(column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    """That a column of numbers or texts is one of those in the parameter of that name."""
    return _OneOf(column, bindparam(name, type_=_List(column.type)))


class _List(TypeDecorator[Iterable[Any]]):
    """Numbers or texts, in no order."""

    impl = String
    cache_ok = True

    def __init__(self, of: TypeEngine[Any]) -> None:
        super().__init__()
        self.of = of

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(String() if dialect.name == "sqlite" else ARRAY(self.of))

    def process_bind_param(self, value: Iterable[Any] | None, dialect: Dialect) -> Any:
        listed = list(value or ())
        return json.dumps(listed) if dialect.name == "sqlite" else listed


class _OneOf(FunctionElement[bool]):
    type = Boolean()
    inherit_cache = True

    def self_group(self, against: Any = None) -> _OneOf:
        return self  # SQLAlchemy would have SQLite compare it to 1, and no index is used for that


@compiles(_OneOf, "sqlite")
def _of_json(element: _OneOf, compiler: SQLCompiler, **how: Any) -> str:
    column, listed = (compiler.process(clause, **how) for clause in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({listed}))"  # noqa: S608 - made of SQLAlchemy's own words


@compiles(_OneOf, "postgresql")
def _of_array(element: _OneOf, compiler: SQLCompiler, **how: Any) -> str:
    column, listed = (compiler.process(clause, **how) for clause in element.clauses)
    return f"{column} = ANY ({listed})"
