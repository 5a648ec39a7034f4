"""A process killed at any point leaves a message that is sent once or not at all."""

from __future__ import annotations

import subprocess
import sys

import pytest

from warmup.store import messages

from .pool import NOON, Pool

PROGRAM = """
import asyncio, os, signal, sys
from datetime import date, datetime, timedelta, timezone
from warmup.store import Store, messages

url, mailbox, where = sys.argv[1:]
now = datetime(2026, 3, 2, 12, tzinfo=timezone.utc)

async def main():
    store = Store.open(url)
    message, *_ = await store.do(messages.claim, mailbox=int(mailbox), now=now, today=date(2026, 3, 2), owner="killed",
                                 late=timedelta(hours=1))
    if where == "after data":
        assert await store.do(messages.data_begins, message.id, now, owner="killed")
    if where == "in a transaction":
        store.run(lambda db: (messages.data_begins(db, message.id, now, owner="killed"), die()))
    die()

def die():
    os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""


@pytest.mark.parametrize("where", ["after the claim", "in a transaction", "after data"])
def test_a_killed_process_leaves_a_claim_that_is_released_or_settled(pool: Pool, url: str, where: str) -> None:
    message = pool.planned(pool.ann, pool.bob)
    killed = subprocess.run([sys.executable, "-c", PROGRAM, url, str(pool.ann.id), where], check=False)
    assert killed.returncode == -9
    assert pool.again(message).claimed_by == "killed"
    assert pool.claim(pool.ann) is None
    assert pool.store.run(messages.release) == 1
    claimed = pool.claim(pool.ann)
    if where == "after data":
        assert claimed is None
        assert pool.again(message).uncertain
        assert list(pool.store.run(messages.visits_due, NOON)) == [pool.bob.id]
    else:
        assert claimed is not None
        assert claimed.id == message.id
