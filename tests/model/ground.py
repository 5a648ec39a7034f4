"""The ground on which all houses of a process stand: a configuration, and a store whose process can be killed.

Owns: both, and the folder they are in. Does not own: what happens to them (`tests.model.house`).
"""

from __future__ import annotations

import atexit
import shutil
import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Concatenate, ParamSpec, Self, TypeVar

from warmup.config import Config, load
from warmup.errors import StoreError
from warmup.store import Connection, Store

P = ParamSpec("P")
T = TypeVar("T")

KILLED = "killed"

_SETTINGS = """
[curves.gentle]
kind = "linear"
start = 1
step = 2
ceiling = 5
[curves.doubling]
kind = "exponential"
start = 1
factor = 2
ceiling = 8
[curves.even]
kind = "steps"
table = [[1, 2]]
[hours]
days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
from = "08:00"
to = "19:00"
[replies]
rate = 0.6
[mail]
flagged = 0.0
"""
_HANG = 0.3  # seconds until a server that hangs in the middle of a message is given up
_SCRATCH = Path("/dev/shm")  # memory, where there is such a place


class Mortal(Store):
    """A store whose process may be killed between two words with it: from then on it hears nothing any more.

    All houses of a process have the same one, which forgets: an engine's first use is most of what a life would cost.
    """

    words: int | None = None  # heard until then
    committed = False  # whether the last of them is
    file: Path
    blank: sqlite3.Connection  # to a copy of the file, as it is without a mailbox

    @classmethod
    def made(cls, file: Path) -> Self:
        store = cls.open(str(file), create=True, seed="house")
        store._engine.dispose()
        store.file, store.blank = file, sqlite3.connect(":memory:", check_same_thread=False)
        with closing(sqlite3.connect(file)) as fresh:
            fresh.backup(store.blank)
        return store

    def forget(self) -> None:
        """All that it knows."""
        with closing(sqlite3.connect(self.file)) as db:  # the store's own connections stay open, and see it
            self.blank.backup(db)

    async def do(self, work: Callable[Concatenate[Connection, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        if self.words is None:
            return await super().do(work, *args, **kwargs)
        if self.words > 0:
            self.words -= 1
            if self.words > 0:
                return await super().do(work, *args, **kwargs)
            if self.committed:
                await super().do(work, *args, **kwargs)
        raise StoreError(KILLED)


@cache
def usual() -> Config:
    """The configuration all houses begin with, and its templates, which are compiled once."""
    with tempfile.TemporaryDirectory() as aside:
        file = Path(aside) / "warmup.toml"
        file.write_text('[ramp]\ncurve = "gentle"\njitter = 0.3\n' + _SETTINGS)
        config = load(file, {})
    config.corpus.check()
    submission = replace(config.submission, connect=2.0, command=2.0, data=_HANG, dot=_HANG)
    reading = replace(config.reading, connect=2.0, command=2.0)
    # Who is killed leaves nothing to wait for.
    service = replace(config.service, stop_within=timedelta())
    return replace(config, submission=submission, reading=reading, service=service, credentials=folder() / "keys")


@cache
def folder() -> Path:
    """Where the houses of this process are."""
    made = tempfile.mkdtemp(prefix="warmup-model-", dir=_SCRATCH if _SCRATCH.is_dir() else None)
    atexit.register(shutil.rmtree, made)
    return Path(made)


@cache
def store() -> Mortal:
    made = Mortal.made(folder() / "warmup.db")
    atexit.register(made.close)  # before its folder is removed
    return made


def changed(
    config: Config,
    *,
    curve: str | None = None,
    cap: int | None = None,
    late: timedelta | None = None,
    days: frozenset[int] | None = None,
    rate: float | None = None,
) -> Config:
    """The configuration with other settings; None leaves what was, but a cap."""
    policy = config.policy
    hours = policy.hours if days is None else replace(policy.hours, days=days)
    return replace(
        config,
        curve=curve or config.curve,
        ramps={name: replace(ramp, cap=cap) for name, ramp in config.ramps.items()},
        policy=replace(policy, hours=hours, rate=policy.rate if rate is None else rate),
        submission=config.submission if late is None else replace(config.submission, late=late),
    )
