"""What an exchange costs, beside the floor of this machine; on either loop."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from warmup.daemon.loop import Factory, factory
from warmup.sandbox import Account

from . import adapters, bare, floor
from .bare import Bare
from .life import MANNERS, Life, Watched, live, watched
from .replay import Spoken
from .report import Run, table, values
from .servers import Servers, accounts

_LOOPS = ("asyncio", "uvloop")


def measure(*, repeat: int, as_json: bool) -> None:
    """Prints what `repeat` runs on each loop came to."""
    runs: dict[str, list[Run]] = {loop: [] for loop in _LOOPS}
    for number in range(1, repeat + 1):
        for loop in _LOOPS:
            print(f"run {number} of {repeat} on {loop} …", file=sys.stderr, flush=True)
            runs[loop].append(run(factory(loop)))
    if as_json:
        print(json.dumps({loop: values(of) for loop, of in runs.items()}, indent=2))
        return
    print("\n\n".join(f"ON {loop.upper()}\n\n{table(of)}" for loop, of in runs.items()))


def run(loop: Factory) -> Run:
    """Both lives, each followed by one that is watched and by its floors, all on servers of their own; the client's
    side on that loop.
    """
    lives: dict[str, Life] = {}
    told: dict[str, Watched] = {}
    bares: dict[str, Bare] = {}
    spoken: dict[str, Spoken] = {}
    floors: dict[str, floor.Floor] = {}
    for manner in MANNERS:
        with _ground(manner.people) as (people, servers, folder):
            lives[manner.name] = live(folder, manner, people, servers, loop)
        with _ground(manner.people) as (people, servers, folder):
            told[manner.name] = watched(folder, manner, people, servers, loop)
        tape = told[manner.name].tape
        with _ground(manner.people) as (people, servers, folder):
            bares[manner.name] = bare.measure(folder, tape, people, servers, loop)
        with _ground(manner.people) as (people, servers, _):
            spoken[manner.name] = adapters.measure(tape, people, servers, loop)
        with _ground(floor.AT_ONCE) as (people, servers, folder):
            floors[manner.name] = floor.measure(folder, people, servers, loop)
    return Run(lives, told, bares, spoken, floors)


@contextmanager
def _ground(size: int) -> Iterator[tuple[list[Account], Servers, Path]]:
    """New servers with `size` accounts, and a folder."""
    people = accounts(size)
    with Servers(people) as servers, tempfile.TemporaryDirectory(prefix="warmup-bench-") as folder:
        yield people, servers, Path(folder)
