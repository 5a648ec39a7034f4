"""So many go at once and no more, on one daemon or on several, and everybody has a turn."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest

from tests.postgres import fresh_database
from warmup.daemon.places import Places
from warmup.daemon.share import Share
from warmup.store import SHARDS, Store, shard

WAY = ("connections", "smtp.x.test")


class Crowd:
    """Those who go through doors: how many are inside at once, by door and in all, and how many went."""

    def __init__(self) -> None:
        self.inside: Counter[Places] = Counter()
        self.most = 0
        self.went: Counter[Places] = Counter()

    async def go(self, places: Places, mailbox: int, most: int, *, everywhere: bool = True) -> None:
        async with places.one(WAY, most, mailbox, everywhere=everywhere):
            self.inside[places] += 1
            self.most = max(self.most, sum(self.inside.values()))
            try:
                for _ in range(3):
                    await asyncio.sleep(0)
                self.went[places] += 1
            finally:
                self.inside[places] -= 1


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[Places]:
    with Store.open(str(tmp_path / "w.db"), create=True) as store:
        yield Places(store, Share())


@pytest.fixture
async def nodes(postgres_url: str) -> AsyncIterator[list[Places]]:
    """Two nodes, each of which looks around again and again."""
    url = fresh_database(postgres_url)
    with ExitStack() as until:
        made = []
        for name in ("one", "other"):
            store = until.enter_context(Store.open(url, create=True))
            store.join(name, timedelta(seconds=30))
            made.append(Places(store, Share(shards=frozenset(range(SHARDS)), nodes=2)))
        yield made


async def looking(places: Places, until: asyncio.Event) -> None:
    while not until.is_set():
        await places.tick()
        await asyncio.sleep(0)


async def test_a_daemon_lets_in_so_many_and_no_more(alone: Places) -> None:
    crowd = Crowd()
    await asyncio.gather(*(crowd.go(alone, number, 3) for number in range(20)))
    assert (crowd.most, crowd.went[alone]) == (3, 20)
    assert not alone._gates  # nothing is kept of a way that nobody goes


async def test_who_is_cancelled_while_waiting_or_inside_leaves_its_place_to_the_next(alone: Places) -> None:
    crowd = Crowd()
    tasks = [asyncio.ensure_future(crowd.go(alone, number, 1)) for number in range(5)]
    await asyncio.sleep(0)
    for place in (0, 1, 3):  # one inside, one that is next, one in the line
        tasks[place].cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert (crowd.most, crowd.went[alone]) == (1, 2)
    assert not alone._gates


async def test_a_place_that_comes_just_when_its_owner_is_cancelled_goes_to_the_next(alone: Places) -> None:
    crowd = Crowd()
    first = asyncio.Event()

    async def hold() -> None:
        async with alone.one(WAY, 1, 0):
            await first.wait()

    holding = asyncio.ensure_future(hold())
    await asyncio.sleep(0)
    second, third = (asyncio.ensure_future(crowd.go(alone, number, 1)) for number in (1, 2))
    await asyncio.sleep(0)
    first.set()
    await holding  # the place is the second's by now, who doesn't know it yet
    second.cancel()
    await asyncio.gather(second, third, return_exceptions=True)
    assert crowd.went[alone] == 1
    assert not alone._gates


@pytest.mark.postgres
@pytest.mark.parametrize("most", [1, 2, 3, 10])
async def test_nodes_together_let_in_so_many_and_no_more_and_both_have_turns(nodes: list[Places], most: int) -> None:
    crowd, done = Crowd(), asyncio.Event()
    looks = [asyncio.ensure_future(looking(places, done)) for places in nodes]
    await asyncio.gather(*(crowd.go(places, number, most) for places in nodes for number in range(40)))
    done.set()
    await asyncio.gather(*looks)
    assert crowd.most <= most
    assert [crowd.went[places] for places in nodes] == [40, 40]
    for places in nodes:
        await places.tick()
        assert not places._gates  # and all has been given back


@pytest.mark.postgres
async def test_a_node_that_is_gone_leaves_its_places_to_the_other(nodes: list[Places]) -> None:
    crowd, inside = Crowd(), asyncio.Event()
    one, other = nodes

    async def for_ever() -> None:
        async with one.one(WAY, 1, 0):
            inside.set()
            await asyncio.Event().wait()

    holding = asyncio.ensure_future(for_ever())
    await inside.wait()
    waiting = asyncio.ensure_future(crowd.go(other, 1, 1))
    for _ in range(3):
        await other.tick()
    assert not waiting.done()
    one._store.close()
    while not waiting.done():
        await other.tick()
        await asyncio.sleep(0)
    await waiting
    holding.cancel()
    await asyncio.gather(holding, return_exceptions=True)


@pytest.mark.postgres
async def test_who_waits_for_a_mailbox_that_is_another_nodes_by_now_goes_away(nodes: list[Places]) -> None:
    places, crowd, inside = nodes[0], Crowd(), asyncio.Event()

    async def hold() -> None:
        async with places.one(WAY, 1, 0):
            inside.set()
            await asyncio.Event().wait()

    holding = asyncio.ensure_future(hold())
    await inside.wait()
    mine, others = (asyncio.ensure_future(crowd.go(places, number, 1)) for number in (2, 3))
    await asyncio.sleep(0)
    places._share.shards = frozenset({shard(2)})
    places.withdraw()
    with pytest.raises(asyncio.CancelledError):
        await others
    holding.cancel()
    await asyncio.gather(holding, return_exceptions=True)
    while not mine.done():
        await places.tick()
        await asyncio.sleep(0)
    assert crowd.went[places] == 1
