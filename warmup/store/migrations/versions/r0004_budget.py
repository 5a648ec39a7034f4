"""What other programs use of a mailbox's day."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "budget",
        sa.Column("mailbox", sa.Integer(), nullable=False),
        sa.Column("local_date", sa.Date(), nullable=False),
        sa.Column("observed", sa.Integer(), nullable=True),
        sa.Column("others", sa.Integer(), nullable=False),
        sa.Column("looked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "others >= 0 AND (observed IS NULL OR observed BETWEEN 0 AND others)", name=op.f("ck_budget_counts")
        ),
        sa.ForeignKeyConstraint(["mailbox"], ["mailbox.id"], name=op.f("fk_budget_mailbox")),
        sa.PrimaryKeyConstraint("mailbox", "local_date", name=op.f("pk_budget")),
    )
