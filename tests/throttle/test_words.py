"""Codes, words and waits are read out of what servers say, however it was quoted."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmup.model import Response, Stage
from warmup.throttle import quoted
from warmup.throttle.words import LONGEST, LONGEST_WAIT, SHORTEST_WAIT, enhanced, named_wait, plain


@pytest.mark.parametrize(
    ("line", "code", "status", "text"),
    [
        ("421 4.7.0 Try again", 421, "4.7.0", "Try again"),
        (
            "421-4.7.28 [192.0.2.10  15] Our\n421-4.7.28 system\n421 4.7.28 has",
            421,
            "4.7.28",
            "[192.0.2.10 15] Our system has",
        ),
        ("550-Requested action\n550 Try again later.", 550, None, "Requested action Try again later."),
        ("smtp; 550 5.1.1 no such user", 550, "5.1.1", "no such user"),
        ("smtp;550 5.1.1 no such user", 550, "5.1.1", "no such user"),
        ("554 mx.example.com ESMTP", 554, None, "mx.example.com ESMTP"),
        ("550 5.7.1.2 odd", 550, None, "5.7.1.2 odd"),
        ("421", 421, None, ""),
        ("NO [LIMIT] slow down", 0, None, "NO [LIMIT] slow down"),
        ("4210 is no code", 0, None, "4210 is no code"),
        ("", 0, None, ""),
    ],
)
def test_a_quoted_reply_is_read(line: str, code: int, status: str | None, text: str) -> None:
    assert quoted(Stage.DOT, line) == Response(Stage.DOT, code, status, text)


@given(line=st.text(), stage=st.sampled_from(Stage))
def test_anything_can_be_quoted(line: str, stage: Stage) -> None:
    assert quoted(stage, line).stage is stage


@pytest.mark.parametrize(
    ("text", "wait"),
    [
        ("Greylisted for 5 minutes", 300),
        ("please try again in 10 min", 600),
        ("Retry after 90 seconds", 90),
        ("try again in 15s", 30),  # never sooner than that
        ("come back in 00:04:59", 299),
        ("Suggested Backoff Time: 299961 milliseconds", 299.961),
        ("wait 2 hours before retrying", 7200),
        ("for 10 minutes and try again", 600),
        ("resets in 3.5 hours", 12600),
        ("try again in an hour", 3600),
        ("blocked for 90 days", 86400),
    ],
)
def test_a_wait_that_is_named_is_read_and_kept_within_bounds(text: str, wait: float) -> None:
    assert named_wait(text) == timedelta(seconds=wait)


@pytest.mark.parametrize(
    "text",
    [
        "try again later",
        "try again later. 71d-20020a5d4b8f - gsmtp",  # a queue's id
        "limited to 100 emails per hour",
        "blocked for failing both SPF and DKIM",
        "later [#4.16.5]",
        "the 24 hours limit",
    ],
)
def test_what_names_no_wait_has_none(text: str) -> None:
    assert named_wait(text) is None


@given(number=st.integers(0, 10**12), unit=st.sampled_from(["ms", "seconds", "minutes", "hours", "d"]))
def test_no_server_makes_us_wait_for_ever_or_not_at_all(number: int, unit: str) -> None:
    wait = named_wait(f"retry in {number} {unit}")
    assert wait is None or SHORTEST_WAIT <= wait <= LONGEST_WAIT


def test_an_enhanced_code_within_the_words_must_agree_with_the_basic_code() -> None:
    assert enhanced(Response(Stage.MAIL, 553, None, "not allowed - 5.7.1 [BL23]")) == "5.7.1"
    assert enhanced(Response(Stage.MAIL, 553, None, "see 4.7.1")) is None
    assert enhanced(Response(Stage.MAIL, 421, "5.7.32", "4.7.0")) == "5.7.32"
    assert enhanced(Response(Stage.MAIL, 421, None, "deferred - 4.16.55.1; 4.7.0.example.com 14.7.0")) is None


def test_patterns_see_one_line_of_plain_words() -> None:
    said = Response(Stage.DOT, 550, "5.7.1", "isn’t  read\u00a0by 550-5.7.1 all 550-users " + "x" * 5000)
    assert plain(said).startswith("isn't read by all users xx")
    assert len(plain(said)) <= LONGEST
