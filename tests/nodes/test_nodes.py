"""Several daemons on one PostgreSQL share the pool, and whatever becomes of one of them, nothing is sent twice."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.need import wait_until
from tests.postgres import fresh_database
from warmup.model import Endpoint, Security

from .house import House
from .waiting import Waiting

pytestmark = pytest.mark.postgres

SIZE, EACH = 24, 5
SECONDS = 60  # for all of it; a guess for a busy machine

Build = Callable[..., House]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Waiting]:
    with Waiting(0.2, tmp_path / "ledger") as server:
        yield server


@pytest.fixture
def build(tmp_path: Path, postgres_url: str, server: Waiting) -> Iterator[Build]:
    """Makes a house of two dozen mailboxes at one host, unless told otherwise."""
    made: list[House] = []

    def house(**more: object) -> House:
        at = [Endpoint("127.0.0.1", server.port, Security.PLAIN)]
        made.append(House(tmp_path, fresh_database(postgres_url), at, **more))  # type: ignore[arg-type]
        made[-1].settle(SIZE, EACH)
        return made[-1]

    yield house
    for one in made:
        one.__exit__(None, None, None)


def all_tried(house: House) -> bool:
    return sum(bool(message.data_at or message.dropped_at) for message in house.messages) == SIZE * EACH


def all_sent(house: House) -> bool:
    return sum(bool(message.sent_at) for message in house.messages) == SIZE * EACH


def each_once(server: Waiting) -> int:
    """How many arrived, none of them twice."""
    arrived = Counter(entry["message_id"] for entry in server.accepted)
    assert not [message_id for message_id, times in arrived.items() if times > 1]
    return len(arrived)


def test_two_nodes_share_the_pool_and_a_server_never_sees_more_than_its_limit(build: Build, server: Waiting) -> None:
    house = build(per_host=3)
    one, other = house.node(), house.node()
    other.says('shards="32 of 64"')
    wait_until(lambda: all_sent(house), "all has been sent", SECONDS)
    assert each_once(server) == SIZE * EACH
    assert 2 <= server.at_once["127.0.0.1"] <= 3
    senders = {message.claimed_by for message in house.messages}
    assert len(senders) == 2
    for node in (one, other):
        node.hears(signal.SIGTERM)
        assert node.ends() == 0
        assert "Traceback" not in node.told


def test_what_a_killed_node_had_is_done_by_the_others(build: Build, server: Waiting) -> None:
    house = build()
    one, other = house.node(), house.node()
    other.says('shards="32 of 64"')
    wait_until(lambda: len(server.accepted) > SIZE, "both are at it", SECONDS)
    other.hears(signal.SIGKILL)
    other.ends()
    wait_until(lambda: 'shards="64 of 64" nodes=1' in one.told.rpartition("nodes=2")[2], "all is the first's", SECONDS)
    wait_until(lambda: all_tried(house), "all has been tried", SECONDS)
    one.hears(signal.SIGTERM)
    assert one.ends() == 0
    arrived = each_once(server)
    in_doubt = [message for message in house.messages if message.uncertain]
    assert arrived >= SIZE * EACH - len(in_doubt)
    assert all(message.visit_at for message in in_doubt)  # to be looked for, and never sent again
    assert not [message for message in house.messages if message.dropped_at]
    assert "Traceback" not in one.told + other.told


@pytest.mark.parametrize("how", ["frozen", "cut off"])
def test_a_node_that_comes_back_after_its_work_was_taken_over_sends_nothing_twice(
    build: Build, server: Waiting, how: str
) -> None:
    house = build(silent="5s")
    one, other = house.node(), house.node()
    other.says('shards="32 of 64"')
    wait_until(lambda: len(server.accepted) > SIZE, "both are at it", SECONDS)
    other.hears(signal.SIGSTOP)
    wait_until(lambda: 'shards="64 of 64" nodes=1' in one.told.rpartition("nodes=2")[2], "all is the first's", SECONDS)
    other.hears(signal.SIGCONT)
    other.says("stalled")
    other.says("resumed")
    wait_until(lambda: all_tried(house), "all has been tried", SECONDS)
    for node in (one, other):
        node.hears(signal.SIGTERM)
        assert node.ends() == 0
    assert each_once(server) >= SIZE * EACH - sum(message.uncertain for message in house.messages)
    assert "Traceback" not in one.told + other.told
