"""Conversations are named by their language and themselves: all that there were are English."""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.execute("UPDATE message SET scenario = 'en/' || scenario WHERE scenario NOT LIKE '%/%'")
