"""What is refused when a corpus is made, and what a template can ask for."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import pytest

from warmup.content import Corpus, Scenario

from .letters import english, letter

FRAME = {"greetings": ["Hi {name},"], "sign_offs": ["Best,"]}
SUBJECT = "{% macro subject() %}Tea{% endmacro %}\n"


def corpus(source: str, words: Mapping[str, Sequence[str]] | None = None) -> Corpus:
    return checked({"tea": SUBJECT + source}, {**FRAME, **(words or {})})


def checked(templates: Mapping[str, str], words: Mapping[str, Sequence[str]]) -> Corpus:
    found = english(templates, words)
    found.check()
    return found


def said(source: str, seed: int = 1, words: Mapping[str, Sequence[str]] | None = None) -> str:
    """The first turn's prose, all paragraphs in one."""
    template = corpus(source if "macro" in source else f"{{% macro turn1() %}}{source}{{% endmacro %}}", words)
    return " / ".join(template.tell(letter("en/tea", 1, seed), [1]).turns[1][1:-1])


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("{% macro turn1() %}\n{{ pick(biscuits }}{% endmacro %}", "tea:3: unexpected '}'"),
        (
            "{% macro turn1() %}\n\n{{ biscuits }}{% endmacro %}",
            "tea:4: 'biscuits' is neither set above nor a list of words",
        ),
        ("{% macro turn1() %}\n[Yes|No.{% endmacro %}", "tea:3: Encountered unknown tag 'endmacro'"),
        ("{% macro turn1() %}\nYes|No{% endmacro %}", "tea:3: Encountered unknown tag '|'"),
        ("{% macro turn1() %}\nYes]{% endmacro %}", "tea:3: Encountered unknown tag ']'"),
        ("{% macro turn1() %}\n{{ 3|teatime }}{% endmacro %}", "tea:3: No filter named 'teatime'"),
        (
            "{% set day = ahead(5, 5) %}\n{% macro turn1() %}\n{{ day.upon }}{% endmacro %}",
            "tea:4: 'warmup.content.days",
        ),
        ("{% macro turn1() %}\n{{ ahead(0, 0) }}{% endmacro %}", "tea:3: 0 working days is not ahead"),
        ("{% macro turn1() %}\n{{ pick.__globals__ }}{% endmacro %}", "tea:3: access to attribute '__globals__'"),
        ("{% macro turn1() %} {% endmacro %}", "tea: turn1 says nothing"),
        ("{% macro turn2() %}Yes.{% endmacro %}", "tea: there is no macro 'turn1'"),
        (
            "{% macro turn1() %}Yes.{% endmacro %}\n{% macro turn3() %}No.{% endmacro %}",
            "tea:3: turns are to be numbered from 1 without a gap, and 'turn3' isn't",
        ),
    ],
)
def test_a_bad_template_is_named_with_its_line(source: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=f"^en/{re.escape(complaint)}"):
        corpus(source)


def test_a_template_without_a_subject_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^en/tea: there is no macro 'subject'"):
        checked({"tea": "{% macro turn1() %}Yes.{% endmacro %}"}, FRAME)
    with pytest.raises(ValueError, match=r"^en/tea: the subject is empty"):
        checked({"tea": "{% macro subject() %}{% endmacro %}{% macro turn1() %}Yes.{% endmacro %}"}, FRAME)


def test_a_corpus_without_a_scenario_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^no template"):
        english({}, FRAME)


@pytest.mark.parametrize("missing", FRAME)
def test_a_vocabulary_without_greetings_or_sign_offs_is_refused(missing: str) -> None:
    with pytest.raises(ValueError, match=f"^en: words.{missing} is missing"):
        english({"tea": SUBJECT}, {name: words for name, words in FRAME.items() if name != missing})


def test_a_list_that_is_empty_or_hides_a_verb_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^en: cakes has 0 words"):
        corpus("", {"cakes": []})
    with pytest.raises(ValueError, match=r"^en: words.pick is a word of the templates"):
        corpus("", {"pick": ["one"]})


def test_scenarios_are_in_order_of_their_names_with_their_turns() -> None:
    two = SUBJECT + "{% macro turn1() %}Tea?{% endmacro %}{% macro turn2() %}Yes.{% endmacro %}"
    one = SUBJECT + "{% macro turn1() %}Tea.{% endmacro %}"
    assert english({"tea": two, "cake": one}, FRAME).scenarios == (Scenario("en/cake", 1), Scenario("en/tea", 2))


def test_every_alternative_has_its_turn_and_they_nest() -> None:
    source = "[Tea|Coffee [black|with milk]|] is [served|cold]."
    drinks = ("Tea is", "Coffee black is", "Coffee with milk is", "is")
    assert {said(source, seed) for seed in range(99)} == {f"{d} {end}." for d in drinks for end in ("served", "cold")}


def test_an_alternative_can_hold_whatever_a_template_can() -> None:
    source = "{% if true %}[{{ pick(cakes)|capital }}|{{ [1, 2][0] }}{# no | #}]{% endif %}."
    assert {said(source, seed, {"cakes": ["a bun"]}) for seed in range(30)} == {"A bun.", "1."}


def test_an_empty_alternative_leaves_no_gap_and_blank_lines_part_paragraphs() -> None:
    assert said("Yes [|] , please [|]\n  do .\n\n[|]\n\n\nThanks [|] !") == "Yes, please do. / Thanks!"


def test_nothing_is_picked_twice_and_nobody_by_the_name_of_the_two() -> None:
    people = {"people": ["Ann", "Eve", "Tom", "Max", "Joy"]}
    source = "{% set a = pick(people) %}{% macro turn1() %}{{ a }} {{ pick(people) }} {{ pick(people) }}.{% endmacro %}"
    for seed in range(30):
        assert sorted(said(source, seed, people).strip(".").split()) == ["Eve", "Joy", "Max"]


def test_a_list_that_is_used_up_begins_anew() -> None:
    assert said("{{ pick(cakes) }} {{ pick(cakes) }}.", words={"cakes": ["bun"]}) == "bun bun."


def test_what_was_told_before_has_no_part_in_a_turn() -> None:
    source = "{% set a = pick(cakes) %}" + "".join(
        f"{{% macro turn{turn}() %}}"
        "{{ a }} [1|2|3|4] {{ pick(cakes) }} {{ number(1, 99) }}.{% endmacro %}"
        for turn in (1, 2, 3)
    )
    template = corpus(source, {"cakes": ["bun", "tart", "pie", "flan"]})
    order = letter("en/tea", 3, 5)
    assert template.tell(order, [3]).turns[3] == template.tell(order, [1, 2, 3]).turns[3]


def test_filters_spell_and_point_and_capitalise() -> None:
    assert said("{{ 3|spelled }} {{ 13|spelled }}.") == "three 13."
    assert said("{{ 'an urn'|the }} {{ 'the urn'|the }} {{ 'a box'|the|capital }}.") == "the urn the urn The box."


def test_templates_have_none_of_jinjas_globals() -> None:
    with pytest.raises(ValueError, match=r"^en/tea:2: 'lipsum' is neither"):
        said("{{ lipsum() }}")
