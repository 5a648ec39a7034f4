"""What is known of servers' words: the rules that come with the program, and the operator's own [[throttle.rule]].

Owns: where they are read. Does not own: their keys and what is right in them (`warmup.throttle`), their reasons
(`data/throttles.toml`), or what is advised about them (`data/advice.toml`).
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from warmup.throttle import Rules, Topics, Unfit, rules, topics

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
        return rules(_tables(), own=own, topics=_topics())
    except Unfit as error:
        raise Wrong(*(((at, key), what) for at, key, what in error.mistakes)) from error


@cache
def _shipped() -> Rules:
    return rules(_tables(), topics=_topics())


@cache
def _tables() -> Sequence[Mapping[str, Any]]:
    found: Sequence[Mapping[str, Any]] = _packed("throttles.toml")["rule"]
    return found


@cache
def _topics() -> Topics:
    return topics(_packed("advice.toml"))


def _packed(name: str) -> Mapping[str, Any]:
    return tomllib.loads((packed("data") / name).read_text("utf-8"))
