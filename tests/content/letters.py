"""Letters to compose, and the shipped corpus to compose them from."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from functools import cache
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from warmup.content import Corpus, Language, Letter, Person
from warmup.content.corpus import Told, language_of

ROOT = Path(__file__).parents[2]
ANN = Person("Ann Bell", "ann.bell@north.test")
TOM = Person("Tom Okafor", "tom@south.test")
LONDON, BERLIN = ZoneInfo("Europe/London"), ZoneInfo("Europe/Berlin")


@cache
def shipped() -> Corpus:
    return Corpus((Language.of(code, table) for code, table in tables().items()), sources())


@cache
def sources() -> dict[str, str]:
    """The templates by their names: "en/loan"."""
    return {f"{path.parent.name}/{path.stem}": path.read_text() for path in (ROOT / "templates").glob("*/*.j2")}


@cache
def tables() -> dict[str, dict[str, Any]]:
    """What the languages' files say, by their codes."""
    return {path.stem: tomllib.loads(path.read_text()) for path in (ROOT / "data" / "languages").glob("*.toml")}


def english(templates: Mapping[str, str], words: Mapping[str, Sequence[str]]) -> Corpus:
    """Conversations of our own, with words of our own."""
    language = Language.of("en", {**tables()["en"], "words": words})
    return Corpus([language], {f"en/{name}": source for name, source in templates.items()})


def letter(scenario: str, turn: int, seed: int, opener: Person = ANN, other: Person = TOM) -> Letter:
    """That turn of the thread that `seed` stands for: for a lower turn, the very letter it answers."""
    dice = Random(seed)
    dates = [datetime(2026, 1, 5, 8, 13) + timedelta(days=dice.randrange(364), minutes=dice.randrange(540))]
    while len(dates) < turn:
        dates.append(dates[-1] + timedelta(hours=dice.choice((1, 2, 3, 24, 26)), minutes=dice.randrange(60)))
    stamps = [moment.replace(tzinfo=(LONDON, BERLIN)[number % 2]) for number, moment in enumerate(dates)]
    sender, recipient = (opener, other) if turn % 2 else (other, opener)
    return Letter(
        message_id=f"<{seed}.{turn}@{sender.address.rpartition('@')[2]}>",
        references=tuple(
            f"<{seed}.{number}@{(other, opener)[number % 2].address.rpartition('@')[2]}>" for number in range(1, turn)
        ),
        thread=f"thread {seed}",
        scenario=scenario,
        turn=turn,
        sender=sender,
        recipient=recipient,
        date=stamps[-1],
        earlier=tuple(stamps[:-1]),
        label=("X-Warmup", "0123456789abcdef0123456789abcdef"),
    )


@cache
def told(name: str, seed: int) -> Told:
    """All of the thread that `seed` stands for."""
    turns = dict(shipped().by_language[language_of(name)])[name]
    return shipped().tell(letter(name, turns, seed), range(1, turns + 1))


def turns_told(name: str, seeds: Iterable[int]) -> Iterator[Sequence[str]]:
    """The paragraphs of each turn of a conversation's threads, from the greeting, if there is one, to the last before
    the name.
    """
    for seed in seeds:
        yield from (paragraphs[:-1] for paragraphs in told(name, seed).turns.values())


def parsed(message: bytes) -> EmailMessage:
    parsed = message_from_bytes(message, policy=default)
    assert isinstance(parsed, EmailMessage)
    return parsed


def body(message: bytes) -> list[str]:
    """The decoded lines of the text."""
    text = parsed(message).get_content()
    assert isinstance(text, str)
    return text.replace("\r\n", "\n").removesuffix("\n").split("\n")


def parts(message: bytes) -> tuple[list[str], str, list[str]]:
    """Its own lines, the attribution, and what it quotes without the marks."""
    lines = body(message)
    start = next((number for number, line in enumerate(lines) if line.startswith(">")), len(lines) + 1)
    attribution = "".join(lines[start - 1 : start])
    return lines[: start - 2], attribution, [line[2:] for line in lines[start:]]
