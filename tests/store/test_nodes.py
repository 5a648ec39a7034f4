"""Who has what of a pool is a lock of a session: nobody has what another has, and who is gone has nothing."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from threading import Barrier
from typing import Any

import psycopg
import pytest
from sqlalchemy import Connection, literal, select, text

from tests.need import wait_until
from tests.postgres import fresh_database
from warmup.errors import StoreDown, StoreTaken, UsageError
from warmup.model import Cause, Pause, Scope
from warmup.store import SHARDS, Store, messages, nodes, pauses, shard, spread
from warmup.store.shards import shard_of

from .pool import NOON, Pool

pytestmark = pytest.mark.postgres

SILENT = timedelta(seconds=30)
WAY = ("connections", "smtp.x.test")


@pytest.fixture
def url(postgres_url: str) -> str:
    return fresh_database(postgres_url)


@pytest.fixture
def one(url: str) -> Iterator[Store]:
    with Store.open(url, create=True) as store:
        store.join("one", SILENT)
        yield store


@pytest.fixture
def other(url: str, one: Store) -> Iterator[Store]:
    with Store.open(url) as store:
        store.join("other", SILENT)
        yield store


def at_work(store: Store) -> list[str]:
    return [node.name for node in store.nodes()]


async def test_nodes_take_what_is_free_and_nothing_else(one: Store, other: Store) -> None:
    assert await one.do(nodes.count) == 2
    first = await one.do(nodes.take_shards, 40)
    assert len(first) == 40
    assert await one.do(nodes.take_shards, 40) == first  # asked twice it is the same
    second = await other.do(nodes.take_shards, 40)
    assert second == frozenset(range(SHARDS)) - first
    await one.do(nodes.give_shards, sorted(first)[:8])
    await one.do(nodes.give_shards, sorted(second)[:8])  # which it doesn't have
    assert await one.do(nodes.shards) == frozenset(sorted(first)[8:])
    assert len(await other.do(nodes.take_shards, 32)) == 32


async def test_one_leads_until_it_is_gone(one: Store, other: Store) -> None:
    assert await one.do(nodes.lead)
    assert await one.do(nodes.lead)
    assert not await other.do(nodes.lead)
    one.close()
    assert await other.do(nodes.lead)
    assert await other.do(nodes.count) == 1


async def test_places_are_counted_over_all_nodes_and_each_way_for_itself(one: Store, other: Store) -> None:
    assert len(await one.do(nodes.take_places, WAY, 3, 2)) == 2
    assert len(await one.do(nodes.take_places, WAY, 3, 1)) == 2  # it gives none back by that
    assert len(await other.do(nodes.take_places, WAY, 3, 3)) == 1
    assert await one.do(nodes.places_taken, [WAY]) == {WAY: 3}
    assert len(await other.do(nodes.take_places, ("connections", "elsewhere.test"), 3, 3)) == 3
    await one.do(nodes.take_shards, 5)
    await one.do(nodes.lead)
    await one.do(nodes.give_all_places)
    assert await one.do(nodes.places_taken, [WAY, ("nobody", "goes")]) == {WAY: 1, ("nobody", "goes"): 0}
    assert len(await one.do(nodes.shards)) == 5  # which aren't places
    assert not await other.do(nodes.lead)


async def test_who_does_what_is_seen_from_outside(one: Store, other: Store, url: str) -> None:
    mine = await one.do(nodes.take_shards, 10)
    await other.do(nodes.lead)
    with Store.open(url) as watching:
        first, second = watching.nodes()
    assert (first.name, first.shards, first.leads, first.alone) == ("one", mine, False, False)
    assert (second.name, second.shards, second.leads) == ("other", frozenset(), True)
    assert first.address == "127.0.0.1"
    assert first.since is not None


async def test_a_node_whose_session_is_ended_has_nothing_any_more_and_can_write_nothing(
    one: Store, other: Store, url: str
) -> None:
    await one.do(nodes.take_shards, SHARDS)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name ~ 'one'"
        )
    assert len(await other.do(nodes.take_shards, SHARDS)) == SHARDS
    for _ in range(2):
        with pytest.raises(StoreDown):
            await one.do(messages.release)
    one.join("one", SILENT)
    assert await one.do(nodes.shards) == frozenset()


async def test_a_node_that_says_nothing_is_thrown_out(url: str, one: Store) -> None:
    with Store.open(url) as store:
        store.join("silent", timedelta(milliseconds=200))
        wait_until(lambda: at_work(one) == ["one"], "the other one is thrown out")
        with pytest.raises(StoreDown):
            await store.do(messages.release)


async def test_a_node_that_says_nothing_in_the_middle_of_a_transaction_is_thrown_out_too(url: str, one: Store) -> None:
    def dawdle(db: Connection) -> None:
        db.execute(text("SELECT 1"))
        wait_until(lambda: at_work(one) == ["one"], "the other one is thrown out")
        db.execute(text("SELECT 1"))

    with Store.open(url) as store:
        store.join("silent", timedelta(milliseconds=200))
        with pytest.raises(StoreDown):
            await store.do(dawdle)


async def test_who_thinks_about_the_whole_pool_is_not_silent(url: str, one: Store) -> None:
    def think(db: Connection) -> Any:
        nodes.at_length(db)
        return db.scalar(text("SHOW idle_in_transaction_session_timeout"))

    assert await one.do(think) == "10min"
    assert await one.do(lambda db: db.scalar(text("SHOW idle_in_transaction_session_timeout"))) == "30s"


def test_nodes_and_a_daemon_alone_keep_each_other_away(one: Store, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("warmup.store.lock._PATIENCE", "10ms")
    with Store.open(url) as store, pytest.raises(StoreTaken, match="at work"):
        store.lock()
    one.close()
    with Store.open(url) as alone, Store.open(url) as late:
        alone.lock("alone")
        with pytest.raises(StoreTaken, match="at work"):
            late.join("late", SILENT)
        (node,) = late.nodes()
        assert (node.name, node.alone, node.leads, len(node.shards)) == ("alone", True, True, SHARDS)


def test_a_file_is_for_one_daemon(tmp_path: Path) -> None:
    with Store.open(f"{tmp_path}/w.db", create=True) as store:
        with pytest.raises(UsageError, match="PostgreSQL"):
            store.join("one", SILENT)
        assert store.nodes() == []
        store.lock()
        (node,) = store.nodes()
        assert node.alone
        assert node.name.startswith("process ")


def test_claims_of_a_share_are_released_and_those_of_others_are_not(one: Store) -> None:
    pool = Pool(one)
    pool.plan(pool.bob, 3)
    for sender, recipient in ((pool.ann, pool.bob), (pool.bob, pool.ann)):
        pool.planned(sender, recipient)
        assert pool.claim(sender)
    assert one.run(messages.senders_due, NOON, frozenset({shard(pool.ann.id)})) == []
    assert one.run(messages.release, shards=frozenset({shard(pool.ann.id)})) == 1
    assert one.run(messages.senders_due, NOON, frozenset({shard(pool.ann.id)})) == [pool.ann.id]
    assert one.run(messages.senders_due, NOON, frozenset({shard(pool.bob.id)})) == []
    assert one.run(messages.release, shards=frozenset()) == 0


def in_sql(db: Connection, number: int) -> Any:
    return db.scalar(select(shard_of(literal(number))))


def test_a_mailbox_is_in_the_same_shard_for_a_program_and_for_its_database(postgres_url: str, tmp_path: Path) -> None:
    numbers = [*range(300), 10**6, 2**31 - 1]
    for place in (fresh_database(postgres_url), str(tmp_path / "w.db")):
        with Store.open(place, create=True) as store:
            for number in numbers:
                assert store.run(in_sql, number) == shard(number)


@pytest.mark.parametrize("step", [1, 2, 3, 5, 8, 64])
def test_mailboxes_that_were_registered_by_turns_are_spread_over_the_shards(step: int) -> None:
    counts = Counter(spread(shard(number)) < SHARDS // 2 for number in range(1, 300 * step, step))
    assert 0.4 < counts[True] / counts.total() < 0.6


def test_neighbours_are_far_apart_in_the_order_in_which_shards_are_given() -> None:
    order = sorted(range(SHARDS), key=spread)
    assert sorted(order) == list(range(SHARDS))
    assert {number % 2 for number in order[: SHARDS // 2]} == {0}
    assert {number % 4 for number in order[: SHARDS // 4]} == {0}


async def test_two_nodes_that_meet_the_same_trouble_at_once_open_one_pause(one: Store, other: Store) -> None:
    pause = Pause(scope=Scope.HOST, mailbox=None, host="x.test", cause=Cause.VERDICT, since=NOON, rule="r")
    order: list[str] = []

    def first(db: Connection) -> None:
        pauses.alone(db, pause)
        begun.wait()
        order.append("first")
        pauses.open_(db, pause)

    def second(db: Connection) -> Pause | None:
        begun.wait()
        pauses.alone(db, pause)
        order.append("second")
        return pauses.last(db, pause)

    begun = Barrier(2)
    _, seen = await asyncio.gather(one.do(first), other.do(second))
    assert seen is not None
    assert seen.host == "x.test"
    assert order == ["first", "second"]


async def test_of_two_nodes_that_wait_for_each_other_both_get_through(one: Store, other: Store) -> None:
    pool = Pool(one)
    met = Barrier(2)
    tries: list[str] = []

    def rename(db: Connection, name: str, *numbers: int) -> None:
        tries.append(name)
        for place, number in enumerate(numbers):
            db.execute(text("UPDATE mailbox SET name = :name WHERE id = :number"), {"name": name, "number": number})
            if place == 0 and tries.count(name) == 1:
                met.wait()

    ann, bob = pool.ann.id, pool.bob.id
    await asyncio.gather(one.do(rename, "one", ann, bob), other.do(rename, "other", bob, ann))
    named = one.run(lambda db: set(db.scalars(text("SELECT name FROM mailbox WHERE name IN ('one', 'other')"))))
    assert len(named) == 1  # whoever was last named both
    # Whoever gave way began anew, and gave way once more if it was quick and the other hadn't yet woken.
    assert len(tries) > 2
