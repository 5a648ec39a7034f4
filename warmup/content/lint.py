"""What is wrong with a conversation, as far as a program can tell: `warmup templates check`.

Owns: looking at many tellings of a conversation. Does not own: whether it reads well; compiling (`Corpus`).
Sources: the phrases are the operator's or data/phrases.toml.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from .corpus import Corpus, Scenario, trial
from .likeness import nearest, percentile

_TRIALS = 60  # tellings of each turn: a guess
_SUBJECT = 70  # characters: what a list of messages shows of it
_SAME = 0.6  # likeness above which two messages say the same, whoever reads them: a guess
_FLAWS = (
    ("a link or an address", re.compile(r"https?:|www\.|\w@\w")),
    ("something unfilled", re.compile(r"[\[\]{}|<>]|\bNone\b")),
    ("two marks in a row", re.compile(r"[,;:?!][,.;:?!]|\.[,;:?!]|(?<!\.)\.\.(?!\.)")),
    ("no mark at the end of a paragraph", re.compile(r"[^.?!:…»”\"']$")),
)


@dataclass(frozen=True, slots=True)
class Flaw:
    """What is wrong, in which turn (None: all of it), and a telling that shows it."""

    scenario: str
    turn: int | None
    what: str
    said: str = ""


def lint(corpus: Corpus, scenario: Scenario, phrases: Iterable[str], trials: int = _TRIALS) -> tuple[Flaw, ...]:
    """Each flaw once for each turn it is in. `phrases` are words that spam filters look for, in the scenario's
    language.
    """
    kinds = (*_FLAWS, *(_phrase(phrase) for phrase in phrases))
    try:
        told = [corpus.tell(trial(scenario, seed), range(1, scenario.turns + 1)) for seed in range(trials)]
    except ValueError as error:
        return (Flaw(scenario.name, None, str(error)),)
    flaws = [
        Flaw(scenario.name, None, f"a subject of {len(subject)} characters", subject)
        for subject in (max((one.subject for one in told), key=len),)
        if len(subject) > _SUBJECT
    ]
    for turn in range(1, scenario.turns + 1):
        texts = [tuple(prose(one.turns[turn])) for one in told]
        flaws += (Flaw(scenario.name, turn, what, said) for what, said in _found(kinds, texts))
        likeness = percentile(nearest([" ".join(text) for text in texts]), 0.9)
        if likeness > _SAME:
            flaws.append(Flaw(scenario.name, turn, f"little variety: one in ten is {likeness:.0%} like another"))
    return tuple(flaws)


def prose(paragraphs: Sequence[str]) -> Sequence[str]:
    """A turn without its farewell and, where it has one, its greeting: that ends in another mark than a sentence, or is
    shorter than one.
    """
    body = paragraphs[:-1]
    return body[1:] if len(body) > 1 and len(body[0].split()) < 5 and body[0][-1] in ",!:" else body


def _phrase(phrase: str) -> tuple[str, re.Pattern[str]]:
    return f"{phrase!r}, which spam filters look for", re.compile(rf"(?i)\b{re.escape(phrase)}\b")


def _found(kinds: Iterable[tuple[str, re.Pattern[str]]], texts: Sequence[Sequence[str]]) -> Iterator[tuple[str, str]]:
    for what, pattern in kinds:
        shown = next((said for text in texts for said in text if pattern.search(said)), None)
        if shown is not None:
            yield what, shown
