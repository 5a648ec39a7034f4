"""The measure of likeness is right where the answer is known, and what is shipped keeps to what was measured."""

from __future__ import annotations

import pytest

from warmup.content.likeness import distinct, nearest, percentile

from .letters import shipped
from .measure import identified, lix, messages


def test_a_text_is_all_like_itself_whatever_its_marks_and_not_like_a_stranger() -> None:
    assert nearest(["One two three four five.", "one, two three: four five!", "a b c d e f"]) == [1.0, 1.0, 0.0]


def test_likeness_is_what_is_shared_over_what_there_is() -> None:
    assert nearest(["a b c d e f", "a b c d e g"]) == [pytest.approx(1 / 3)] * 2


def test_a_percentile_is_one_of_the_values() -> None:
    values = [float(value) for value in range(1, 101)]
    assert [percentile(values, share) for share in (0.01, 0.5, 0.99, 1.0)] == [1.0, 50.0, 99.0, 100.0]


def test_a_text_that_recurs_counts_once() -> None:
    assert distinct(["a", "b", "a", "c"]) == 0.75


@pytest.mark.parametrize("code", sorted(shipped().by_language))
def test_of_three_hundred_messages_none_says_what_another_said_and_each_is_known_by_its_language(code: str) -> None:
    texts = messages(300, code)
    assert distinct(texts) == 1.0
    assert percentile(nearest(texts), 0.99) < 0.5
    assert identified(texts, code) >= 0.99


def test_a_law_is_harder_to_read_than_a_primer() -> None:
    primer = "The cat sat. The dog ran. It was hot."
    law = "Notwithstanding any contrary provision herein, the undersigned irrevocably indemnifies the beneficiary."
    assert lix(primer) < 10 < 60 < lix(law)
