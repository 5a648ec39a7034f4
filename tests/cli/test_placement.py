"""`warmup placement`: where mail arrived is told with what stands behind it, and a round can be tried now."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from tests.daemon.fortune import Fortune
from warmup.cli import placement
from warmup.model import Placement

from .conftest import sandbox
from .hand import Hand, Process, Servers

Start = Callable[..., Process]


@pytest.fixture
def fortune(hand: Hand, monkeypatch: pytest.MonkeyPatch) -> Fortune:
    """In the folder of the hand, at its own time."""
    fortune = Fortune(hand.folder)
    monkeypatch.setattr(placement, "now", lambda: fortune.life.clock.now())
    fortune.arrives(12, Placement.JUNK, fortune.ben)
    fortune.pass_(timedelta(days=10))
    fortune.arrives(9, Placement.INBOX, fortune.ben)
    fortune.arrives(1, None, fortune.ben)
    fortune.arrives(3, Placement.OTHER, fortune.cleo)
    fortune.pass_(timedelta(minutes=1))
    return fortune


def test_each_provider_is_told_over_a_week_and_four(hand: Hand, fortune: Fortune) -> None:
    east, south = hand.reads("placement")
    assert (east["to"], south["to"]) == ("east.test", "south.test")
    week, month = east["periods"]
    assert week == {
        "days": 7,
        "inbox": 9,
        "junk": 0,
        "other": 0,
        "missing": 1,
        "bounced": 0,
        "messages": 10,
        "share": 0.9,
        "low": 0.5958,
        "high": 0.9821,
    }
    assert (month["messages"], month["junk"], month["share"]) == (22, 12, 0.4091)
    assert hand.reads("placement", fortune.ann.address) == [east, south]
    assert hand.reads("placement", fortune.ben.address) == []
    lines = hand.does("placement").splitlines()
    assert lines[0].split("\t") == ["TO", "7 DAYS", "28 DAYS", "JUNK", "OTHER", "MISSING", "BOUNCED"]
    assert lines[1].split("\t")[1:3] == ["90 % of 10 (60-98 %)", "41 % of 22 (23-61 %)"]
    (one,) = hand.reads("placement", "--days", "1", fortune.ann.address)[0]["periods"]
    assert (one["days"], one["messages"]) == (1, 10)


def test_each_mailbox_is_told_with_its_health(hand: Hand, fortune: Fortune) -> None:
    rows = {row["mailbox"]: row for row in hand.reads("placement", "--each")}
    ann, ben = rows[fortune.ann.address], rows[fortune.ben.address]
    assert (ann["health"], ann["health_of"]) == (42, 25)  # (9 + 3 / 2) of 25
    assert (ben["health"], ben["health_of"]) == (None, 0)
    assert ben["days_28"] == "none yet"


def test_a_round_is_sent_and_found_by_the_daemon(pool: Hand, process: Start, servers: Servers) -> None:
    with (pool.folder / "warmup.toml").open("a") as settings:
        settings.write(
            "\n[mail]\ncount_sent = false\n"
        )  # what other tests sent by these servers is no business of this one
    process("run").says(f"planned mailbox={servers.addresses[-1]}")
    before = pool.reads("allowance", servers.addresses[0])
    result = pool.types("placement", servers.addresses[0], "--test", "--json")
    rows = json.loads(result.stdout)
    after = pool.reads("allowance", servers.addresses[0])
    tried = min(3, before["left"])
    assert len(rows) == tried
    lies = {entry["message_id"]: entry["folder"].lower() for entry in servers.accepted()}
    # What was planned for this very minute goes first, and the day's last place with it.
    results = [lies.get(row["message_id"], "dropped") for row in rows]
    assert [row["result"] for row in rows] == results, result.output
    assert result.exit_code == (0 if set(results) == {"inbox"} else 3)
    assert f"from {servers.addresses[0]}: {tried} sent for" in result.stderr
    assert after["sent"] == before["sent"] + tried, (result.output, before, after)


def test_what_is_not_in_the_inbox_shows_in_the_exit_code(
    tmp_path: Path, hand: Hand, pattern: Path, process: Start
) -> None:
    with sandbox(tmp_path, "--junk", "1") as junk:
        (hand.folder / "warmup.toml").write_text((pattern / "house" / "warmup.toml").read_text())
        hand.does("mailbox", "import", str(junk.csv))
        process("run").says(f"planned mailbox={junk.addresses[-1]}")
        result = hand.types("placement", "--test")
        assert result.exit_code == 3, result.output
        assert {line.split("\t")[2] for line in result.stdout.splitlines()[1:]} == {"junk"}


def test_no_more_is_tried_than_the_day_allows(pool: Hand, process: Start, servers: Servers) -> None:
    process("run").says(f"planned mailbox={servers.addresses[-1]}")
    left = pool.reads("allowance", servers.addresses[0])["left"]
    pool.does("allowance", servers.addresses[0], "--take", str(left))
    code, lines = pool.errs("placement", servers.addresses[0], "--test")
    assert (code, lines) == (1, [f"{servers.addresses[0]} may send nothing more today (its allowance is used)"])


def test_without_a_daemon_a_test_says_so(pool: Hand, servers: Servers) -> None:
    code, lines = pool.errs("placement", "--test")
    assert (code, lines) == (1, ["no daemon is at work on this database to send a test; `warmup run` starts one"])


@pytest.mark.parametrize("wrong", [("--test", "--each"), ("--test", "--days", "3"), ("a@b.test", "--each")])
def test_what_makes_no_sense_together_is_refused(house: Hand, wrong: tuple[str, ...]) -> None:
    assert house.errs("placement", *wrong)[0] == 2


def test_a_pool_without_mail_has_nothing_to_show(house: Hand) -> None:
    assert house.reads("placement") == []
    assert house.types("placement").stderr == "no message has been looked for yet\n"
