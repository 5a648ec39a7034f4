"""What an exchange costs, beside the floor of this machine."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from warmup.sandbox import Account

from . import adapters, bare, floor
from .bare import Bare
from .life import MANNERS, Life, Watched, live, watched
from .replay import Spoken
from .report import Run, table, values
from .servers import Servers, accounts


def measure(*, repeat: int, as_json: bool) -> None:
    """Prints what `repeat` runs came to."""
    runs = []
    for number in range(1, repeat + 1):
        print(f"run {number} of {repeat} …", file=sys.stderr, flush=True)
        runs.append(run())
    print(json.dumps(values(runs), indent=2) if as_json else table(runs))


def run() -> Run:
    """Both lives, each followed by one that is watched and by its floors, all on servers of their own."""
    lives: dict[str, Life] = {}
    told: dict[str, Watched] = {}
    bares: dict[str, Bare] = {}
    spoken: dict[str, Spoken] = {}
    floors: dict[str, floor.Floor] = {}
    for manner in MANNERS:
        with _ground(manner.people) as (people, servers, folder):
            lives[manner.name] = live(folder, manner, people, servers)
        with _ground(manner.people) as (people, servers, folder):
            told[manner.name] = watched(folder, manner, people, servers)
        tape = told[manner.name].tape
        with _ground(manner.people) as (people, servers, folder):
            bares[manner.name] = bare.measure(folder, tape, people, servers)
        with _ground(manner.people) as (people, servers, _):
            spoken[manner.name] = adapters.measure(tape, people, servers)
        with _ground(floor.AT_ONCE) as (people, servers, folder):
            floors[manner.name] = floor.measure(folder, people, servers)
    return Run(lives, told, bares, spoken, floors)


@contextmanager
def _ground(size: int) -> Iterator[tuple[list[Account], Servers, Path]]:
    """New servers with `size` accounts, and a folder."""
    people = accounts(size)
    with Servers(people) as servers, tempfile.TemporaryDirectory(prefix="warmup-bench-") as folder:
        yield people, servers, Path(folder)
