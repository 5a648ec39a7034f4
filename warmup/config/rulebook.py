"""What is known of servers' words: the rules that come with the program, and the operator's own [[throttle.rule]].

Owns: where they are read. Does not own: their keys and what is right in them (`warmup.throttle`), or their reasons
(`data/throttles.toml`).
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from warmup.throttle import Rules, Unfit, rules

from .document import Table
from .places import packed
from .values import Wrong, kind, wrong


def rulebook(table: Table) -> Rules:
    """The rules in force, by the [throttle] table."""
    return table.take("rule", _with, _shipped())


def _with(own: Any) -> Rules:
    if not isinstance(own, list) or not all(isinstance(one, dict) for one in own):
        raise wrong(f"is {kind(own)}; write each rule as a table with two brackets, [[throttle.rule]]")
    try:
        return rules(_tables(), own=own)
    except Unfit as error:
        raise Wrong(*(((at, key), what) for at, key, what in error.mistakes)) from error


@cache
def _shipped() -> Rules:
    return rules(_tables())


@cache
def _tables() -> Sequence[Mapping[str, Any]]:
    found: Sequence[Mapping[str, Any]] = tomllib.loads((packed("data") / "throttles.toml").read_text("utf-8"))["rule"]
    return found
