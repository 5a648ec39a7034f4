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
from functools import partial
from pathlib import Path

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


@contextlib.contextmanager
def cluster() -> Iterator[str]:
    """A running server, as the URL of its superuser."""
    user = "postgres" if os.geteuid() == 0 else None
    bin_, root, password = programs(), Path(tempfile.mkdtemp(prefix="postgres-")), secrets.token_hex(8)
    servers = Servers(root / "log")
    try:
        (root / "password").write_text(password)
        (root / "data").mkdir(0o700)
        if user:
            for path in (root, root / "data", root / "password"):
                shutil.chown(path, user)
        (port,) = free_ports(1)
        initdb = (
            f"{bin_}/initdb -D {root}/data -U postgres -A scram-sha-256 --pwfile={root}/password -E UTF8 --locale=C -N"
        )
        run = partial(subprocess.run, check=True, cwd="/", stdout=subprocess.DEVNULL)
        run(initdb.split(), user=user, group=user, extra_groups=[] if user else None)
        options = (word for setting in SETTINGS for word in ("-c", setting))
        servers.start(f"{bin_}/postgres", "-D", f"{root}/data", "-p", str(port), *options, user=user)
        url = f"postgresql://postgres:{password}@127.0.0.1:{port}/postgres"
        wait_until(partial(_answers, servers, url), "PostgreSQL answers")
        yield url
    finally:
        servers.stop(signal.SIGINT)  # its "fast shutdown": doesn't wait for clients
        shutil.rmtree(root)


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


def _answers(servers: Servers, url: str) -> bool:
    servers.check()
    try:
        psycopg.connect(url, connect_timeout=5).close()
    except psycopg.OperationalError:
        return False
    return True
