"""Two daemons on one database: one works, the other stands by and goes on when the first is gone, however it went."""

from __future__ import annotations

import csv
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.need import wait_until
from tests.postgres import fresh_database
from warmup.config import load
from warmup.daemon.clock import SystemClock
from warmup.model import Day, Message, Slot
from warmup.plan import local_date
from warmup.store import Store, days, mailboxes, messages

from .conftest import SETTINGS, sandbox
from .hand import Hand, Process, Servers

COUNT = 12  # messages of each sender, all due at once
SECONDS = 20  # within which the other goes on; a guess for a busy machine, it is less than one

Start = Callable[..., Process]


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return "sqlite:///warmup.db"
    return fresh_database(request.getfixturevalue("postgres_url"))


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[Servers]:
    with sandbox(tmp_path, "--junk", "0") as own:
        yield own


@pytest.fixture
def pool(hand: Hand, servers: Servers, database: str) -> Callable[[], list[Message]]:
    """Two of six mailboxes have a dozen messages each to send, due now. Gives all messages as they are by then."""
    Path("warmup.toml").write_text(SETTINGS.replace("sqlite:///warmup.db", database))
    now = SystemClock().now()
    noon = f"Etc/GMT{now.hour - 12:+d}"  # where it is noon now: no day ends while the test runs
    with Path("pool.csv").open("w", newline="") as file:
        rows = csv.DictWriter(file, servers.rows[0])
        rows.writeheader()
        rows.writerows(row | {"zone": noon} for row in servers.rows)
    hand.does("init")
    hand.does("mailbox", "import", "pool.csv")
    config = load(Path("warmup.toml"), {})
    today = local_date(now, noon)

    def slot(number: int, sender: int, recipient: int) -> Slot:
        return Slot(
            message_id=f"<{sender}.{number:02d}@order.test>",
            sender=sender,
            recipient=recipient,
            local_date=today,
            due_at=now + timedelta(microseconds=number),
            thread=f"{sender} {number}",
            scenario=config.policy.scenarios["en"][0][0],
            turn=1,
            parent=None,
            answer_wanted=False,
        )

    with Store.open(config.database) as store:
        people = [mailbox.id for mailbox in store.run(mailboxes.every)]
        senders = people[:2]
        planned = [
            Day(
                mailbox=number,
                local_date=today,
                age=0,
                curve="steady",
                volume=COUNT,
                allowance=COUNT if number in senders else 0,
                planned_at=now,
            )
            for number in people
        ]
        slots = [slot(n, sender, people[2 + n % 4]) for sender in senders for n in range(COUNT)]
        assert store.run(days.record, planned, slots) == len(people)

    def begun() -> list[Message]:
        with Store.open(config.database) as store:
            return store.run(messages.recent, 100)

    return begun


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
def test_a_standby_goes_on_with_the_work_of_one_that_is_gone(
    pool: Callable[[], list[Message]], servers: Servers, process: Start, end: signal.Signals
) -> None:
    first = process("run")
    first.says("started")
    second = process("run", "--standby")
    second.says("standing-by")
    wait_until(lambda: len(servers.accepted()) >= 3, "some have been sent")
    first.hears(end)
    first.ends()
    wait_until(lambda: "started" in second.told, "the standby goes on", SECONDS)
    wait_until(lambda: sum(bool(m.data_at or m.dropped_at) for m in pool()) == 2 * COUNT, "all has been tried", 60)
    second.hears(signal.SIGTERM)
    assert second.ends() == 0
    accepted = servers.accepted()
    assert max(Counter(entry["message_id"] for entry in accepted).values()) == 1
    for sender in {entry["sender"] for entry in accepted}:
        order = [entry["message_id"] for entry in accepted if entry["sender"] == sender]
        assert order == sorted(order)
    known = {message.message_id: message for message in pool()}
    assert all(known[entry["message_id"]].data_at for entry in accepted)
    assert len(accepted) >= 2 * COUNT - 2  # each sender may have had one in hand, which is never sent again
    assert "Traceback" not in first.told + second.told


def test_without_being_asked_to_stand_by_a_second_daemon_is_refused(
    pool: Callable[[], list[Message]], process: Start
) -> None:
    first = process("run")
    first.says("started")
    second = process("run")
    assert second.ends() == 74
    assert "is at work on this database; stop it first" in second.told
    first.hears(signal.SIGTERM)
    assert first.ends() == 0
