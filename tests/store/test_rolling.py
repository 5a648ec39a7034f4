"""An upgrade beside daemons at work: made if they can go on with it, else refused before anything is changed."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect

from warmup.errors import StoreError
from warmup.store import Store, mailboxes, schema

from .conftest import Databases

NEXT = """
from alembic import op

revision = "next"
down_revision = "{before}"
rolling = {rolling}


def upgrade() -> None:
    op.execute("ALTER TABLE mailbox ADD COLUMN novelty VARCHAR")
"""

Release = Callable[[bool], None]


@pytest.fixture
def release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Release:
    """From now on the program is the next version; whether older ones go on beside its database."""

    def released(rolling: bool) -> None:
        folder = tmp_path / "migrations"
        before = ScriptDirectory(str(schema.MIGRATIONS)).get_current_head()
        shutil.copytree(schema.MIGRATIONS, folder, ignore=shutil.ignore_patterns("__pycache__"))
        (folder / "versions" / "next.py").write_text(NEXT.format(before=before, rolling=rolling))
        monkeypatch.setattr(schema, "MIGRATIONS", folder)

    return released


def has_novelty(db: Connection) -> bool:
    return "novelty" in {column["name"] for column in inspect(db).get_columns("mailbox")}


def at_work(store: Store) -> None:
    if store.name.startswith("postgresql"):
        store.join("older", timedelta(seconds=30))
    else:
        store.lock()


async def test_a_daemon_goes_on_beside_an_upgrade_that_it_can_live_with(databases: Databases, release: Release) -> None:
    url = databases.filled()
    with Store.open(url) as older:
        at_work(older)
        release(True)
        with Store.open(url, create=True) as newer:
            assert newer.run(has_novelty)
        assert await older.do(mailboxes.every) == []


async def test_an_upgrade_that_would_trip_a_daemon_up_is_refused_while_one_is_at_work(
    databases: Databases, release: Release
) -> None:
    url = databases.filled()
    with Store.open(url) as older:
        at_work(older)
        release(False)
        with pytest.raises(StoreError, match="revision next; stop all daemons"):
            Store.open(url, create=True)
        assert not await older.do(has_novelty)
    with Store.open(url, create=True) as newer:
        assert newer.run(has_novelty)


def test_a_daemon_that_takes_the_lock_after_somebody_newer_has_upgraded_does_not_begin(
    databases: Databases, release: Release, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = databases.filled()
    with Store.open(url) as older:
        before = schema.MIGRATIONS
        release(True)
        Store.open(url, create=True).close()
        monkeypatch.setattr(schema, "MIGRATIONS", before)
        with pytest.raises(StoreError, match="newer than this program"):
            at_work(older)
        assert not older.served()
