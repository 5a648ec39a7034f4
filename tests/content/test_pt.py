"""What only Portuguese can get wrong."""

from __future__ import annotations

import re
from functools import cache

import pytest

from .letters import shipped, tables, told

CONTRACTIONS = {"de": "d", "em": "n"}

each_scenario = pytest.mark.parametrize("name", [name for name, _ in shipped().by_language["pt"]])


@cache
def said(name: str) -> tuple[str, ...]:
    """Subjects and paragraphs of forty threads."""
    threads = [told(name, seed) for seed in range(40)]
    return tuple(text for one in threads for text in (one.subject, *(p for turn in one.turns.values() for p in turn)))


@each_scenario
def test_a_preposition_and_its_article_are_one_word(name: str) -> None:
    for text in said(name):
        assert not re.search(r"\b([Dd]e|[Ee]m|[Pp]or|[Aa]) (o|a|os|as) [a-zà-ü]", text.replace("uma a uma", "")), text
        assert not re.search(r"\b(de|da|do|em|na|no|para|por|com|à|ao) (de|da|do|das|dos|em|na|no|nas|nos)\b", text), (
            text
        )


@each_scenario
def test_nobody_is_taken_for_a_man_or_a_woman(name: str) -> None:
    being = "estou|está|estava|estaria|fico|fica|fiquei|sou|muito"
    agreeing = "obrigad|ocupad|cansad|animad|grat|ansios|sozinh|atrasad|agradecid|preocupad|convidad|dispost"
    for text in said(name):
        assert not re.search(rf"\b[Oo]brigad[oa]\b|\b({being}) ({agreeing})[oa]s?\b", text), text


@each_scenario
def test_two_is_never_spelled_where_its_ending_would_have_to_agree(name: str) -> None:
    for text in said(name):
        assert not re.search(r"\b(dois|um) (caixas|pessoas|porções|equipes|vozes|peças|barracas|famílias)\b", text), (
            text
        )


def test_a_form_with_a_preposition_is_the_word_with_that_preposition() -> None:
    for words in tables()["pt"]["words"].values():
        for word in words["words"] if isinstance(words, dict) else ():
            forms = dict(zip(words["forms"], word, strict=True))
            article, rest = forms["x"].split(" ", 1)
            assert forms["o"] == article
            for preposition, letter_of_it in CONTRACTIONS.items():
                assert forms[preposition] == f"{letter_of_it}{article} {rest}"
            assert forms["ao"] == {"o": "ao", "a": "à", "os": "aos", "as": "às"}[article] + f" {rest}"
