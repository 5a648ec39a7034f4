"""Indices that stay quick when three million messages are planned in a day: by circle, by mailbox and by what was
tried, instead of by time alone.

In plain SQL, for the reason told in 0003.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
rolling = True  # whoever doesn't know of circles plans in none, and asks more slowly for a while

_WAITING = "claimed_at IS NULL AND dropped_at IS NULL"
_PARTIAL = (
    ("ix_message_waiting", ["circle", "due_at", "sender"], _WAITING, _WAITING),
    ("ix_message_tried", ["due_at"], f"NOT ({_WAITING})", f"NOT ({_WAITING})"),
    (
        "ix_message_unanswered",
        ["recipient", "local_date"],
        "answer_wanted = 1 AND answered_at IS NULL",
        "answer_wanted AND answered_at IS NULL",
    ),
)


def upgrade() -> None:
    op.execute("ALTER TABLE message ADD COLUMN circle INTEGER DEFAULT '0' NOT NULL")
    for name in ("ix_message_waiting", "ix_message_recipient", "ix_message_due_at"):
        op.drop_index(op.f(name), table_name="message")
    for name, columns, sqlite, postgres in _PARTIAL:
        op.create_index(
            op.f(name), "message", columns, sqlite_where=sa.text(sqlite), postgresql_where=sa.text(postgres)
        )
    op.create_index(op.f("ix_message_received"), "message", ["recipient", "local_date"])
