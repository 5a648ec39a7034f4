"""A day of many mailboxes ends with the memory and the descriptors it had after its first quarter."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.daemon.world import MONDAY

from .soak import Look, Quarter, wrong

ROOT = Path(__file__).parents[2]
MIB = 2**20


def day(rss: Sequence[int], descriptors: Sequence[int]) -> list[Quarter]:
    return [
        Quarter(Counter(), [Look(MONDAY, mib * MIB, fewest), Look(MONDAY, mib * MIB, fewest + 9)])
        for mib, fewest in zip(rss, descriptors, strict=True)
    ]


def test_a_small_pool_lives_a_day_and_leaves_nothing_behind() -> None:
    command = [sys.executable, "-m", "tests.crash.soak", "--mailboxes", "24", "--each", "4"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    sent = [int(line.split()[1]) for line in ended.stdout.splitlines()[3:]]
    assert min(sent) > 10
    assert 80 <= sum(sent) <= 24 * 4 * 2  # a part of two local days


@pytest.mark.parametrize(
    ("rss", "descriptors", "found"),
    [
        ((80, 82, 85, 88), (9, 9, 9, 9), []),
        ((80, 99, 99, 80), (9, 12, 12, 8), []),
        ((80, 84, 87, 89), (9, 9, 9, 9), ["memory grew from 80 to 89 MiB"]),
        ((80, 80, 80, 80), (9, 9, 9, 13), ["descriptors grew from 9 to 13"]),
    ],
)
def test_what_grew_is_found(rss: Sequence[int], descriptors: Sequence[int], found: list[str]) -> None:
    assert list(wrong(day(rss, descriptors))) == found
