"""What is remembered, as tables: one row of `message` is one message, and its stamps are its way.

Owns: columns, constraints and indices, for SQLite and PostgreSQL alike. Does not own: how a database gets them
(`migrations`, which a test compares with this file), or values (`rows`).

A table class of SQLModel doesn't validate what it is given, so what must never be stored is a CHECK. `datetime` is
SQLModel's UTCDateTime: refuses a naive one, gives back an aware one in UTC.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import BigInteger, CheckConstraint, Index, Integer, MetaData, Table, UniqueConstraint, bindparam, text
from sqlmodel import Field, SQLModel

from warmup.model import Cause, Placement, Scope, Security


class Base(SQLModel):
    """Tables of ours, with a name for each constraint: Alembic can only change what has one."""

    metadata = MetaData(
        naming_convention={
            "pk": "pk_%(table_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        }
    )


class Answered(Base):
    """The columns of a `Response`, in the tables that remember one."""

    response_stage: str | None = None
    response_code: int | None = None
    response_enhanced: str | None = None
    response_text: str | None = None


def _one_of(column: str, words: type[StrEnum]) -> CheckConstraint:
    listed = ", ".join(f"'{word}'" for word in words)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


def _whole_response() -> CheckConstraint:
    known = ("stage", "code", "text")
    none, every = (" AND ".join(f"response_{part} IS {state}" for part in known) for state in ("NULL", "NOT NULL"))
    return CheckConstraint(f"({none}) OR ({every})", name="response")


def _partial(name: str, *columns: str, where: str, unique: bool = False) -> Index:
    return Index(name, *columns, unique=unique, sqlite_where=text(where), postgresql_where=text(where))


# Databases spell a truth differently, and use an index only for a condition that is spelled as it is.
_UNANSWERED = text("answer_wanted = 1 AND answered_at IS NULL"), text("answer_wanted AND answered_at IS NULL")


class InstallRow(Base, table=True):
    """This installation: one row."""

    __tablename__ = "install"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)
    id: int = Field(default=1, primary_key=True, sa_column_kwargs={"autoincrement": False})
    seed: str
    key: str


class MailboxRow(Base, table=True):
    """A mailbox, also a removed one: what it did stays until it is purged."""

    __tablename__ = "mailbox"
    __table_args__ = (
        UniqueConstraint("address"),
        CheckConstraint("auth = 'password' OR auth LIKE 'oauth:_%'", name="auth"),
        _one_of("smtp_security", Security),
        _one_of("imap_security", Security),
        CheckConstraint("smtp_port BETWEEN 1 AND 65535", name="smtp_port"),
        CheckConstraint("imap_port BETWEEN 1 AND 65535", name="imap_port"),
        {"sqlite_autoincrement": True},  # the number of a purged mailbox is never given to another
    )
    id: int | None = Field(default=None, primary_key=True)
    address: str
    name: str
    zone: str
    provider: str
    login: str
    credential: str
    auth: str = Field(default="password", sa_column_kwargs={"server_default": "password"})
    smtp_host: str
    smtp_port: int
    smtp_security: str
    imap_host: str
    imap_port: int
    imap_security: str
    source: str | None = None
    curve: str | None
    added_at: datetime
    removed_at: datetime | None = None


class RelayRow(Base, table=True):
    """A submission server beside a mailbox's own, in the order in which it was named."""

    __tablename__ = "relay"
    __table_args__ = (
        _one_of("security", Security),
        CheckConstraint("port BETWEEN 1 AND 65535", name="port"),
        CheckConstraint("weight BETWEEN 0 AND 100", name="weight"),
        CheckConstraint("place >= 1", name="place"),
    )
    mailbox: int = Field(primary_key=True, foreign_key="mailbox.id")
    place: int = Field(primary_key=True)
    host: str
    port: int
    security: str
    weight: int


class MessageRow(Answered, table=True):
    """A slot and what became of it. The checks are the ways that don't exist."""

    __tablename__ = "message"
    __table_args__ = (
        UniqueConstraint("message_id"),
        CheckConstraint("sender <> recipient", name="not_to_oneself"),
        CheckConstraint("turn >= 1", name="turn"),
        CheckConstraint("(turn = 1) = (parent IS NULL)", name="parent"),
        CheckConstraint("attempts >= 0 AND visits >= 0", name="counts"),
        CheckConstraint("(claimed_at IS NULL) = (claimed_by IS NULL)", name="claim"),
        CheckConstraint("data_at IS NULL OR claimed_at IS NOT NULL", name="data_follows_claim"),
        CheckConstraint("sent_at IS NULL OR data_at IS NOT NULL", name="sent_follows_data"),
        CheckConstraint("refused_at IS NULL OR claimed_at IS NOT NULL", name="refused_follows_claim"),
        CheckConstraint("refused_at IS NULL OR sent_at IS NULL", name="sent_or_refused"),
        CheckConstraint("dropped_at IS NULL OR (data_at IS NULL AND refused_at IS NULL)", name="dropped_before_data"),
        CheckConstraint("(found_at IS NULL) = (placement IS NULL)", name="found_somewhere"),
        _one_of("placement", Placement),
        _whole_response(),
        # What is due, each by an index that holds nothing else: an empty tick costs nothing, however much is planned.
        # What waits stands by the circles in which it was planned: those who plan one write in one place of it.
        _partial("ix_message_waiting", "circle", "due_at", "sender", where="claimed_at IS NULL AND dropped_at IS NULL"),
        _partial("ix_message_waiting_of", "sender", "due_at", where="claimed_at IS NULL AND dropped_at IS NULL"),
        _partial("ix_message_visit", "visit_at", "recipient", where="visit_at IS NOT NULL"),
        _partial("ix_message_keep", "keep_at", "sender", where="keep_at IS NOT NULL"),
        _partial("ix_message_ask", "ask_at", "sender", where="ask_at IS NOT NULL"),
        # The same of one mailbox, whose history may be of years.
        _partial("ix_message_visit_of", "recipient", "visit_at", where="visit_at IS NOT NULL"),
        _partial("ix_message_keep_of", "sender", "keep_at", where="keep_at IS NOT NULL"),
        _partial("ix_message_ask_of", "sender", "ask_at", where="ask_at IS NOT NULL"),
        _partial(
            "ix_message_in_hand",
            "claimed_at",
            where="claimed_at IS NOT NULL AND sent_at IS NULL AND refused_at IS NULL AND dropped_at IS NULL",
        ),
        # One answer to a message, whoever plans it; one that came to nothing gives its place to another.
        _partial(
            "uq_message_live_answer",
            "parent",
            where="parent IS NOT NULL AND dropped_at IS NULL AND refused_at IS NULL",
            unique=True,
        ),
        # Filled when something is tried, in the order of time, and not when it is planned.
        _partial("ix_message_tried", "due_at", where="NOT (claimed_at IS NULL AND dropped_at IS NULL)"),
        Index(
            "ix_message_unanswered",
            "recipient",
            "local_date",
            sqlite_where=_UNANSWERED[0],
            postgresql_where=_UNANSWERED[1],
        ),
        Index("ix_message_day", "sender", "local_date"),
        Index("ix_message_received", "recipient", "local_date"),
        Index(None, "thread"),
        {"sqlite_autoincrement": True},
    )
    id: int | None = Field(
        default=None,
        primary_key=True,
        sa_type=BigInteger().with_variant(Integer(), "sqlite"),  # SQLite numbers only what is called INTEGER
    )
    message_id: str
    sender: int = Field(foreign_key="mailbox.id")
    recipient: int = Field(foreign_key="mailbox.id")
    local_date: date
    due_at: datetime
    thread: str
    scenario: str
    turn: int
    parent: str | None
    answer_wanted: bool
    circle: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    claimed_at: datetime | None = None
    claimed_by: str | None = None
    data_at: datetime | None = None
    via: str | None = None
    sent_at: datetime | None = None
    refused_at: datetime | None = None
    dropped_at: datetime | None = None
    visit_at: datetime | None = None
    found_at: datetime | None = None
    opened_at: datetime | None = None
    rescued_at: datetime | None = None
    answered_at: datetime | None = None
    missing_at: datetime | None = None
    filed_at: datetime | None = None
    ask_at: datetime | None = None
    keep_at: datetime | None = None
    kept_at: datetime | None = None
    placement: str | None = None
    folder: str | None = None
    attempts: int = 0
    visits: int = 0
    reason: str | None = None


class DayRow(Base, table=True):
    """What a mailbox may send on one of its local days. That it is there says that the day is planned."""

    __tablename__ = "day"
    __table_args__ = (CheckConstraint("age >= 0 AND volume >= 0 AND allowance >= 0", name="counts"),)
    mailbox: int = Field(primary_key=True, foreign_key="mailbox.id")
    local_date: date = Field(primary_key=True)
    age: int
    curve: str
    volume: int
    allowance: int
    planned_at: datetime
    reason: str


class BudgetRow(Base, table=True):
    """What other programs use of a mailbox's local day: seen in its Sent folder, and `others` in all, with what they
    have taken in advance. The day needn't be planned.
    """

    __tablename__ = "budget"
    __table_args__ = (
        CheckConstraint("others >= 0 AND (observed IS NULL OR observed BETWEEN 0 AND others)", name="counts"),
    )
    mailbox: int = Field(primary_key=True, foreign_key="mailbox.id")
    local_date: date = Field(primary_key=True)
    observed: int | None
    others: int
    looked_at: datetime | None


class PauseRow(Answered, table=True):
    """A hold, with its cause and its end; kept when it is over."""

    __tablename__ = "pause"
    __table_args__ = (
        CheckConstraint("scope IN ('domain', 'host', 'recipient') OR mailbox IS NOT NULL", name="mailbox"),
        CheckConstraint("scope = 'domain' OR (scope = 'lane') = (provider IS NOT NULL)", name="lane"),
        CheckConstraint("(scope = 'recipient') = (recipient IS NOT NULL)", name="recipient"),
        CheckConstraint("(scope = 'domain') = (domain IS NOT NULL)", name="domain"),
        CheckConstraint("(scope = 'host') = (host IS NOT NULL)", name="host"),
        CheckConstraint("age_lost >= 0 AND strikes >= 0", name="counts"),
        _one_of("scope", Scope),
        _one_of("cause", Cause),
        _whole_response(),
        Index(None, "mailbox"),
    )
    id: int | None = Field(default=None, primary_key=True)
    scope: str
    mailbox: int | None = Field(foreign_key="mailbox.id")
    provider: str | None
    recipient: int | None = Field(foreign_key="mailbox.id")
    domain: str | None
    host: str | None
    cause: str
    since: datetime
    until: datetime | None
    lifted_at: datetime | None
    age_lost: int
    strikes: int
    rule: str
    note: str


class BookmarkRow(Base, table=True):
    """How far something outside has been read."""

    __tablename__ = "bookmark"
    source: str = Field(primary_key=True)
    edition: str
    position: str
    read_at: datetime


class FindingRow(Base, table=True):
    """What the last examination of a domain found, in its order."""

    __tablename__ = "finding"
    __table_args__ = (CheckConstraint("level IN ('ok', 'note', 'warning', 'error')", name="level"),)
    domain: str = Field(primary_key=True)
    place: int = Field(primary_key=True)
    examined_at: datetime
    code: str
    of: str
    what: str
    level: str
    why: str
    fix: str


def _table(name: str) -> Table:
    return Base.metadata.tables[name]


_NAMES = ("install", "mailbox", "relay", "message", "day", "budget", "pause", "bookmark", "finding")
install, mailbox, relay, message, day, budget, pause, bookmark, finding = map(_table, _NAMES)

NOW = bindparam("now", type_=message.c.due_at.type)  # a naive one is refused, as in a column
