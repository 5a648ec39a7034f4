"""French: what its grammar and typography ask for, whatever alternatives are rolled."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

import pytest

from .letters import letter, shipped, sources, tables, turns_told

SEEDS = range(24)
NAMES = sorted(name for name in sources() if name.startswith("fr/"))
WORDS = tables()["fr"]["words"]
GAP = "\N{NO-BREAK SPACE}"

VOWEL = "[aeiouyàâéèêëîïôöûœ]|h(?:abit|eure|erbe|hist|hiver|homme|honn|horaire|hôtel|huile|humeur|hésit)"
FULL = r"(?!oui\b|onz|onze\b|yaourt|un\b|à\b)"  # what a short word isn't cut before
UNCUT = re.compile(rf"(?i)(?<![\w'-])(?:le|la|de|je|me|te|se|ne|que|jusque|lorsque|puisque) {FULL}(?:{VOWEL})")
IF_HE = re.compile(r"(?i)\bsi ils?\b|\bce (?:est|était)\b")
UNFUSED = re.compile(r"(?i)(?<![\w'])(?:de|à) (?:le|les) (?!\w*(?:er|ir|re|oir)\b|y\b|en\b|lui\b)")
FUSED_TWICE = re.compile(r"(?i)\b(?:du|des|au|aux|de) (?:du|des|au|aux)\b|\b(?:du|des|au|aux) (?:le|la|les|l')\b")
DOUBLED = re.compile(r"(?i)(?<![\w'])(?!nous |vous )(\w+) \1(?![\w'-])")
BARE_MARK = re.compile(rf"[^{GAP}][?!;:]| [?!;:,.]|{GAP}[^?!;:]")

# Adjectives and participles that would tell the sex of who speaks, is spoken to, or is spoken of by name.
ADVERBS = "(?:pas |très |bien |déjà |presque |toujours |un peu |tout |aussi |bien sûr )*+"
BENT = r"(?!au |du |de |devant |dessus )\w+(?:é|ée|i|ie|u|ue|is|ise|eux|euse|ant|ante|ent|ente|ain|aine)\b"
BENT = rf"(?:{BENT}|prêt|seul|content|ravi|certain)"
PERSON = "|".join(WORDS["people"])
AGREEING = re.compile(
    rf"(?i)\b(?:je|tu|j'|t') ?(?:ne |n')?(?:suis|es|étais|serai|seras|serais) {ADVERBS}{BENT}"
    r"|\b(?:ravie?|désolée?|contente?|enchantée?|preneuse|preneurs?|affamée?)\b"
    r"|\b[mt]'(?:a|as|ai|ont|avait|avais|aurait) (?:vue?|prévenue?|chargée?|aidée?|invitée?|appelée?|surprise?)\b"
    r"|\b(?:tous|toutes) les (?:deux|trois)\b|\b(?:me|te) (?:suis|es) \w+(?:é|ée|i|ie|u|ue|is|ise)\b"
)
NAMED = re.compile(rf"(?<!de )(?<!pour )\b(?:{PERSON}) (?:est|sera|serait|était) {ADVERBS}{BENT}")

each_scenario = pytest.mark.parametrize("name", NAMES)


@cache
def said(name: str) -> tuple[str, ...]:
    """Every turn of every seed, without its greeting and farewell where they have a line of their own."""
    return tuple("\n".join(text for text in turn if text[-1] in ".?!") for turn in turns_told(name, SEEDS))


def hits(pattern: re.Pattern[str], name: str) -> Iterator[str]:
    for text in said(name):
        yield from (text[max(0, found.start() - 30) : found.end() + 20] for found in pattern.finditer(text))


@each_scenario
def test_a_short_word_is_cut_before_a_vowel(name: str) -> None:
    assert set(hits(UNCUT, name)) | set(hits(IF_HE, name)) == set()


@each_scenario
def test_de_and_a_melt_with_the_article(name: str) -> None:
    assert set(hits(UNFUSED, name)) | set(hits(FUSED_TWICE, name)) == set()


@each_scenario
def test_no_word_is_said_twice_in_a_row(name: str) -> None:
    assert set(hits(DOUBLED, name)) == set()


@each_scenario
def test_nobodys_sex_is_told(name: str) -> None:
    assert set(hits(AGREEING, name)) | set(hits(NAMED, name)) == set()


@each_scenario
def test_a_no_break_space_stands_before_the_tall_marks_and_nowhere_else(name: str) -> None:
    assert set(hits(BARE_MARK, name)) == set()


def test_the_quotation_has_it_too() -> None:
    assert shipped().languages["fr"].quoted(letter(NAMES[0], 1, 0).date, "Ann").endswith(f"a écrit{GAP}:")


@pytest.mark.parametrize("code", ["equipment", "goods", "machines", "texts", "occasions", "towns", "people", "firms"])
def test_words_that_templates_put_le_or_de_before_begin_with_a_consonant(code: str) -> None:
    assert [word for word in WORDS[code] if re.match(rf"(?i){VOWEL}|h", word)] == []
