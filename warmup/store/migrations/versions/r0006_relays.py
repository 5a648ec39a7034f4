"""Several submission servers of a mailbox, and the address that it submits from; what the doctor found last.

What is added to a table is in plain SQL, for the reason told in 0003.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.execute("ALTER TABLE mailbox ADD COLUMN source VARCHAR")
    op.execute("ALTER TABLE message ADD COLUMN via VARCHAR")
    op.create_table(
        "relay",
        sa.Column("mailbox", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("host", sa.String(), nullable=False),
        sa.Column("port", sa.Integer(), nullable=False),
        sa.Column("security", sa.String(), nullable=False),
        sa.Column("weight", sa.Integer(), nullable=False),
        sa.CheckConstraint("place >= 1", name=op.f("ck_relay_place")),
        sa.CheckConstraint("port BETWEEN 1 AND 65535", name=op.f("ck_relay_port")),
        sa.CheckConstraint("security IN ('tls', 'starttls', 'plain')", name=op.f("ck_relay_security")),
        sa.CheckConstraint("weight BETWEEN 0 AND 100", name=op.f("ck_relay_weight")),
        sa.ForeignKeyConstraint(["mailbox"], ["mailbox.id"], name=op.f("fk_relay_mailbox")),
        sa.PrimaryKeyConstraint("mailbox", "place", name=op.f("pk_relay")),
    )
    op.create_table(
        "finding",
        sa.Column("domain", sa.String(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("examined_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("of", sa.String(), nullable=False),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("fix", sa.String(), nullable=False),
        sa.CheckConstraint("level IN ('ok', 'note', 'warning', 'error')", name=op.f("ck_finding_level")),
        sa.PrimaryKeyConstraint("domain", "place", name=op.f("pk_finding")),
    )
