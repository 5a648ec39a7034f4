"""SIGTERM in the middle of a send: the daemon ends in time, and no message is lost or doubled."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.need import wait_until
from warmup.config import load
from warmup.daemon.clock import SystemClock
from warmup.model import Day, Message, Slot
from warmup.plan import local_date
from warmup.store import Store, days, mailboxes, messages

from .conftest import sandbox
from .hand import Hand, Process, Servers
from .relay import Relay

STOP_WITHIN = 1  # seconds, as the configuration of `house` says
MARGIN = 10  # seconds: for a busy machine, to end the process itself
ID = "<in-hand@northpost.test>"

HANG = """
[[fault]]
stage = "dot"
manner = "hang"
times = 1
"""

Start = Callable[..., Process]


class Desk:
    """A pool of six that has one message to send, due now, and nothing else today."""

    def __init__(self, hand: Hand, servers: Servers) -> None:
        self.hand, self.servers = hand, servers
        now = SystemClock().now()
        noon = f"Etc/GMT{now.hour - 12:+d}"  # where it is noon now: no day ends while the test runs
        for row in servers.rows:
            row["zone"] = noon
        lines = [",".join(servers.rows[0]), *(",".join(row.values()) for row in servers.rows)]
        (hand.folder / "pool.csv").write_text("\n".join(lines))
        hand.does("mailbox", "import", "pool.csv")
        self.config = load(Path("warmup.toml"), {})
        with Store.open(self.config.database) as store:
            pool = store.run(mailboxes.every)
            today = local_date(now, noon)
            planned = [
                Day(
                    mailbox=mailbox.id,
                    local_date=today,
                    age=0,
                    curve="steady",
                    volume=1,
                    allowance=1 if mailbox is pool[0] else 0,
                    planned_at=now,
                )
                for mailbox in pool
            ]
            slot = Slot(
                message_id=ID,
                sender=pool[0].id,
                recipient=pool[1].id,
                local_date=today,
                due_at=now,
                thread="in hand",
                scenario=self.config.policy.scenarios["en"][0][0],
                turn=1,
                parent=None,
                answer_wanted=False,
            )
            assert store.run(days.record, planned, [slot]) == len(pool)
        self.sender = pool[0].address

    def message(self) -> Message:
        (message,) = self._begun()
        return message

    def claimed(self) -> bool:
        return bool(self._begun())

    def accepted(self) -> int:
        """How often the servers took it."""
        return sum(entry["message_id"] == ID for entry in self.servers.accepted())

    def patient(self) -> None:
        """The daemon waits for what is in hand for as long as any server takes."""
        file = Path("warmup.toml")
        file.write_text(file.read_text().replace('stop_within = "1s"', 'stop_within = "1h"'))

    def _begun(self) -> list[Message]:
        with Store.open(self.config.database) as store:
            return [kept for kept in store.run(messages.recent, 100) if kept.message_id == ID]


@pytest.fixture
def desk(house: Hand, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Desk]:
    """On servers of its own, with the fault script that a test may give by `parametrize`."""
    faults = tmp_path / "faults.toml"
    faults.write_text(getattr(request, "param", ""))
    with sandbox(tmp_path, "--junk", "0", "--faults", str(faults)) as own:
        yield Desk(house, own)


def stopped(daemon: Process) -> None:
    """SIGTERM, and its end in time."""
    daemon.hears(signal.SIGTERM)
    assert daemon.ends(STOP_WITHIN + MARGIN) == 0
    assert "Traceback" not in daemon.told, daemon.told


def test_what_a_slow_server_is_taking_is_finished_and_recorded(desk: Desk, process: Start) -> None:
    with Relay(desk.servers.rows[0]["smtp"]) as relay:
        desk.hand.does("mailbox", "set", desk.sender, "--smtp", relay.address)
        desk.patient()
        daemon = process("run")
        assert relay.held.wait(20)
        daemon.hears(signal.SIGTERM)
        daemon.says("stopping")
        relay.free.set()
        assert daemon.ends() == 0
    assert "cut_short=0" in daemon.told
    assert (desk.message().state, desk.accepted()) == ("sent", 1)


def test_what_was_taken_without_a_word_is_found_later_and_not_sent_again(desk: Desk, process: Start) -> None:
    with Relay(desk.servers.rows[0]["smtp"]) as relay:
        desk.hand.does("mailbox", "set", desk.sender, "--smtp", relay.address)
        daemon = process("run")
        assert relay.held.wait(20)
        stopped(daemon)
        assert "cut_short=1" in daemon.told
        assert (desk.message().state, desk.accepted()) == ("uncertain", 1)
        again = process("run")
        again.says("settled")
        stopped(again)
    message = desk.message()
    assert (message.sent_at is not None, message.found_at is not None, message.attempts) == (True, True, 1)
    assert desk.accepted() == 1


@pytest.mark.parametrize("desk", [HANG], indirect=True, ids=["hang"])
def test_what_was_never_taken_is_missing_in_the_end_and_not_sent_again(desk: Desk, process: Start) -> None:
    daemon = process("run")
    wait_until(lambda: desk.claimed() and desk.message().data_at, "the message is at its final dot")
    stopped(daemon)
    assert (desk.message().state, desk.accepted()) == ("uncertain", 0)
    after_the_last_look = SystemClock().now() + timedelta(days=3)
    desk.hand.does("run", "--jump", "--until", after_the_last_look.isoformat())
    message = desk.message()
    assert (message.state, message.sent_at, message.attempts) == ("missing", None, 1)
    assert desk.accepted() == 0


def test_what_nothing_has_gone_out_of_is_sent_by_the_next_daemon(desk: Desk, process: Start) -> None:
    desk.servers.process.hears(signal.SIGSTOP)  # the kernel still takes the connection
    daemon = process("run")
    wait_until(desk.claimed, "the message is claimed")
    stopped(daemon)
    desk.servers.process.hears(signal.SIGCONT)
    assert not desk.claimed()
    again = process("run")
    again.says(f"id={ID}")
    stopped(again)
    assert (desk.message().state, desk.accepted()) == ("sent", 1)
