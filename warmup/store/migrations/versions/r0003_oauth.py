"""Mailboxes that sign in with OAuth instead of a password.

In plain SQL, which both databases understand: a table that Alembic makes anew in SQLite forgets which numbers were
given.
"""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute(
        "ALTER TABLE mailbox ADD COLUMN auth VARCHAR DEFAULT 'password' NOT NULL"
        " CONSTRAINT ck_mailbox_auth CHECK (auth = 'password' OR auth LIKE 'oauth:_%')"
    )
