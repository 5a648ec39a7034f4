"""What the machine found, each as the shortest life in which it showed."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

from warmup.daemon import hold
from warmup.model import Action, Response, Stage, Verdict
from warmup.store import pauses

from .machine import NAMED
from .test_plants import DAY, HOUR, an_ordinary_day, lived


def test_word_of_a_trouble_that_is_long_over_holds_nothing() -> None:
    """Two messages were on their way when a lane was held; that the second came back too is told three days later."""
    with lived(an_ordinary_day) as house:
        ann, ben, *_ = house.pool.values()
        said = Response(Stage.DSN, 450, "4.7.1", NAMED)
        verdict = Verdict(action=Action.PAUSE_LANE, rule="rate", wait=timedelta(minutes=45))
        office, asked = house.office(), house.clock.now() - HOUR
        first = asyncio.run(hold.by_verdict(office, ann, said, verdict, asked=asked, recipient=ben))
        house.sleep(3 * DAY)
        longer = replace(verdict, wait=HOUR)
        assert asyncio.run(hold.by_verdict(office, ann, said, longer, asked=asked, recipient=ben)) == first
        assert house.ask(pauses.history) == [first]
