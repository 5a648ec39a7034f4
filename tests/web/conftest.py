"""A pool with a little history, and its dashboard on a clock that stands still."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path

import pytest

from tests.store.pool import BUSY, HOUR, NOON, Pool
from warmup.config import Config, load
from warmup.model import Cause, Pause, Placement, Scope
from warmup.store import Store, messages, pauses
from warmup.web import Dashboard, token

from .visitor import Visitor


class Noon:
    """It always is."""

    def now(self) -> datetime:
        return NOON


@pytest.fixture(scope="session")
def pattern(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder to be copied, with a configuration and an empty database."""
    folder = tmp_path_factory.mktemp("web")
    (folder / "warmup.toml").write_text('database = "sqlite:///warmup.db"\ncredentials = "credentials"\n')
    Store.open(str(folder / "warmup.db"), create=True).close()
    return folder


@pytest.fixture
def config(pattern: Path, tmp_path: Path) -> Config:
    folder = tmp_path / "house"
    shutil.copytree(pattern, folder)
    return load(folder / "warmup.toml", {})


@pytest.fixture
def pool(config: Config) -> Iterator[Pool]:
    """ann wrote to bob, who has read and is to answer; her lane to two.test is held, and cid is without a day."""
    with Store.open(config.database) as store:
        pool = Pool(store)
        pool.plan(pool.bob, 5)
        asked = pool.sent(pool.ann, pool.bob, NOON - 2 * HOUR, wanted=True)
        seen = {"found_at": NOON - HOUR, "placement": Placement.JUNK, "folder": "Junk", "opened_at": NOON - HOUR}
        store.run(messages.stamp, asked.id, **seen)  # type: ignore[arg-type]
        pool.planned(pool.bob, pool.ann, NOON + HOUR, answers=asked)
        lane = Pause(
            scope=Scope.LANE,
            mailbox=pool.ann.id,
            provider="two.test",
            cause=Cause.VERDICT,
            since=NOON - HOUR,
            until=NOON + HOUR,
            rule="busy",
            response=BUSY,
        )
        store.run(pauses.open_, lane)
        yield pool


@pytest.fixture
def key(config: Config) -> str:
    """The token."""
    token.renew(config.web.token)
    found = token.read(config.web.token)
    assert found
    return found


Opens = Callable[..., Dashboard]


@pytest.fixture
def opens(config: Config, pool: Pool) -> Iterator[Opens]:
    """Starts the dashboard of a configuration; it ends with the test."""
    with ExitStack() as until:

        def start(config: Config = config) -> Dashboard:
            return until.enter_context(Dashboard(config, ("127.0.0.1", 0), Noon()))

        yield start


@pytest.fixture
def visitor(opens: Opens, key: str) -> Visitor:
    """Somebody on this machine who hasn't shown the token that there is."""
    return Visitor(opens())


@pytest.fixture
def owner(visitor: Visitor, key: str) -> Visitor:
    """Somebody who has."""
    assert visitor.signs_in(key).status == 303
    return visitor


@pytest.fixture
def program(opens: Opens, key: str) -> Visitor:
    """One that shows the token with every request."""
    return Visitor(opens(), Authorization=f"Bearer {key}")
