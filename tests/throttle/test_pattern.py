"""No pattern can be slow: what its structure forbids, no text can bring about."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.throttle.known import RULES
from warmup.model import Response, Stage
from warmup.throttle import words
from warmup.throttle.pattern import MOST, compiled

PATTERNS = sorted({words.pattern for rule in RULES.ordered for words in (*rule.pattern, *rule.unless)})
_parser: Any = import_module("re._parser")


def repeats(tree: Any) -> Iterator[tuple[int, int, Any]]:
    """Every repeat in a parsed pattern: least, most, and what is repeated."""
    for operation, given_ in tree:
        if str(operation) in {"MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"}:
            yield given_
        for part in given_ if isinstance(given_, tuple | list) else [given_]:
            for inner in part if isinstance(part, list) else [part]:
                if isinstance(inner, _parser.SubPattern):
                    yield from repeats(inner)


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_shipped_pattern_repeats_single_characters_and_not_for_ever(pattern: str) -> None:
    for _, most, repeated in repeats(_parser.parse(pattern)):
        single = len(repeated) == 1 and str(repeated[0][0]) in {"ANY", "IN", "LITERAL", "NOT_LITERAL", "CATEGORY"}
        assert most == 1 or (single and most < MOST), pattern


def test_what_the_classifier_searches_besides_rules_is_bounded_too() -> None:
    for expression in vars(words).values():
        if isinstance(expression, re.Pattern):
            assert all(most <= 30 for _, most, _ in repeats(_parser.parse(expression.pattern)))


@pytest.mark.parametrize(
    "pattern",
    [
        "a*",
        "a+",
        "a{3,}",
        "a{,}",
        "(?:ab){2}",
        "(?:a{0,9}b){0,9}",
        "[ab]+",
        r"\d*",
        ".{0,20}a.{0,20}",
        ".{0,300}",
        "(a|a{0,201})b",
    ],
)
def test_a_pattern_that_could_be_slow_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"repeat|narrow"):
        compiled(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        "a?",
        "(?:ab)?",
        "a{3}",
        "[*+]",
        r"\*\+\{",
        ".{0,40}",
        "a{0,9}b{0,9}",
        "(?:a{0,99}|b{0,99})c",
        "(?<!a)b",
        "{a}",
        "[]*]x",
    ],
)
def test_a_pattern_that_can_not_be_slow_is_taken(pattern: str) -> None:
    assert compiled(pattern).search("") is None or True


@given(pattern=st.text(alphabet="ab|()[]{}?*+.,\\019^$<!:", max_size=20))
def test_whatever_is_taken_repeats_no_repeat(pattern: str) -> None:
    try:
        expression = compiled(pattern)
    except ValueError:
        return
    for _, most, repeated in repeats(_parser.parse(expression.pattern)):
        assert most <= 1 or not list(repeats(repeated))
        assert most <= MOST


@given(text=st.text(min_size=1, max_size=20))
def test_only_the_beginning_of_a_long_answer_is_judged(text: str) -> None:
    long = Response(Stage.DOT, 451, None, text * (10_240 // len(text)))
    assert len(words.plain(long)) <= words.LONGEST
    assert words.plain(long) == words.plain(Response(Stage.DOT, 451, None, long.text[: words.LONGEST]))
