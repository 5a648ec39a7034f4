"""One set of tests, two databases: whoever asks for `databases` or `store` runs on SQLite and on PostgreSQL."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Protocol

import psycopg
import pytest
from sqlalchemy import Engine

from tests.postgres import fresh_database
from warmup.store import Store
from warmup.store.engine import engine_for, locate

from .pool import Pool


class Databases(Protocol):
    """Databases of one kind, by what `Store.open` takes."""

    def empty(self) -> str:
        """One without anything in it; SQLite's isn't there yet."""

    def filled(self) -> str:
        """One with our tables, that a test may spoil."""

    def lent(self) -> str:
        """One with our tables and nothing in them, that a test leaves to the next."""


class Files:
    def __init__(self, directory: Path, pattern: Path) -> None:
        self._paths = (directory / f"{number}.db" for number in count(1))
        self._pattern = pattern

    def empty(self) -> str:
        return str(next(self._paths))

    def filled(self) -> str:
        return str(shutil.copy(self._pattern, self.empty()))

    lent = filled


class Server:
    def __init__(self, url: str) -> None:
        self._url = url
        self._lent = ""

    def empty(self) -> str:
        return fresh_database(self._url)

    def filled(self) -> str:
        return _filled(self.empty())

    def lent(self) -> str:
        self._lent = self._lent or self.filled()
        with psycopg.connect(self._lent) as connection:
            connection.execute("TRUNCATE mailbox, relay, day, budget, message, pause, finding")
        return self._lent


def _filled(url: str) -> str:
    Store.open(url, create=True).close()
    return url


def connecting(url: str) -> Engine:
    """An engine for a database that may have to be made: SQLite's file, since connecting doesn't."""
    place = locate(url)
    if place.path is not None:
        place.path.touch()
    return engine_for(place)


@pytest.fixture(scope="session")
def server(postgres_url: str) -> Server:
    return Server(postgres_url)


@pytest.fixture(scope="session")
def pattern(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A filled SQLite database to be copied."""
    return Path(_filled(str(tmp_path_factory.mktemp("pattern") / "w.db")))


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def databases(request: pytest.FixtureRequest, tmp_path: Path, pattern: Path) -> Databases:
    made: Databases = Files(tmp_path, pattern) if request.param == "sqlite" else request.getfixturevalue("server")
    return made


@pytest.fixture
def url(databases: Databases) -> str:
    return databases.lent()


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    with Store.open(url) as store:
        yield store


@pytest.fixture
def pool(store: Store) -> Pool:
    """Ann and Bob of one provider, Cid of another; Ann's day is planned with an allowance of 3."""
    return Pool(store)
