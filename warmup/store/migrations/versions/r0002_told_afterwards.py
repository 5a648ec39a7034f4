"""What is told of a message after it was accepted, and holds of a sending domain and of a submission host."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_INSTANT = sa.DateTime(timezone=True)
_ASKED = sa.text("ask_at IS NOT NULL")


def upgrade() -> None:
    op.add_column("message", sa.Column("ask_at", _INSTANT, nullable=True))
    op.create_index("ix_message_ask", "message", ["ask_at", "sender"], sqlite_where=_ASKED, postgresql_where=_ASKED)
    op.create_table(
        "bookmark",
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("edition", sa.String(), nullable=False),
        sa.Column("position", sa.String(), nullable=False),
        sa.Column("read_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("source", name=op.f("pk_bookmark")),
    )
    with op.batch_alter_table("pause") as pause:
        pause.alter_column("mailbox", existing_type=sa.Integer(), nullable=True)
        pause.add_column(sa.Column("domain", sa.String(), nullable=True))
        pause.add_column(sa.Column("host", sa.String(), nullable=True))
        pause.drop_constraint(op.f("ck_pause_scope"), type_="check")
        pause.drop_constraint(op.f("ck_pause_lane"), type_="check")
        for name, condition in (
            ("scope", "scope IN ('mailbox', 'lane', 'recipient', 'domain', 'host', 'access')"),
            ("mailbox", "scope IN ('domain', 'host', 'recipient') OR mailbox IS NOT NULL"),
            ("lane", "scope = 'domain' OR (scope = 'lane') = (provider IS NOT NULL)"),
            ("domain", "(scope = 'domain') = (domain IS NOT NULL)"),
            ("host", "(scope = 'host') = (host IS NOT NULL)"),
        ):
            pause.create_check_constraint(op.f(f"ck_pause_{name}"), condition)
