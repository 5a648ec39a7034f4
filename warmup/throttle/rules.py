"""Rules: what is known of servers' words, as data.

Owns: the form of a rule, how rules are made from tables, and which of them speaks of a response.
Does not own: the rules themselves and reading them (`data/throttles.toml` and `warmup.config`), what is judged where no
rule speaks (`warmup.throttle.verdict`).
Sources: RFC 5321 §4.2.1 (`4yz`), RFC 3463 §2 (`X.2.2`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from warmup.model import Action, Kind, Response, Stage, Verdict

from .advice import Advice, Topics, sentence
from .pattern import compiled
from .words import enhanced, plain

_UNITS = {"s": timedelta(seconds=1), "m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
_LONGEST = timedelta(days=7)
_SMTP = frozenset(Stage) - {Stage.LOGIN, Stage.SELECT, Stage.FETCH}
_NO_TOPICS = Topics({})
_CONDITIONS = ("pattern", "unless", "stages", "codes", "enhanced", "providers")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """All of its conditions hold, or it doesn't speak. A condition that is empty holds always."""

    name: str
    action: Action
    pattern: tuple[re.Pattern[str], ...] = ()  # each is found somewhere in the words
    unless: tuple[re.Pattern[str], ...] = ()  # none is
    stages: frozenset[Stage] = _SMTP  # IMAP is spoken of by rules that name its stages
    codes: tuple[str, ...] = ()  # 421, or 4yz for all that begin with 4
    enhanced: tuple[str, ...] = ()  # 4.7.28, X.2.2 in any class, 5.1 for all that begin so
    providers: frozenset[str] = frozenset()
    wait: timedelta | None = None  # the first; None: what is usual for the action
    kind: Kind = Kind.TROUBLE
    domain: bool = False
    advice: tuple[str, ...] = ()  # topics, or sentences
    line: tuple[str, ...] = field(default=(), compare=False)  # real ones that it is for

    def fits(self, response: Response, text: str, code: str | None, provider: str | None) -> bool:
        return (
            response.stage in self.stages
            and (not self.providers or provider in self.providers)
            and (not self.codes or any(_within(wanted, str(response.code)) for wanted in self.codes))
            and (not self.enhanced or (code is not None and any(_begins(code, wanted) for wanted in self.enhanced)))
            and all(words.search(text) for words in self.pattern)
            and not any(words.search(text) for words in self.unless)
        )


class Unfit(ValueError):
    """Tables that no rules can be made of, with every mistake: the table's position from 0, its key, what is wrong."""

    def __init__(self, tables: Sequence[Mapping[str, Any]], mistakes: Sequence[tuple[int, str, str]]) -> None:
        names = [table.get("name", "without a name") for table in tables]
        super().__init__("\n".join(f"rule {at + 1} ({names[at]}): {key}: {what}" for at, key, what in mistakes))
        self.mistakes = tuple(mistakes)


@dataclass(frozen=True, slots=True)
class Rules:
    """Rules in the order in which they are asked, and what is advised about them."""

    ordered: tuple[Rule, ...] = ()
    topics: Topics = _NO_TOPICS

    def speaking(self, response: Response, provider: str | None = None) -> Rule | None:
        """The first rule that fits."""
        text, code = plain(response), enhanced(response)
        return next((rule for rule in self.ordered if rule.fits(response, text, code, provider)), None)

    def advice(self, verdict: Verdict, provider: str | None = None) -> tuple[Advice, ...]:
        """What the operator can do about it, at that provider if it is known."""
        spoke = next((rule.advice for rule in self.ordered if rule.name == verdict.rule), ())
        return tuple(self.topics.about(spoke, verdict.action, provider))


def rules(
    tables: Sequence[Mapping[str, Any]], *, own: Sequence[Mapping[str, Any]] = (), topics: Topics = _NO_TOPICS
) -> Rules:
    """The rules that tables, as TOML gives them, stand for. `own` are the operator's: one with the name of another
    takes its place, all else are asked first. Raises `Unfit`: "rule 3 (NAME): KEY: what is wrong", one line each.
    """
    usual, first = _named(tables, topics), _named(own, topics)
    asked_first = [rule for name, rule in first.items() if name not in usual]
    return Rules((*asked_first, *(first.get(name, rule) for name, rule in usual.items())), topics)


def _named(tables: Sequence[Mapping[str, Any]], topics: Topics) -> dict[str, Rule]:
    named: dict[str, Rule] = {}
    mistakes: list[tuple[int, str, str]] = []
    for at, table in enumerate(tables):
        made, wrong = _read(table)
        if made.get("name") in named:
            wrong["name"] = "another rule has it already; give it one of its own"
        if strange := [one for one in made.get("advice", ()) if one not in topics and not sentence(one)]:
            wrong["advice"] = f"is {strange[0]!r}; write a topic of data/advice.toml, or a sentence"
        if not wrong:
            named[made["name"]] = Rule(**made)
        mistakes += ((at, key, what) for key, what in wrong.items())
    if mistakes:
        raise Unfit(tables, mistakes)
    return named


def _read(table: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """A rule's parts, and what is wrong, by key."""
    made: dict[str, Any] = {}
    wrong: dict[str, str] = {}
    for key, value in table.items():
        try:
            made[key] = _READERS.get(key, _unknown)(value)
        except ValueError as error:
            wrong[key] = str(error)
    wrong |= {key: "is missing; every rule has one" for key in ("name", "action") if key not in table}
    if not wrong and not any(made.get(key) for key in _CONDITIONS):
        wrong["pattern"] = "is missing, as is any other condition, so it would fit everything; write a pattern"
    return made, wrong


def _unknown(_: Any) -> Any:
    raise ValueError(f"unknown key; a rule has {', '.join(_READERS)}")


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"is {value!r}; write text in quotes")
    return value


def _line(value: Any) -> str:
    if not _text(value).isprintable():
        raise ValueError(f"is {value!r}; write it on one line")
    return str(value)


def _texts(value: Any) -> tuple[str, ...]:
    """One text, or a list of them."""
    return tuple(_text(one) for one in (value if isinstance(value, list | tuple) else [value]))


def _patterns(value: Any) -> tuple[re.Pattern[str], ...]:
    return tuple(compiled(one) for one in _texts(value))


def _choice(options: type[Action] | type[Kind] | type[Stage], but: Iterable[str] = ()) -> Callable[[Any], Any]:
    known = {option.value: option for option in options if option not in but}

    def read(value: Any) -> Any:
        if not isinstance(value, str) or value not in known:
            raise ValueError(f"is {value!r}; write one of {', '.join(known)}")
        return known[value]

    return read


def _stages(value: Any) -> frozenset[Stage]:
    return frozenset(_choice(Stage)(one) for one in _texts(value))


def _codes(value: Any) -> tuple[str, ...]:
    codes = tuple(str(one).lower() for one in (value if isinstance(value, list | tuple) else [value]))
    for code in codes:
        if not re.fullmatch(r"[245](?:\d\d|yz)|0", code):
            raise ValueError(f"is {code!r}; write a basic code such as 421, or 4yz, or 0 for an IMAP server's NO")
    return codes


def _enhanced(value: Any) -> tuple[str, ...]:
    codes = tuple(one.upper() for one in _texts(value))
    for code in codes:
        if not re.fullmatch(r"[245X]\.\d{1,3}(?:\.\d{1,3})?", code):
            raise ValueError(f'is {code!r}; write an enhanced code such as "4.7.28", or "X.2.2", or "5.1"')
    return codes


def _wait(value: Any) -> timedelta:
    found = re.fullmatch(r"(\d{1,6})([smhd])", value) if isinstance(value, str) else None
    wait = int(found[1]) * _UNITS[found[2]] if found else timedelta(0)
    if not timedelta(seconds=1) <= wait <= _LONGEST:
        raise ValueError(f'is {value!r}; write a time such as "90s", "25m" or "4h", at most "7d"')
    return wait


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"is {value!r}; write true or false")
    return value


_READERS: dict[str, Callable[[Any], Any]] = {
    "name": _line,
    "line": _texts,
    "pattern": _patterns,
    "unless": _patterns,
    "stages": _stages,
    "codes": _codes,
    "enhanced": _enhanced,
    "providers": lambda value: frozenset(_texts(value)),
    "action": _choice(Action, but=[Action.ACCEPTED]),
    "wait": _wait,
    "kind": _choice(Kind),
    "domain": _flag,
    "advice": lambda value: tuple(map(_line, _texts(value))),
}


def _within(wanted: str, code: str) -> bool:
    return code == wanted or (wanted.endswith("yz") and len(code) == 3 and code[0] == wanted[0])


def _begins(code: str, wanted: str) -> bool:
    said, asked = code.split("."), wanted.split(".")
    return (asked[0] == "X" or said[0] == asked[0]) and said[1 : len(asked)] == asked[1:]
