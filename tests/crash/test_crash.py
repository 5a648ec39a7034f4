"""A daemon killed at every point loses nothing, sends nothing twice and nothing above the allowance; one that would is
found out.

In a process of their own: lives are forks, and where tests run there are threads.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from . import points
from .plants import PLANTS

ROOT = Path(__file__).parents[2]
EACH, ANYWHERE = 2, 6


def siege(*arguments: object) -> tuple[int, list[str]]:
    """Its exit code, and what it says."""
    command = [sys.executable, "-m", "tests.crash", *map(str, arguments)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert "Traceback" not in ended.stderr, ended.stderr
    return ended.returncode, ended.stdout.splitlines()


def test_a_daemon_that_is_killed_at_any_point_keeps_the_laws() -> None:
    code, lines = siege("--each", EACH, "--anywhere", ANYWHERE, "--seed", "short")
    assert code == 0, "\n".join(lines)
    rows = {line[:28].strip(): [int(figure) for figure in line[28:].split()] for line in lines[4:]}
    assert {point: row[0] for point, row in rows.items() if row[0] and point != "in all"} == {
        **dict.fromkeys(points.NAMED, EACH),
        points.ANYWHERE: ANYWHERE,
    }
    kills, accepted, lost, doubled, above, outside, settled, missing = rows["in all"]
    assert (kills, lost, doubled, above, outside) == (EACH * len(points.NAMED) + ANYWHERE, 0, 0, 0, 0)
    assert accepted > 50
    assert settled >= 2 * EACH  # those of which no 250 was read, and those of which it wasn't written down
    assert missing >= 2 * EACH  # those of which nothing, or only a half, had gone out


def test_when_the_power_fails_the_laws_are_kept_though_what_was_not_on_the_disk_is_gone() -> None:
    code, lines = siege("--each", 1, "--anywhere", 12, "--power", "--seed", "dark")
    assert code == 0, "\n".join(lines)
    kills, accepted, lost, doubled, above, outside, settled, _ = map(int, lines[-1][28:].split())
    assert (kills, lost, doubled, above, outside) == (len(points.NAMED) + 12, 0, 0, 0, 0)
    assert accepted > 50
    assert settled > 2, "an acceptance that wasn't on the disk is found out anew"


@pytest.mark.parametrize(
    ("plant", "law", "arguments"),
    [
        ("resend", "DOUBLED", ("--each", 6, "--only", points.ACCEPTED, "--anywhere", 0)),
        ("pretend", "LOST", ("--each", 3, "--only", "before the stamp", "--anywhere", 0)),
        ("forget", "LOST", ("--each", 2, "--only", "after the claim", "--anywhere", 0)),
        ("half", "LOST", ("--each", 1, "--only", "in the middle of a plan", "--anywhere", 0)),
        ("generous", "ABOVE", ("--each", 0, "--anywhere", 4)),
        ("hasty", "DOUBLED", ("--each", 3, "--only", "before the stamp", "--anywhere", 0, "--power")),
    ],
    ids=PLANTS,
)
def test_a_daemon_with_a_planted_fault_is_found_out(plant: str, law: str, arguments: tuple[object, ...]) -> None:
    code, lines = siege("--seed", "planted", "--plant", plant, *arguments)
    assert code == 1, "\n".join(lines)
    assert any(line.startswith(law) for line in lines), "\n".join(lines)
