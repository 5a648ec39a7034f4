"""What only Spanish can get wrong."""

from __future__ import annotations

import re
from functools import cache

import pytest

from .letters import shipped, tables, told

each_scenario = pytest.mark.parametrize("name", [name for name, _ in shipped().by_language["es"]])


@cache
def said(name: str) -> tuple[str, ...]:
    """Subjects and paragraphs of forty threads."""
    threads = [told(name, seed) for seed in range(40)]
    return tuple(text for one in threads for text in (one.subject, *(p for turn in one.turns.values() for p in turn)))


@each_scenario
def test_a_preposition_and_its_article_are_one_word(name: str) -> None:
    for text in said(name):
        assert not re.search(r"\b([Dd]e|[Aa]) el\b", text), text


@each_scenario
def test_and_and_or_change_before_their_own_sound(name: str) -> None:
    for text in said(name):
        assert not re.search(r"\by (i|hi(?!e))|\bo h?[oó]", text, re.IGNORECASE), text


@each_scenario
def test_a_question_has_a_mark_at_either_end(name: str) -> None:
    for text in said(name):
        assert re.sub(r"[^¿?]", "", text).replace("¿?", "") == "", text
        assert re.sub(r"[^¡!]", "", text).replace("¡!", "") == "", text
        assert not re.search(r"[¿¡]\s", text), text


@each_scenario
def test_nobody_is_taken_for_a_man_or_a_woman(name: str) -> None:
    being = "est(oy|ás|aría|arías|aré|arás)|soy|eres|quedo|me alegra estar"
    agreeing = "encantad|content|liad|ocupad|agradecid|cansad|segur|invitad|preocupad|dispuest|bienvenid|list|tranquil"
    for text in said(name):
        assert not re.search(rf"\b({being}) (muy )?({agreeing})[oa]s?\b|\b(Encantad[oa]|[Bb]ienvenid[oa]s)\b", text), (
            text
        )


def test_a_form_with_a_preposition_is_the_word_with_that_preposition() -> None:
    for words in tables()["es"]["words"].values():
        for word in words["words"] if isinstance(words, dict) else ():
            for form, value in zip(words["forms"], word, strict=True):
                named = next(each for each in word if re.match(r"(el|la|los|las) ", each))
                preposition = {"de": "de", "a": "a", "en": "en"}.get(form)
                if preposition:
                    assert value == re.sub(r"^(de|a) el ", r"\1l ", f"{preposition} {named}")
                elif form == "o":
                    assert value == ("o" if named.startswith("el ") and named != "el aula pequeña" else "a")


def test_no_name_begins_with_a_sound_that_changes_the_word_before_it() -> None:
    assert not [name for name in tables()["es"]["words"]["people"] if re.match(r"H?[IÍOÓ]", name)]
