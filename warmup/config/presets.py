"""Named curves, read from tables: the shipped ones, and the operator's own [curves.NAME].

Owns: which keys describe a curve. Does not own: what makes sense in them (`warmup.curves`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from warmup.curves import Curve, Exponential, Linear, Logistic, Steps

from .document import Document, Table
from .places import packed
from .tree import Preset
from .values import boolean, choice, each, number, text, whole, wrong

_count = whole(1, 10**9)
_number = number(-(10**9), 10**9)  # the curve knows better what it can use


def _rows(value: Any) -> tuple[tuple[int, int], ...]:
    """One volume for each day from the first on, or rows of (first day, volume)."""
    if not (isinstance(value, list) and value and isinstance(value[0], list)):
        return tuple(enumerate(each(_count)(value), start=1))
    return each(_row)(value)


def _row(value: Any) -> tuple[int, int]:
    numbers = each(_count)(value)
    if len(numbers) != 2:
        raise wrong(f"has {len(numbers)} numbers; write [first day, messages a day]")
    return numbers[0], numbers[1]


_KINDS: Mapping[str, tuple[Callable[..., Curve], Mapping[str, Callable[[Any], Any]]]] = {
    "linear": (Linear, {"start": _count, "step": _number, "ceiling": _count}),
    "exponential": (Exponential, {"start": _count, "factor": _number, "ceiling": _count}),
    "logistic": (Logistic, {"start": _count, "ceiling": _count, "days": _count}),
    "steps": (Steps, {"table": _rows}),
}


_STAND_IN = Steps.daily([1])  # for a curve with mistakes: its name is known, and nobody lives it


@cache
def shipped() -> Mapping[str, Preset]:
    """The curves that come with the program."""
    document = Document("curves.toml", (packed("data") / "curves.toml").read_text("utf-8"))
    found = {}
    for name, table in document.root.tables().items():
        with table:
            found[name] = Preset(
                name=name,
                curve=_curve(table),
                source=table.need("source", text, "write where the numbers come from") or "",
                note=table.take("note", text, ""),
                needs_cap=table.take("needs_cap", boolean, False),
            )
    document.close()
    return found


def own(tables: Mapping[str, Table]) -> Mapping[str, Preset]:
    """The operator's curves."""
    found = {}
    for name, table in tables.items():
        with table:
            note = table.take("note", text, "")
            found[name] = Preset(name=name, curve=_curve(table), source="your configuration", note=note)
    return found


def _curve(table: Table) -> Curve:
    kind = table.need("kind", choice(*_KINDS), f"write one of {', '.join(_KINDS)}")
    if kind is None:
        table.skip()
        return _STAND_IN
    shape, parameters = _KINDS[kind]
    given = {key: table.need(key, read, f"a {kind} curve has one") for key, read in parameters.items()}
    if None in given.values():
        return _STAND_IN
    try:
        return shape(**given)
    except ValueError as error:
        table.mistake(None, str(error))
        return _STAND_IN
