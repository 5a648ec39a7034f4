"""What an operator can do about an answer.

Owns: the form of advice, and which of it goes with a rule. Does not own: the advice (`data/advice.toml`), or which
topics a rule names (`data/throttles.toml`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from warmup.model import Action


@dataclass(frozen=True, slots=True)
class Advice:
    """A few sentences, and the page that they come from or that says more."""

    text: str
    source: str | None = None


@dataclass(frozen=True, slots=True)
class Topics:
    """Advice by topic. A topic named as an action is for answers of that kind whose rule has no advice of its own; one
    named "TOPIC.PROVIDER" is what there is to add at that provider.
    """

    by_name: Mapping[str, Advice]

    def __contains__(self, name: str) -> bool:
        return name in self.by_name

    def about(self, advice: Iterable[str], action: Action, provider: str | None) -> Iterator[Advice]:
        """What a rule's `advice` stands for: names of topics, or sentences of the operator's own."""
        for name in advice or (action.value,):
            if sentence(name):
                yield Advice(name)
            for called in (name, f"{name}.{provider}"):
                if called in self.by_name:
                    yield self.by_name[called]


def sentence(advice: str) -> bool:
    """Whether it is one, and not the name of a topic."""
    return " " in advice


def topics(tables: Mapping[str, Mapping[str, Any]]) -> Topics:
    """Of TOML's tables: [topic] with `text` and `source`, [topic.provider] with the same."""
    found: dict[str, Advice] = {}
    for name, table in tables.items():
        parts = {key: value for key, value in table.items() if isinstance(value, Mapping)}
        found[name] = Advice(table["text"], table.get("source"))
        found |= {f"{name}.{provider}": Advice(part["text"], part.get("source")) for provider, part in parts.items()}
    return Topics(found)
