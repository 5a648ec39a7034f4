"""`warmup prune` says what goes, and that the last weeks don't."""

from __future__ import annotations

import pytest

from .hand import Hand


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--keep", "59d"), "the last 60 days are needed: give --keep 60d or more, or an earlier --before"),
        (("--before", "2999-01-01"), "the last 60 days are needed: give --keep 60d or more, or an earlier --before"),
        (("--keep", "a year"), "--keep 'a year': write it like 400d"),
        (("--before", "x"), "--before 'x': write it like 2026-11-30"),
        (("--keep", "90d", "--before", "2020-01-01"), "give --keep or --before"),
    ],
)
def test_what_cant_be_meant_is_refused(hand: Hand, options: tuple[str, ...], said: str) -> None:
    assert hand.errs("prune", *options) == (2, [said])


def test_how_much_goes_is_told_to_people_and_programs(pool: Hand) -> None:
    assert pool.does("prune", "--before", "2020-01-01") == (
        "before 2020-01-01: 0 messages, 0 days and 0 pauses forgotten\n"
    )
    told = pool.reads("prune", "--before", "2020-01-01", "--dry-run")
    assert told == {"before": "2020-01-01", "messages": 0, "days": 0, "pauses": 0}
