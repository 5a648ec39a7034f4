"""`warmup demo`: the same seed, the same life."""

from __future__ import annotations

import re

from .hand import Hand


def test_the_demo_tells_a_life_that_its_seed_decides(hand: Hand) -> None:
    said = {}
    for name, seed in (("one", "tea"), ("two", "tea"), ("three", "milk")):
        told = hand.does("demo", "--days", "2", "--seed", seed, "--keep", name)
        said[name] = told.replace(name, "FOLDER")
    assert said["one"] == said["two"]
    assert said["one"] != said["three"]
    assert re.search(r"^Mon 02 Mar: \d+ sent, \d+ answers", said["one"], re.MULTILINE)
    assert "the server said at rcpt: 421 4.7.28" in said["one"]
    assert re.search(r"^6 mailboxes sent \d+ messages; 0 uncertain, 0 missing$", said["one"], re.MULTILINE)


def test_what_the_demo_leaves_can_be_looked_at_with_the_commands_it_names(hand: Hand) -> None:
    said = hand.does("demo", "--days", "1", "--keep", "left")
    commands = [line.split()[1:] for line in said.splitlines() if line.startswith("  warmup ")]
    assert [command[0] for command in commands] == ["status", "report", "explain"]
    for command in commands:
        assert hand.does(*command)
    assert {row["sent"] > 0 for row in hand.reads(*commands[0])} == {True}
