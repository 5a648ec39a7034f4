"""A database of every released schema is upgraded to this one, and keeps all that is in it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, MetaData, Table, insert, inspect, select, text, update

from warmup.model import Cause, Placement, Response, Scope, Stage
from warmup.store import Store, days, installs, mailboxes, messages, pauses, schema

from .conftest import Databases, connecting

SCRIPTS = ScriptDirectory(str(schema.MIGRATIONS))
RELEASED = [script.revision for script in SCRIPTS.walk_revisions()][::-1]  # the first first
AT = datetime(2026, 3, 2, 12, tzinfo=UTC)
SAID = {"response_stage": "dot", "response_code": 250, "response_enhanced": "2.0.0", "response_text": "queued"}
THROTTLED = {"response_stage": "rcpt", "response_code": 421, "response_enhanced": "4.7.28", "response_text": "slower"}

Row = Mapping[str, Any]


def _mailbox(id: int, name: str, **more: Any) -> Row:
    servers = {
        f"{kind}_{part}": value
        for kind in ("smtp", "imap")
        for part, value in {"host": f"{kind}.x.test", "port": 465, "security": "tls"}.items()
    }
    address = f"{name}@x.test"
    plain = {"zone": "Europe/Berlin", "provider": "x.test", "curve": None, "added_at": AT, "removed_at": None}
    return (
        {"id": id, "address": address, "name": name, "login": address, "credential": address} | servers | plain | more
    )


def _message(id: int, sender: int, recipient: int, **more: Any) -> Row:
    slot = {
        "scenario": "en/lunch",
        "turn": 1,
        "parent": None,
        "answer_wanted": True,
        "local_date": AT.date(),
        "due_at": AT,
    }
    counts = {"attempts": 0, "visits": 0}
    return (
        {"id": id, "message_id": f"<{id}@x.test>", "sender": sender, "recipient": recipient, "thread": f"{id}"}
        | slot
        | counts
        | more
    )


def _pause(id: int, scope: str, mailbox: int, **more: Any) -> Row:
    none = dict.fromkeys(("provider", "recipient", "until", "lifted_at"))
    plain = {"cause": "verdict", "since": AT, "age_lost": 0, "strikes": 1, "rule": "", "note": ""}
    return {"id": id, "scope": scope, "mailbox": mailbox} | none | plain | more


CLAIMED = {"claimed_at": AT, "claimed_by": "node:1"}
SENT = CLAIMED | {"data_at": AT, "sent_at": AT} | SAID
FOUND = {"found_at": AT, "placement": "junk", "folder": "Junk", "opened_at": AT, "rescued_at": AT}
# What a pool leaves behind in a week: one of each way a message can go. What a schema doesn't have yet is left out.
ROWS: Mapping[str, list[Row]] = {
    "install": [{"id": 1, "seed": "s" * 32, "key": "k" * 64}],
    "mailbox": [
        _mailbox(1, "ann"),
        _mailbox(2, "bob", curve="steady", source="127.0.0.2"),
        _mailbox(4, "cid", removed_at=AT),
    ],
    "relay": [{"mailbox": 2, "place": 1, "host": "b.test", "port": 587, "security": "starttls", "weight": 30}],
    "message": [
        _message(1, 1, 2, **SENT, **FOUND, answered_at=AT, filed_at=AT, kept_at=AT),
        _message(
            2, 2, 1, via="b.test", thread="1", turn=2, parent="<1@x.test>", **SENT, visit_at=AT, keep_at=AT, visits=2
        ),
        _message(3, 1, 2, **CLAIMED, data_at=AT, visit_at=AT, reason="interrupted before the server's answer"),
        _message(4, 1, 2, **CLAIMED, refused_at=AT, **THROTTLED, reason="refused"),
        _message(5, 1, 4, dropped_at=AT, reason="mailbox removed"),
        _message(6, 2, 1, **SENT, missing_at=AT),
        _message(9, 2, 1, attempts=1, **THROTTLED),
    ],
    "day": [
        {
            "mailbox": 1,
            "local_date": AT.date(),
            "age": 3,
            "curve": "steady",
            "volume": 5,
            "allowance": 4,
            "planned_at": AT,
        }
        | {"reason": "daily variation"},
        {"mailbox": 2, "local_date": date(2026, 3, 1), "age": 0, "curve": "steady", "volume": 2, "allowance": 0}
        | {"planned_at": AT, "reason": "a day off"},
    ],
    "budget": [{"mailbox": 1, "local_date": AT.date(), "observed": 2, "others": 3, "looked_at": AT}],
    "pause": [
        _pause(1, "mailbox", 1, until=AT, age_lost=2, **THROTTLED, rule="rate"),
        _pause(2, "lane", 1, provider="x.test", **THROTTLED),
        _pause(3, "recipient", 1, recipient=2, lifted_at=AT),
        _pause(7, "mailbox", 2, cause="operator", note="on holiday"),
    ],
    "finding": [
        {"domain": "x.test", "place": 1, "examined_at": AT, "code": "spf-missing", "of": "x.test", "level": "error"}
        | {"what": "x.test has no SPF record", "why": "", "fix": "publish one"}
    ],
    "bookmark": [{"source": "inbox 1", "edition": "7", "position": "9", "read_at": AT}],
}


def at_revision(url: str, revision: str) -> Engine:
    """A database as the program of that time made it."""
    engine = connecting(url)
    config = Config()
    config.set_main_option("script_location", str(schema.MIGRATIONS).replace("%", "%%"))
    with engine.begin() as db:
        config.attributes["connection"] = db
        command.upgrade(config, revision)
    return engine


def tables(engine: Engine) -> Mapping[str, Table]:
    found = MetaData()
    found.reflect(engine)
    return found.tables


def fill(engine: Engine) -> None:
    known = tables(engine)
    with engine.begin() as db:
        for name, rows in ROWS.items():
            if name in known:
                columns = set(known[name].c.keys())
                for row in rows:
                    db.execute(insert(known[name]).values({key: row[key] for key in row.keys() & columns}))


def content(engine: Engine, columns: Mapping[str, list[str]]) -> dict[str, list[tuple[Any, ...]]]:
    known = tables(engine)
    with engine.begin() as db:
        return {
            name: sorted((tuple(row) for row in db.execute(select(*(known[name].c[key] for key in keys)))), key=repr)
            for name, keys in columns.items()
        }


@pytest.mark.parametrize("revision", RELEASED)
def test_a_database_of_a_released_schema_keeps_all_that_it_holds(databases: Databases, revision: str) -> None:
    url = databases.empty()
    engine = at_revision(url, revision)
    fill(engine)
    columns = {name: table.c.keys() for name, table in tables(engine).items() if name in ROWS}
    before = content(engine, columns)
    assert all(len(before[name]) == len(rows) for name, rows in ROWS.items() if name in columns)
    engine.dispose()
    Store.open(url, create=True).close()
    engine = connecting(url)
    assert content(engine, columns) == before
    engine.dispose()


@pytest.mark.parametrize("revision", RELEASED)
def test_what_was_upgraded_is_read_as_it_was_written(databases: Databases, revision: str) -> None:
    url = databases.empty()
    engine = at_revision(url, revision)
    fill(engine)
    engine.dispose()
    with Store.open(url, create=True) as store:
        assert store.run(installs.get).key == "k" * 64
        assert [box.address[:3] for box in store.run(mailboxes.every, removed=True)] == ["ann", "bob", "cid"]
        assert {box.auth for box in store.run(mailboxes.every, removed=True)} == {"password"}
        rows = {row.id: row for row in store.run(messages.recent, 99)}
        assert {id: row.state for id, row in rows.items()} == {
            1: "filed",
            2: "sent",
            3: "uncertain",
            4: "refused",
            5: "dropped",
            6: "missing",
        }
        assert (rows[1].placement, rows[1].response) == (Placement.JUNK, Response(Stage.DOT, 250, "2.0.0", "queued"))
        assert rows[1].found_at == AT
        assert [(day.allowance, sent) for day, sent in store.run(days.history, 1)] == [(4, 1)]
        held = store.run(pauses.active, AT)
        assert [(pause.scope, pause.cause) for pause in held] == [
            (Scope.LANE, Cause.VERDICT),
            (Scope.MAILBOX, Cause.OPERATOR),
        ]
        assert len(store.run(pauses.history)) == 4
        # And it goes on: numbers aren't given twice, what waits is claimed.
        claimed = store.run(messages.senders_due, AT)
        assert claimed == [2]


def test_a_conversation_from_before_there_were_languages_is_english(databases: Databases) -> None:
    url = databases.empty()
    engine = at_revision(url, "0004")
    fill(engine)
    known = tables(engine)["message"]
    with engine.begin() as db:
        db.execute(update(known).values(scenario="lunch"))
    engine.dispose()
    with Store.open(url, create=True) as store:
        assert {row.scenario for row in store.run(messages.recent, 99)} == {"en/lunch"}


def test_indices_that_are_there_already_are_left_as_they_are(databases: Databases) -> None:
    url = databases.empty()
    engine = at_revision(url, "0008")
    with engine.begin() as db:  # as from a 0007 that made them
        db.execute(text("UPDATE alembic_version SET version_num = '0007'"))
    engine.dispose()
    Store.open(url, create=True).close()
    engine = connecting(url)
    found = {index["name"] for index in inspect(engine).get_indexes("message")}
    assert {f"ix_message_{what}_of" for what in ("visit", "keep", "ask")} <= found
    engine.dispose()


def test_there_is_a_schema_that_was_released_before_this_one() -> None:
    assert RELEASED[0] == "0001"
    assert SCRIPTS.get_current_head() == RELEASED[-1]
