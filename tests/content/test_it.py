"""Italian: what its grammar asks for, whatever alternatives are rolled."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

import pytest

from .letters import sources, tables, turns_told

SEEDS = range(24)
NAMES = sorted(name for name in sources() if name.startswith("it/"))
WORDS = tables()["it"]["words"]

VOWEL = "[aeiouàèéìòù]"
IMPURE = "(?:s[bcdfglmnpqrtv]|z|gn|ps|pn|x|y)"  # what takes lo, gli and uno
UNFUSED = re.compile(r"(?i)(?<!')\b(?:di|a|da|in|su) (?:il|lo|la|i|gli|le|l')\b")
FUSED_TWICE = re.compile(
    r"(?i)\b(?:di|a|da|in|su|del|della|dei|delle|degli|al|alla|dal|dalla|nel|nella) "
    r"(?:del|della|dello|dei|delle|degli|al|alla|ai|alle|dal|dalla|nel|nella|nell')\b"
)
WRONG_ARTICLE = re.compile(
    rf"(?i)\b(?:il|del|al|dal|nel|sul|i|dei|ai|dai|nei|sui) (?:{VOWEL}|{IMPURE})"
    rf"|\b(?:un|quel|bel|buon) {IMPURE}|\b(?:una|della|alla|dalla|nella|sulla) {VOWEL}"
)
DOUBLED = re.compile(r"(?i)(?<![\w'])(?!piano |giusto |così )(\w+) \1(?![\w'])")
SMALL = re.compile(r"(?<=[.?!]) [a-zà-ÿ]")

# Adjectives and participles that would tell the sex of who speaks, is spoken to, or is spoken of by name.
BENT = r"(?:\w{2,}(?:at|ut|it)[oa]|content[oa]|pront[oa]|sicur[oa]|liber[oa]|stanc[oa]|seren[oa]|tranquill[oa])\b"
ADVERBS = "(?:molto |già |sempre |tanto |così |anche |davvero )*+"
PERSON = "|".join(WORDS["people"])
AGREEING = re.compile(
    rf"(?i)\b(?:sono|sei|sarò|sarai|ero|eri) {ADVERBS}{BENT}"
    rf"|(?<!per )(?<!di )(?<!econdo )\b(?:{PERSON}) (?:è|sarà|era|sarebbe) {ADVERBS}{BENT}"
    r"|\b(?:mi|ti) (?:sono|sei) \w+[oa]\b|\b[Gg]li (?:ho|hai|ha|chiedo|dico|parlo|scrivo)\b"
    r"|(?<!di )\bbenvenut[oa]\b|\bbrav[oa]\b"
)
OF_A_THING = re.compile(r"\b[Ll](?:ui|ei)\b")

each_scenario = pytest.mark.parametrize("name", NAMES)


@cache
def said(name: str) -> tuple[tuple[str, ...], ...]:
    """Every turn of every seed, without its farewell."""
    return tuple(map(tuple, turns_told(name, SEEDS)))


def hits(pattern: re.Pattern[str], name: str) -> Iterator[str]:
    for text in ("\n".join(turn) for turn in said(name)):
        yield from (text[max(0, found.start() - 30) : found.end() + 20] for found in pattern.finditer(text))


@each_scenario
def test_a_preposition_melts_with_the_article(name: str) -> None:
    assert set(hits(UNFUSED, name)) | set(hits(FUSED_TWICE, name)) == set()


@each_scenario
def test_an_article_fits_the_word_it_stands_before(name: str) -> None:
    assert set(hits(WRONG_ARTICLE, name)) == set()


@each_scenario
def test_no_word_is_said_twice_in_a_row(name: str) -> None:
    assert set(hits(DOUBLED, name)) == set()


@each_scenario
def test_nobodys_sex_is_told(name: str) -> None:
    assert set(hits(AGREEING, name)) == set()
    assert name == "it/guasto" or set(hits(OF_A_THING, name)) == set()  # there the machine is "lei"


@each_scenario
def test_a_sentence_begins_with_a_capital_but_for_the_first_after_a_comma(name: str) -> None:
    assert set(hits(SMALL, name)) == set()
    proper = tuple(WORDS["people"] + WORDS["families"] + WORDS["towns"])
    for turn in said(name):
        if turn[0].endswith(","):
            assert not turn[1][0].isupper() or turn[1].startswith(proper), turn
        else:
            assert not turn[0][0].islower(), turn


@pytest.mark.parametrize(
    "code", ["equipment", "goods", "machines", "texts", "occasions", "towns", "people", "families"]
)
def test_words_that_templates_put_an_article_before_take_the_plain_one(code: str) -> None:
    assert [word for word in WORDS[code] if re.match(rf"(?i){VOWEL}|{IMPURE}", word)] == []
