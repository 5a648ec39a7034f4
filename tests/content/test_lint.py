"""What a program can see of a bad conversation, and that it sees nothing in a good one."""

from __future__ import annotations

import pytest

from tests.content.letters import english
from warmup.content import Flaw, lint

SUBJECT = "{% macro subject() %}Tea{% endmacro %}"
VARIED = "{{ pick(people) }} [came|went|sang|wrote] {{ ahead(3, 9).on }} at {{ number(1, 99) }} [Mill|High] Street."
FRAME = {"greetings": ["Hi {name},"], "sign_offs": ["Best,"], "people": [f"Kim{n}" for n in range(40)]}


def flaws(turn: str, subject: str = SUBJECT, phrases: tuple[str, ...] = ("act now",)) -> tuple[Flaw, ...]:
    corpus = english({"tea": f"{subject}{{% macro turn1() %}}{turn}{{% endmacro %}}"}, FRAME)
    return lint(corpus, corpus.scenarios[0], phrases)


def test_nothing_is_said_of_a_good_one() -> None:
    assert flaws(VARIED) == ()


@pytest.mark.parametrize(
    ("turn", "what"),
    [
        (VARIED + " See www.example.test.", "a link or an address"),
        (VARIED + " Ask bob@example.test.", "a link or an address"),
        (VARIED + " Dear {{ '{{name}}' }}.", "something unfilled"),
        (VARIED + " {{ 'None' }}.", "something unfilled"),
        (VARIED + "[ Yes.|]. Good.", "two marks in a row"),
        (VARIED + " Until then", "no mark at the end of a paragraph"),
        (VARIED + " Act now.", "'act now', which spam filters look for"),
        ("Would you like some tea?", "little variety: one in ten is 100% like another"),
        ("{{ nobody }}", "en/tea:1: 'nobody' is neither set above nor a list of words"),
        ("", "en/tea: turn1 says nothing"),
    ],
)
def test_what_is_wrong_is_told_with_a_telling_that_shows_it(turn: str, what: str) -> None:
    (flaw,) = flaws(turn)
    assert flaw.what == what
    assert (flaw.turn is None) == (": " in what and not what.startswith("little"))


def test_a_word_inside_another_is_no_phrase() -> None:
    assert flaws(VARIED + " The contract now ended.") == ()


def test_a_subject_that_nobody_can_see_whole_is_told() -> None:
    (flaw,) = flaws(VARIED, f"{{% macro subject() %}}{'Tea ' * 20}{{% endmacro %}}")
    assert flaw.what == "a subject of 79 characters"
