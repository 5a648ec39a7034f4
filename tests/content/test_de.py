"""What German asks for: capitals for nouns and nothing else, cases, commas."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from .letters import shipped, turns_told

SEEDS = range(25)

# What has a capital at the head of a sentence alone, so also every form of du and ihr.
SMALL = re.compile(
    r"(?<![.?!:] )(?<!^)\b(?:Ich|Wir|Du|Dich|Dir|Dein\w*|Ihr|Euch|Eure?\w*|Mir|Mich|Uns|D[eiao][rsnme]|Eine?[nmrs]?|"
    r"Und|Aber|Auf|Mit|Für|Von|In|Im|Ins|Am|An|Bei|Beim|Zu|Zum|Zur|Nach|Wenn|Falls|Dass|Heute|Nächste[nrm]?)\b"
)
WRONG_CASE = (
    re.compile(r"\b(?:mit|von|bei|zu|aus|seit|außer) (?:die|das|eine?|einen|meine?|deine?)\b(?! paar)"),
    re.compile(r"\b(?:für|ohne|gegen|durch) (?:der|dem|einem|einer|meinem|deinem)\b"),
)
NOT_CONTRACTED = re.compile(r"\b(?:in das|bei dem|von dem|zu dem|zu der|in dem)\b(?! (?:Alter|Tag|\d))")
NO_COMMA = re.compile(
    r"(?<![.,:?!] )(?<!^)(?<!\b[Uu]nd )(?<!\boder )(?<!\bauch )(?<!\bnur )\b(?:dass|weil|falls|sobald|ob)\b"
)


@cache
def turns() -> tuple[Sequence[str], ...]:
    return tuple(turn for name, _ in shipped().by_language["de"] for turn in turns_told(name, SEEDS))


@cache
def prose() -> tuple[str, ...]:
    """Paragraphs that are sentences, all of which end in a mark."""
    return tuple(text for paragraphs in turns() for text in paragraphs if not text.endswith(","))


def test_a_greeting_is_followed_by_a_small_letter_or_a_noun() -> None:
    firsts = {paragraphs[1].split()[0].strip(",") for paragraphs in turns() if paragraphs[0].endswith(",")}
    small = {word for text in prose() for word in re.findall(r"(?<=[^.?!:] )[a-zäöüß]+", text)}
    assert {word for word in firsts if word[0].isupper() and word.lower() in small} == set()
    assert any(word.islower() for word in firsts)


def test_only_nouns_have_a_capital_inside_a_sentence() -> None:
    for text in prose():
        assert not SMALL.search(text), text


def test_a_preposition_has_its_case() -> None:
    for text in prose():
        for wrong in WRONG_CASE:
            assert not wrong.search(text), text


def test_a_preposition_and_its_article_are_drawn_together() -> None:
    for text in prose():
        assert not NOT_CONTRACTED.search(text), text


def test_a_clause_is_parted_by_a_comma() -> None:
    for text in prose():
        assert not NO_COMMA.search(text), text
