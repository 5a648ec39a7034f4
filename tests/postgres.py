"""A private PostgreSQL: a cluster in a temporary directory, on a free port of loopback, gone when the session ends.

`postgres_url` is the superuser's URL; `fresh_database(postgres_url)` makes an empty database and gives its URL. Data is
not written through to the disk, since it needn't survive. Needs the server's programs (Debian: postgresql) and, as
root, which PostgreSQL refuses to run as, the user `postgres`.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg
import pytest

from tests.need import missing, wait_until
from tests.servers import Servers, free_ports

SETTINGS = ("listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off", "full_page_writes=off")


def programs() -> Path | None:
    """The directory of the newest initdb and postgres; Debian keeps them out of PATH."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    initdb = debian[-1] if debian else shutil.which("initdb")
    return Path(initdb).resolve().parent if initdb else None


def lacking() -> str:
    """What this machine lacks to run a PostgreSQL, in words; empty if nothing."""
    if programs() is None:
        return "a private PostgreSQL needs its server's programs (Debian: postgresql), and there is no initdb"
    if os.geteuid() == 0:
        try:
            pwd.getpwnam("postgres")
        except KeyError:
            return "a private PostgreSQL doesn't run as root, and there is no user postgres to run it as"
    return ""


class Cluster:
    """A server of its own, at `url` as its superuser. A context manager, in which it runs unless it is stopped."""

    def __init__(self) -> None:
        self._user = "postgres" if os.geteuid() == 0 else None
        self._root = Path(tempfile.mkdtemp(prefix="postgres-"))
        self._servers = Servers(self._root / "log")
        self._password = secrets.token_hex(8)
        (self._port,) = free_ports(1)

    @property
    def url(self) -> str:
        return f"postgresql://postgres:{self._password}@127.0.0.1:{self._port}/postgres"

    @property
    def pid(self) -> int:
        """Of the process whose children are the sessions."""
        return self._servers.masters[-1].pid

    def _make(self) -> None:
        user, root = self._user, self._root
        (root / "password").write_text(self._password)
        (root / "data").mkdir(0o700)
        if user:
            for path in (root, root / "data", root / "password"):
                shutil.chown(path, user)
        initdb = f"{programs()}/initdb -D {root}/data -U postgres -A scram-sha-256 --pwfile={root}/password"
        subprocess.run(
            f"{initdb} -E UTF8 --locale=C -N".split(),
            check=True,
            cwd="/",
            stdout=subprocess.DEVNULL,
            user=user,
            group=user,
            extra_groups=[] if user else None,
        )

    def start(self) -> None:
        options = (word for setting in SETTINGS for word in ("-c", setting))
        command = (f"{programs()}/postgres", "-D", f"{self._root}/data", "-p", str(self._port), *options)
        self._servers.start(*command, user=self._user)
        wait_until(self._answers, "PostgreSQL answers")

    def stop(self) -> None:
        self._servers.stop(signal.SIGINT)  # its "fast shutdown": doesn't wait for clients

    def _answers(self) -> bool:
        self._servers.check()
        try:
            psycopg.connect(self.url, connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True

    def __enter__(self) -> Self:
        try:
            self._make()
            self.start()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        shutil.rmtree(self._root)


@contextlib.contextmanager
def cluster() -> Iterator[str]:
    """A running server, as the URL of its superuser."""
    with Cluster() as made:
        yield made.url


def fresh_database(url: str) -> str:
    """The URL of a new and empty database. It ends with its cluster."""
    name = f"fresh_{secrets.token_hex(8)}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE template0")
    return f"{url.rpartition('/')[0]}/{name}"


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """One server for the whole session."""
    if reason := lacking():
        missing(reason)
    with cluster() as url:
        yield url
