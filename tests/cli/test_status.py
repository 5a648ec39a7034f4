"""`warmup status`: who is where on the curve, what arrived, what is held; once, or again and again."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.daemon.fortune import Fortune
from tests.need import wait_until
from warmup.cli import status
from warmup.model import Placement

from .hand import Hand, Process, Servers, Terminal

Start = Callable[..., Process]


@pytest.fixture
def fortune(hand: Hand, monkeypatch: pytest.MonkeyPatch) -> Fortune:
    """Ann has sent thirty messages today, on her tenth day of a curve whose top is the ninth."""
    fortune = Fortune(hand.folder)
    monkeypatch.setattr(status, "now", lambda: fortune.life.clock.now())
    fortune.arrives(27, Placement.INBOX, fortune.ben)
    fortune.arrives(3, Placement.JUNK, fortune.ben)
    fortune.pass_(timedelta(minutes=1))
    return fortune


def test_a_mailbox_is_told_with_its_day_what_arrived_and_its_health(hand: Hand, fortune: Fortune) -> None:
    ann, ben, _ = hand.reads("status")
    assert (ann["day"], ann["top_day"], ann["at_top"], ann["top_on"]) == (10, 9, True, None)
    assert (ann["sent_today"], ann["allowance"], ann["health"], ann["health_of"]) == (30, 1000, 90, 30)
    assert ann["placement"] == {
        "days": 7,
        "inbox": 27,
        "junk": 3,
        "other": 0,
        "missing": 0,
        "bounced": 0,
        "messages": 30,
        "share": 0.9,
        "low": 0.7438,
        "high": 0.9654,
    }
    assert (ben["day"], ben["at_top"], ben["health"], ben["placement"]["share"]) == (None, False, None, None)
    assert ben["top_on"] == "2026-03-13", "nine working days from a Tuesday"
    heading, first, second, _ = (line.split("\t") for line in hand.does("status").splitlines())
    assert heading == ["MAILBOX", "DAY", "TODAY", "SENT", "REPLIES", "INBOX", "HEALTH", "TOP"]
    assert first == ["ann@north.test", "10/9", "30/1000", "30", "0", "90 % of 30", "90", "reached"]
    assert second == ["ben@east.test", "", "0/?", "0", "0", "", "", "2026-03-13"]


def test_a_terminal_is_told_of_the_pool_in_a_line(pool: Hand, servers: Servers) -> None:
    with Terminal("status") as terminal:
        assert terminal.ends() == 0
    told = " ".join(terminal.told.split())
    line = "6 mailboxes: 0 of 0 sent today; in 7 days none yet in the inbox; none held; no daemon is at work"
    assert told.endswith(line)


@pytest.mark.parametrize("arguments", [(), ("--json",)])
def test_watching_into_a_pipe_says_no_escape_codes_and_a_document_a_line(
    pool: Hand, servers: Servers, process: Start, arguments: tuple[str, ...]
) -> None:
    watching = process("status", "--watch", *arguments)
    rounds = "MAILBOX\t" if not arguments else "\n"
    wait_until(lambda: watching.told.count(rounds) >= 2, "two looks are told")
    assert "\x1b" not in watching.told
    if arguments:
        lines = watching.told.rpartition("\n")[0].splitlines()
        assert [len(json.loads(line)) for line in lines] == [6] * len(lines)
    else:
        assert "\n\nMAILBOX\t" in watching.told
