"""What is measured by hand now and then still runs, and the parts that it tells are all of it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tests.bench import exchange, report
from tests.bench.life import MANNERS
from warmup.content import Corpus
from warmup.daemon.loop import factory


def test_what_an_exchange_costs_is_told_in_parts_that_are_all_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    small = tuple(replace(manner, people=4, days=1, volume=2) for manner in MANNERS)
    for module in (exchange, report):
        monkeypatch.setattr(module, "MANNERS", small)
    monkeypatch.setattr(Corpus, "check", lambda _: None)  # it compiles all templates
    run = exchange.run(factory("asyncio"), tls=True)
    for name, life in run.lives.items():
        assert life.messages >= life.exchanges > 0
        assert 0 < life.asking < life.cost.cpu
        watched, floor = run.watched[name].life, run.bares[name]
        told = list(report.parts(run.watched[name], floor, run.spoken[name]))
        whole = watched.cost.cpu + watched.asking
        assert sum(part.cpu for part in told) == pytest.approx(whole / watched.messages * 1e6)
        assert sum(part.floor for part in told) == pytest.approx(floor.all / watched.messages)
    assert json.loads(json.dumps(report.values([run])))[0].keys() == run.lives.keys()
    assert report.table([run]).count("times the bare libraries") == 1
