"""`python -m tests.bench [--json] [--repeat N]`: what an exchange costs, beside the floor of this machine."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from warmup.sandbox import Account

from . import floor, verbs
from .life import MANNERS, Life, live
from .report import Run, table, values
from .servers import Servers, accounts


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    options.add_argument("--json", action="store_true", help="figures of each run, for programs")
    options.add_argument("--repeat", type=int, default=3, metavar="N", help="how often all of it is done (3)")
    asked = options.parse_args()
    runs = []
    for number in range(1, asked.repeat + 1):
        print(f"run {number} of {asked.repeat} …", file=sys.stderr, flush=True)
        runs.append(run())
    machine = {"python": platform.python_version(), "cpus": os.cpu_count(), "system": platform.platform()}
    if asked.json:
        print(json.dumps({"machine": machine, "runs": values(runs)}, indent=2))
    else:
        print(f"Python {machine['python']}, {machine['cpus']} CPUs, median (least-most) of {len(runs)} runs\n")
        print(table(runs))


def run() -> Run:
    """Both lives, each followed by its verbs and the floor, all on servers of their own."""
    lives: dict[str, Life] = {}
    costs: dict[str, Mapping[str, float]] = {}
    floors: dict[str, floor.Floor] = {}
    for manner in MANNERS:
        with _ground(manner.people) as (people, servers, folder):
            lives[manner.name] = live(folder, manner, people, servers)
        with _ground(manner.at_once) as (people, servers, _):
            costs[manner.name] = verbs.measure(people, servers)
        with _ground(floor.AT_ONCE) as (people, servers, folder):
            floors[manner.name] = floor.measure(folder, people, servers)
    return Run(lives, costs, floors)


@contextmanager
def _ground(size: int) -> Iterator[tuple[list[Account], Servers, Path]]:
    """New servers with `size` accounts, and a folder."""
    people = accounts(size)
    with Servers(people) as servers, tempfile.TemporaryDirectory(prefix="warmup-bench-") as folder:
        yield people, servers, Path(folder)


if __name__ == "__main__":
    main()
