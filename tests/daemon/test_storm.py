"""A month with a storm of 421 on its ninth to eleventh day: hold, probe, climb."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

from warmup.model import Stage
from warmup.plan import local_date
from warmup.sandbox import Fault
from warmup.store import days

from .world import MONDAY, THROTTLED, World

ANN = "ann@north.test"
SETTINGS = """
[curves.slow]
kind = "linear"
start = 2
step = 1
ceiling = 10
[hours]
days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
"""
BEGINS, ENDS = MONDAY + timedelta(days=8), MONDAY + timedelta(days=11)


async def test_a_month_with_a_storm_is_held_probed_and_climbed_out_of(tmp_path: Path) -> None:
    storm = Fault(Stage.RCPT, say=THROTTLED, sender=ANN, since=BEGINS, until=ENDS)
    async with World(tmp_path, faults=[storm], size=3, settings=SETTINGS, curve="slow") as world:
        await world.live(MONDAY + timedelta(days=30))
        world.check_laws()
        ann = world.pool[ANN]
        lived = {day.local_date: (day, sent) for day, sent in world.ask(days.history, ann.id)}
        before, after = (BEGINS - timedelta(days=1)).date(), ENDS.date()
        # In the storm each refusal is a pause of its lane, so after each pause goes one probe; nothing gets through.
        assert world.servers.faults.struck[storm] == len(world.pauses) > 3
        for lane in {pause.provider for pause in world.pauses}:
            holds = [pause for pause in world.pauses if pause.provider == lane]
            assert all(probe.since >= held.until for held, probe in pairwise(holds) if held.until)
            assert [pause.strikes for pause in holds] == list(range(1, len(holds) + 1))
        assert not [e for e in world.servers.ledger.accepted if e.sender == ANN and BEGINS <= e.at < ENDS]
        # Every pause ended by itself, and the last within a day of the storm.
        assert all(pause.until and pause.lifted_at is None for pause in world.pauses)
        assert max(pause.until for pause in world.pauses if pause.until) < ENDS + timedelta(days=1)
        assert world.events("often-held")
        # The day after is no burst: it begins far below where the ramp was, and climbs a step a day.
        top = lived[before][0].volume
        assert lived[after][0].volume <= top / 2
        climb = [lived[after + timedelta(days=n)][0].age for n in range(10)]
        assert all(later - earlier in {0, 1} for earlier, later in pairwise(climb))
        assert climb[-1] > climb[0]
        assert max(sent for _, sent in lived.values()) <= 10
        assert all(sent <= day.allowance for day, sent in lived.values())
        # And the others never noticed.
        sent = Counter(local_date(e.at, ann.zone) for e in world.servers.ledger.accepted if e.sender != ANN)
        assert all(sent[before + timedelta(days=n)] for n in range(5))
