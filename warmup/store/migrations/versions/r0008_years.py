"""Indices of what is to be visited, kept and asked after of one mailbox, that may have years behind it."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
rolling = True  # older nodes use them as well


def upgrade() -> None:
    for what, whose in (("visit", "recipient"), ("keep", "sender"), ("ask", "sender")):
        there = sa.text(f"{what}_at IS NOT NULL")
        op.create_index(
            op.f(f"ix_message_{what}_of"),
            "message",
            [whose, f"{what}_at"],
            sqlite_where=there,
            postgresql_where=there,
            if_not_exists=True,  # for a while 0007 made them
        )
