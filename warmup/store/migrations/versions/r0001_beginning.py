"""Everything there was in the beginning: mailboxes, days, messages, pauses, and this installation."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_INSTANT = sa.DateTime(timezone=True)
_WHOLE_RESPONSE = (
    "(response_stage IS NULL AND response_code IS NULL AND response_text IS NULL)"
    " OR (response_stage IS NOT NULL AND response_code IS NOT NULL AND response_text IS NOT NULL)"
)


def upgrade() -> None:
    _install()
    _mailbox()
    _day()
    _message()
    _pause()


def _install() -> None:
    op.create_table(
        "install",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seed", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_install_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_install")),
    )


def _mailbox() -> None:
    op.create_table(
        "mailbox",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("zone", sa.String(), nullable=False),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("login", sa.String(), nullable=False),
        sa.Column("credential", sa.String(), nullable=False),
        sa.Column("smtp_host", sa.String(), nullable=False),
        sa.Column("smtp_port", sa.Integer(), nullable=False),
        sa.Column("smtp_security", sa.String(), nullable=False),
        sa.Column("imap_host", sa.String(), nullable=False),
        sa.Column("imap_port", sa.Integer(), nullable=False),
        sa.Column("imap_security", sa.String(), nullable=False),
        sa.Column("curve", sa.String(), nullable=True),
        sa.Column("added_at", _INSTANT, nullable=False),
        sa.Column("removed_at", _INSTANT, nullable=True),
        sa.CheckConstraint("imap_security IN ('tls', 'starttls', 'plain')", name=op.f("ck_mailbox_imap_security")),
        sa.CheckConstraint("smtp_security IN ('tls', 'starttls', 'plain')", name=op.f("ck_mailbox_smtp_security")),
        sa.CheckConstraint("imap_port BETWEEN 1 AND 65535", name=op.f("ck_mailbox_imap_port")),
        sa.CheckConstraint("smtp_port BETWEEN 1 AND 65535", name=op.f("ck_mailbox_smtp_port")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mailbox")),
        sa.UniqueConstraint("address", name=op.f("uq_mailbox_address")),
        sqlite_autoincrement=True,
    )


def _day() -> None:
    op.create_table(
        "day",
        sa.Column("mailbox", sa.Integer(), nullable=False),
        sa.Column("local_date", sa.Date(), nullable=False),
        sa.Column("age", sa.Integer(), nullable=False),
        sa.Column("curve", sa.String(), nullable=False),
        sa.Column("volume", sa.Integer(), nullable=False),
        sa.Column("allowance", sa.Integer(), nullable=False),
        sa.Column("planned_at", _INSTANT, nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.CheckConstraint("age >= 0 AND volume >= 0 AND allowance >= 0", name=op.f("ck_day_counts")),
        sa.ForeignKeyConstraint(["mailbox"], ["mailbox.id"], name=op.f("fk_day_mailbox")),
        sa.PrimaryKeyConstraint("mailbox", "local_date", name=op.f("pk_day")),
    )


def _message() -> None:
    op.create_table(
        "message",
        sa.Column("response_stage", sa.String(), nullable=True),
        sa.Column("response_code", sa.Integer(), nullable=True),
        sa.Column("response_enhanced", sa.String(), nullable=True),
        sa.Column("response_text", sa.String(), nullable=True),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column("sender", sa.Integer(), nullable=False),
        sa.Column("recipient", sa.Integer(), nullable=False),
        sa.Column("local_date", sa.Date(), nullable=False),
        sa.Column("due_at", _INSTANT, nullable=False),
        sa.Column("thread", sa.String(), nullable=False),
        sa.Column("scenario", sa.String(), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("parent", sa.String(), nullable=True),
        sa.Column("answer_wanted", sa.Boolean(), nullable=False),
        sa.Column("claimed_at", _INSTANT, nullable=True),
        sa.Column("claimed_by", sa.String(), nullable=True),
        sa.Column("data_at", _INSTANT, nullable=True),
        sa.Column("sent_at", _INSTANT, nullable=True),
        sa.Column("refused_at", _INSTANT, nullable=True),
        sa.Column("dropped_at", _INSTANT, nullable=True),
        sa.Column("visit_at", _INSTANT, nullable=True),
        sa.Column("found_at", _INSTANT, nullable=True),
        sa.Column("opened_at", _INSTANT, nullable=True),
        sa.Column("rescued_at", _INSTANT, nullable=True),
        sa.Column("answered_at", _INSTANT, nullable=True),
        sa.Column("missing_at", _INSTANT, nullable=True),
        sa.Column("filed_at", _INSTANT, nullable=True),
        sa.Column("keep_at", _INSTANT, nullable=True),
        sa.Column("kept_at", _INSTANT, nullable=True),
        sa.Column("placement", sa.String(), nullable=True),
        sa.Column("folder", sa.String(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("visits", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.CheckConstraint("placement IN ('inbox', 'junk', 'other')", name=op.f("ck_message_placement")),
        sa.CheckConstraint("(claimed_at IS NULL) = (claimed_by IS NULL)", name=op.f("ck_message_claim")),
        sa.CheckConstraint("(found_at IS NULL) = (placement IS NULL)", name=op.f("ck_message_found_somewhere")),
        sa.CheckConstraint(_WHOLE_RESPONSE, name=op.f("ck_message_response")),
        sa.CheckConstraint("(turn = 1) = (parent IS NULL)", name=op.f("ck_message_parent")),
        sa.CheckConstraint("attempts >= 0 AND visits >= 0", name=op.f("ck_message_counts")),
        sa.CheckConstraint("data_at IS NULL OR claimed_at IS NOT NULL", name=op.f("ck_message_data_follows_claim")),
        sa.CheckConstraint(
            "dropped_at IS NULL OR (data_at IS NULL AND refused_at IS NULL)",
            name=op.f("ck_message_dropped_before_data"),
        ),
        sa.CheckConstraint(
            "refused_at IS NULL OR claimed_at IS NOT NULL", name=op.f("ck_message_refused_follows_claim")
        ),
        sa.CheckConstraint("refused_at IS NULL OR sent_at IS NULL", name=op.f("ck_message_sent_or_refused")),
        sa.CheckConstraint("sender <> recipient", name=op.f("ck_message_not_to_oneself")),
        sa.CheckConstraint("sent_at IS NULL OR data_at IS NOT NULL", name=op.f("ck_message_sent_follows_data")),
        sa.CheckConstraint("turn >= 1", name=op.f("ck_message_turn")),
        sa.ForeignKeyConstraint(["recipient"], ["mailbox.id"], name=op.f("fk_message_recipient")),
        sa.ForeignKeyConstraint(["sender"], ["mailbox.id"], name=op.f("fk_message_sender")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message")),
        sa.UniqueConstraint("message_id", name=op.f("uq_message_message_id")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_message_day", "message", ["sender", "local_date"])
    op.create_index("ix_message_due_at", "message", ["due_at"])
    op.create_index(
        "ix_message_in_hand",
        "message",
        ["claimed_at"],
        **_where("claimed_at IS NOT NULL AND sent_at IS NULL AND refused_at IS NULL AND dropped_at IS NULL"),
    )
    op.create_index("ix_message_keep", "message", ["keep_at", "sender"], **_where("keep_at IS NOT NULL"))
    op.create_index("ix_message_recipient", "message", ["recipient"])
    op.create_index("ix_message_thread", "message", ["thread"])
    op.create_index("ix_message_visit", "message", ["visit_at", "recipient"], **_where("visit_at IS NOT NULL"))
    op.create_index(
        "ix_message_waiting", "message", ["due_at", "sender"], **_where("claimed_at IS NULL AND dropped_at IS NULL")
    )
    op.create_index(
        "ix_message_waiting_of", "message", ["sender", "due_at"], **_where("claimed_at IS NULL AND dropped_at IS NULL")
    )
    op.create_index(
        "uq_message_live_answer",
        "message",
        ["parent"],
        unique=True,
        **_where("parent IS NOT NULL AND dropped_at IS NULL AND refused_at IS NULL"),
    )


def _pause() -> None:
    op.create_table(
        "pause",
        sa.Column("response_stage", sa.String(), nullable=True),
        sa.Column("response_code", sa.Integer(), nullable=True),
        sa.Column("response_enhanced", sa.String(), nullable=True),
        sa.Column("response_text", sa.String(), nullable=True),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("mailbox", sa.Integer(), nullable=False),
        sa.Column("provider", sa.String(), nullable=True),
        sa.Column("recipient", sa.Integer(), nullable=True),
        sa.Column("cause", sa.String(), nullable=False),
        sa.Column("since", _INSTANT, nullable=False),
        sa.Column("until", _INSTANT, nullable=True),
        sa.Column("lifted_at", _INSTANT, nullable=True),
        sa.Column("age_lost", sa.Integer(), nullable=False),
        sa.Column("strikes", sa.Integer(), nullable=False),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.CheckConstraint("(scope = 'lane') = (provider IS NOT NULL)", name=op.f("ck_pause_lane")),
        sa.CheckConstraint("cause IN ('verdict', 'failure', 'operator')", name=op.f("ck_pause_cause")),
        sa.CheckConstraint("(scope = 'recipient') = (recipient IS NOT NULL)", name=op.f("ck_pause_recipient")),
        sa.CheckConstraint("scope IN ('mailbox', 'lane', 'recipient')", name=op.f("ck_pause_scope")),
        sa.CheckConstraint(_WHOLE_RESPONSE, name=op.f("ck_pause_response")),
        sa.CheckConstraint("age_lost >= 0 AND strikes >= 0", name=op.f("ck_pause_counts")),
        sa.ForeignKeyConstraint(["mailbox"], ["mailbox.id"], name=op.f("fk_pause_mailbox")),
        sa.ForeignKeyConstraint(["recipient"], ["mailbox.id"], name=op.f("fk_pause_recipient")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pause")),
    )
    op.create_index("ix_pause_mailbox", "pause", ["mailbox"])


def _where(condition: str) -> dict[str, Any]:
    """A partial index, on either database."""
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}
