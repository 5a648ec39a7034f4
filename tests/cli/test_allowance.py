"""`warmup allowance`: what may still be sent today is told to other programs, and what one takes no other gets."""

from __future__ import annotations

import subprocess
from datetime import timedelta
from pathlib import Path

import pytest

from warmup.config import load
from warmup.daemon.clock import SystemClock
from warmup.model import Day
from warmup.plan import local_date
from warmup.store import Store, budgets, days, mailboxes

from .hand import WARMUP, Hand, Servers

ALLOWANCE = 5


@pytest.fixture
def address(pool: Hand, servers: Servers) -> str:
    """Of a mailbox that may send five messages today; tomorrow as well, if a test begins shortly before."""
    with Store.open(load(Path("warmup.toml"), {}).database) as store:
        now, mailbox = SystemClock().now(), store.run(mailboxes.get, servers.addresses[0])
        planned = [
            Day(
                mailbox=mailbox.id,
                local_date=local_date(now + timedelta(days=day), mailbox.zone),
                age=3,
                curve="steady",
                volume=ALLOWANCE,
                allowance=ALLOWANCE,
                planned_at=now,
            )
            for day in range(2)
        ]
        store.run(days.record, planned, [])
    return servers.addresses[0]


def test_what_is_left_is_told_and_what_is_taken_is_gone(pool: Hand, address: str) -> None:
    before = pool.reads("allowance", address)
    assert (before.pop("date"), before.pop("why")) != (None, "")
    assert before == {
        "mailbox": address,
        "allowance": ALLOWANCE,
        "sent": 0,
        "observed": None,
        "reserved": 0,
        "left": ALLOWANCE,
        "planned": 0,
    }
    taken = pool.reads("allowance", address, "--take", "3")
    assert (taken["taken"], taken["reserved"], taken["left"]) == (3, 3, 2)
    assert (pool.reads("allowance", address)["left"], pool.reads("allowance", address)["reserved"]) == (2, 3)
    back = pool.reads("allowance", address, "--give-back", "9")
    assert (back["given_back"], back["left"]) == (3, ALLOWANCE)
    assert "left       5" in pool.does("allowance", address)


def test_less_than_was_asked_for_is_not_taken(pool: Hand, address: str) -> None:
    code, (line,) = pool.errs("allowance", address, "--take", "6", "--json")
    assert code == 1
    today = pool.reads("allowance", address)["date"]
    assert line == f"{address} has 5 left on {today}, not 6; nothing was taken"
    assert pool.reads("allowance", address)["left"] == ALLOWANCE


def test_of_a_day_that_is_not_planned_yet_nothing_can_be_taken(pool: Hand, servers: Servers) -> None:
    other = servers.addresses[1]
    row = pool.reads("allowance", other)
    assert (row["allowance"], row["left"], row["why"]) == (0, 0, "not planned yet")
    code, (line,) = pool.errs("allowance", other, "--take", "1")
    assert code == 1
    assert line.endswith("nothing was taken: the daemon plans the day when it begins")


def test_a_curve_that_was_capped_since_holds_for_others_too(pool: Hand, address: str) -> None:
    file = Path("warmup.toml")
    file.write_text(file.read_text().replace("[ramp]", "[ramp]\ncap = 2"))
    assert pool.reads("allowance", address)["left"] == 2


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--take", "1", "--give-back", "1"), "allowance: one of --take and --give-back"),
        (("--take", "0"), "Invalid value for '--take'"),
    ],
)
def test_wrong_usage_is_told(pool: Hand, address: str, options: tuple[str, ...], says: str) -> None:
    code, (line,) = pool.errs("allowance", address, *options)
    assert code == 2
    assert says in line


def test_of_programs_that_ask_at_once_as_many_get_one_as_there_are(pool: Hand, address: str) -> None:
    command = (*WARMUP, "allowance", address, "--take", "1")
    asked = [subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) for _ in range(8)]
    codes = sorted(program.wait(120) for program in asked)
    assert codes == [0] * ALLOWANCE + [1] * (8 - ALLOWANCE)
    assert pool.reads("allowance", address)["left"] == 0


def test_status_and_explain_tell_what_others_used(pool: Hand, address: str) -> None:
    assert "OTHERS" not in pool.does("status")
    pool.does("allowance", address, "--take", "2")
    today = pool.reads("allowance", address)["date"]
    with Store.open(load(Path("warmup.toml"), {}).database) as store:
        mailbox, now = store.run(mailboxes.get, address), SystemClock().now()
        store.run(budgets.observe, mailbox.id, local_date(now, mailbox.zone), 1, now)
    row = next(row for row in pool.reads("status") if row["mailbox"] == address)
    assert (row["others"], row["observed"], row["reserved"]) == (2, 1, 1)
    assert "OTHERS" in pool.does("status")
    told = pool.reads("explain", address, "--date", today)
    assert (told["observed"], told["reserved"]) == (1, 1)
    said = pool.does("explain", address, "--date", today)
    assert "  other programs used 2 of it: 1 seen in Sent, 1 taken in advance" in said
