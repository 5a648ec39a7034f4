"""What an exchange costs, beside the floor of this machine: by TLS on either loop, and in the clear.

By TLS is how the daemon speaks to every server that isn't on its own machine, so that is what an exchange costs; in the
clear one sees more of what it does besides.
"""

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

# The client's loop, and whether by TLS.
_WAYS = {"asyncio, TLS": ("asyncio", True), "asyncio, clear": ("asyncio", False), "uvloop, TLS": ("uvloop", True)}


def measure(*, repeat: int, as_json: bool) -> None:
    """Prints what `repeat` runs each way came to."""
    runs: dict[str, list[Run]] = {way: [] for way in _WAYS}
    for number in range(1, repeat + 1):
        for way, (loop, tls) in _WAYS.items():
            print(f"run {number} of {repeat}: {way} …", file=sys.stderr, flush=True)
            runs[way].append(run(factory(loop), tls=tls))
    if as_json:
        print(json.dumps({way: values(of) for way, of in runs.items()}, indent=2))
        return
    print("\n\n".join(f"{way.upper()}\n\n{table(of)}" for way, of in runs.items()))


def run(loop: Factory, *, tls: bool) -> Run:
    """Both lives, each followed by one that is watched and by its floors, all on servers of their own; the client's
    side on that loop.
    """
    lives: dict[str, Life] = {}
    told: dict[str, Watched] = {}
    bares: dict[str, Bare] = {}
    spoken: dict[str, Spoken] = {}
    floors: dict[str, floor.Floor] = {}
    for manner in MANNERS:
        with _ground(manner.people, tls) as (people, servers, folder):
            lives[manner.name] = live(folder, manner, people, servers, loop)
        with _ground(manner.people, tls) as (people, servers, folder):
            told[manner.name] = watched(folder, manner, people, servers, loop)
        tape = told[manner.name].tape
        with _ground(manner.people, tls) as (people, servers, folder):
            bares[manner.name] = bare.measure(folder, tape, people, servers, loop)
        with _ground(manner.people, tls) as (people, servers, _):
            spoken[manner.name] = adapters.measure(tape, people, servers, loop)
        with _ground(floor.AT_ONCE, tls) as (people, servers, folder):
            floors[manner.name] = floor.measure(folder, people, servers, loop)
    return Run(lives, told, bares, spoken, floors)


@contextmanager
def _ground(size: int, tls: bool) -> Iterator[tuple[list[Account], Servers, Path]]:
    """New servers with `size` accounts, and a folder."""
    people = accounts(size)
    with tempfile.TemporaryDirectory(prefix="warmup-bench-") as name:
        folder = Path(name)
        with Servers(people, folder / "authority.pem" if tls else None) as servers:
            yield people, servers, folder
