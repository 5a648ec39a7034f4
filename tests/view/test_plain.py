"""Rows as people read them: whatever a server or an operator has written."""

from __future__ import annotations

from datetime import UTC, datetime

from warmup.view.plain import text


def test_nothing_is_shown_that_a_terminal_would_obey() -> None:
    assert text("421 \x1b[2Jslow\r\ndown\t!") == "421  [2Jslow  down !"


def test_values_are_shown_as_people_write_them() -> None:
    values = [None, True, 3, 0.5, datetime(2026, 3, 2, 9, 5, 59, tzinfo=UTC), ["a", "b"]]
    assert [text(value) for value in values] == ["", "yes", "3", "0.5", "2026-03-02 09:05Z", "a; b"]
