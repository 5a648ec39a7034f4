"""Several daemons on one PostgreSQL share the pool, and whatever becomes of one of them, nothing is sent twice."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.bench.stub import Stubs
from tests.need import wait_until
from tests.postgres import fresh_database
from warmup.store import messages

from .house import House
from .line import Line

pytestmark = pytest.mark.postgres

SIZE, EACH = 24, 5
SECONDS = 60  # for all of it; a guess for a busy machine

Build = Callable[..., House]


class Server:
    """A submission server that takes a while for each message, and all that it has taken so far."""

    def __init__(self, stubs: Stubs) -> None:
        self.endpoints = stubs.endpoints
        self._stubs = stubs
        self._often: Counter[str] = Counter()
        self._most = 0

    @property
    def often(self) -> Counter[str]:
        """How often each Message-ID came."""
        self._look()
        return self._often

    @property
    def most(self) -> int:
        """How many were connected at once."""
        self._look()
        return self._most

    def _look(self) -> None:
        taken = self._stubs.taken()
        self._often += taken.often
        self._most = max(self._most, taken.most)


@pytest.fixture
def server() -> Iterator[Server]:
    with Stubs(1, 0.2) as stubs:
        yield Server(stubs)


@pytest.fixture
def build(tmp_path: Path, postgres_url: str, server: Server) -> Iterator[Build]:
    """Makes an empty house, whose mailboxes will submit to that server."""
    with ExitStack() as until:

        def house(*, per_host: int = 10, silent: str = "30s") -> House:
            url = fresh_database(postgres_url)
            return until.enter_context(House(tmp_path, url, server.endpoints, per_host=per_host, silent=silent))

        yield house


def all_tried(house: House) -> bool:
    return sum(bool(message.data_at or message.dropped_at) for message in house.messages) == SIZE * EACH


def all_sent(house: House) -> bool:
    return sum(bool(message.sent_at) for message in house.messages) == SIZE * EACH


def each_once(server: Server) -> int:
    """How many arrived, none of them twice."""
    assert not [message_id for message_id, times in server.often.items() if times > 1]
    return len(server.often)


def sharing(house: House) -> list[int]:
    """How many shards each node has, and that one of them leads."""
    nodes = house.nodes
    assert sum(node.leads for node in nodes) <= 1
    return sorted(len(node.shards) for node in nodes)


def test_nodes_share_the_pool_and_a_server_never_sees_more_than_its_limit(build: Build, server: Server) -> None:
    house = build(per_host=3)
    first, second = house.node(), house.node()
    wait_until(lambda: sharing(house) == [32, 32], "each has half of the shards", SECONDS)
    house.settle(SIZE, EACH)
    wait_until(lambda: all_sent(house), "all has been sent", SECONDS)
    assert each_once(server) == SIZE * EACH
    assert 2 <= server.most <= 3
    rows = house.who()
    assert sum(row["mailboxes"] for row in rows) == SIZE
    assert {row["node"] for row in rows} == {message.claimed_by for message in house.messages}
    third = house.node()
    wait_until(lambda: sharing(house) == [20, 22, 22], "each has a third", SECONDS)
    first.hears(signal.SIGTERM)  # who leads
    assert first.ends() == 0
    wait_until(lambda: sharing(house) == [32, 32], "each has half again", SECONDS)
    wait_until(lambda: any(node.leads for node in house.nodes), "another leads", SECONDS)
    for node in (second, third):
        node.hears(signal.SIGTERM)
        assert node.ends() == 0
    assert "Traceback" not in first.told + second.told + third.told
    assert house.who() == []


def test_what_a_killed_node_had_is_done_by_the_others(build: Build, server: Server) -> None:
    house = build()
    one, other = house.node(), house.node()
    wait_until(lambda: sharing(house) == [32, 32], "each has half of the shards", SECONDS)
    house.settle(SIZE, EACH)
    wait_until(lambda: len(server.often) > SIZE, "both are at it", SECONDS)
    other.hears(signal.SIGKILL)
    other.ends()
    wait_until(lambda: sharing(house) == [64], "all is the other's", SECONDS)
    wait_until(lambda: all_tried(house), "all has been tried", SECONDS)
    wait_until(lambda: not house.ask(messages.in_hand), "nothing is in anybody's hand", SECONDS)
    one.hears(signal.SIGTERM)
    assert one.ends() == 0
    in_doubt = [message for message in house.messages if message.uncertain]
    assert each_once(server) >= SIZE * EACH - len(in_doubt)
    assert all(message.visit_at for message in in_doubt)  # to be looked for, and never sent again
    assert not [message for message in house.messages if message.dropped_at]
    assert "Traceback" not in one.told + other.told


@pytest.mark.parametrize("how", ["frozen", "cut off"])
def test_a_node_that_comes_back_after_its_work_was_taken_over_sends_nothing_twice(
    build: Build, server: Server, how: str
) -> None:
    house = build(silent="5s")
    with Line(house.port) as line:
        one, other = house.node(), house.node(through=line.port)
        wait_until(lambda: sharing(house) == [32, 32], "each has half of the shards", SECONDS)
        house.settle(SIZE, EACH)
        wait_until(lambda: len(server.often) > SIZE, "both are at it", SECONDS)
        if how == "frozen":
            other.hears(signal.SIGSTOP)
        else:
            line.cut()
        wait_until(lambda: sharing(house) == [64], "all is the other's", SECONDS)
        if how == "frozen":
            other.hears(signal.SIGCONT)
        else:
            line.mend()
        other.says("stalled")
        wait_until(lambda: sharing(house) == [32, 32], "it has its part again", SECONDS)
        wait_until(lambda: all_tried(house), "all has been tried", SECONDS)
        for node in (one, other):
            node.hears(signal.SIGTERM)
            assert node.ends() == 0
    assert each_once(server) >= SIZE * EACH - sum(message.uncertain for message in house.messages)
    assert "Traceback" not in one.told + other.told
