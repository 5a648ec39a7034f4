"""Everybody by number, since messages and pauses name mailboxes so.

Owns: that table. Does not own: mailboxes (`warmup.store.mailboxes`).
"""

from __future__ import annotations

from collections.abc import Mapping

from warmup.model import Mailbox
from warmup.store import Connection, mailboxes

People = Mapping[int, Mailbox]  # by Mailbox.id, those who were removed too


def everybody(db: Connection) -> People:
    """A work of the store."""
    return {mailbox.id: mailbox for mailbox in mailboxes.every(db, removed=True)}
