"""The laws hold whatever happens, in two hundred lives; the same ones each time. `make model` lives others."""

from __future__ import annotations

import pytest

from .machine import many


@pytest.mark.parametrize("part", range(4))  # for as many processors
def test_the_laws_hold_whatever_happens(part: int) -> None:
    counts, failure = many(part, examples=50, steps=5, shrink=False)
    assert not failure, failure
    assert counts["lives"] >= 50
    assert min(counts[thing] for thing in ("accepted", "pauses", "dropped")), counts
