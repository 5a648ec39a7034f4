"""This installation: its seed and its key.

Owns: minting them when the database is made, and no later. Does not own: what they are used for (`warmup.model`).
"""

from __future__ import annotations

import secrets

from sqlalchemy import Connection, insert, select

from warmup.model import Install

from .tables import install


def get(db: Connection) -> Install:
    row = db.execute(select(install)).one()
    return Install(seed=row.seed, key=row.key)


def mint(db: Connection, *, seed: str | None = None) -> None:
    """Nothing, if it is there: a new key would make strangers of all messages on their way."""
    if db.execute(select(install.c.id)).first() is None:
        db.execute(insert(install).values(id=1, seed=seed or secrets.token_hex(16), key=secrets.token_hex(32)))
