"""What the pages show, and what their forms do, without a browser: a page can be read without scripts."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from tests.store.pool import DAY, HOUR, NOON, TODAY, Pool
from warmup.config import Config
from warmup.daemon.correspondence import letter
from warmup.daemon.doctor import note
from warmup.dns.finding import found
from warmup.model import Cause, Install, Message, Pause, Response, Scope, Stage
from warmup.store import Connection, installs, mailboxes, messages, pauses
from warmup.store.tables import message
from warmup.view import pool as view
from warmup.view.people import People, everybody
from warmup.web.chart import HEIGHT, chart

from .conftest import Opens
from .visitor import Visitor

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
ANN = "/mailboxes/ann@one.test"


def test_the_pool_shows_who_stands_where_what_is_held_and_what_happened(visitor: Visitor) -> None:
    page = unescape(visitor.gets("/").text)
    assert "1 of 3" in page  # ann's day
    assert "not planned yet" in page  # cid's
    assert "ann@one.test → two.test" in page
    assert "rcpt: 451 4.7.1 greylisted" in page
    assert "opened</a> <small>in junk" in page
    assert "No daemon at work" in page
    assert "0 % <small>of 1; 0 to 79 %" in page  # her one message was found in Junk


def test_a_mailbox_shows_its_day_its_holds_and_its_days(visitor: Visitor) -> None:
    page = unescape(visitor.gets(ANN).text)
    assert "allowed 3, sent 1, 0 of them answers" in page
    assert "ann@one.test → two.test" in page
    assert "Mon 02 Mar: 1 sent of 3" in page
    assert "<circle" in page  # the hold began on that day
    assert "too little mail yet" in page
    assert "0 % <small>of 1; 0 to 79 %" in page  # to one.test
    assert "has no plan for 2026-03-02" in visitor.gets("/mailboxes/cid@two.test").text


def test_a_conversation_is_told_again_as_far_as_it_is_written(visitor: Visitor, pool: Pool, config: Config) -> None:
    page = visitor.gets("/threads/thread%201").text
    assert "It can't be told any more" in unescape(page)  # its scenario is none of ours
    assert "planned for" in page
    name = config.corpus.scenarios[0].name
    pool.store.run(lambda db: db.execute(update(message).values(scenario=name)))
    asked, answer = visitor.gets("/api/threads/thread%201").json["turns"]
    order = letter(*pool.store.run(_order), config.label)
    told = config.corpus.tell(order, [1])
    assert asked["paragraphs"] == list(told.turns[1])
    assert answer["paragraphs"] == []  # nobody has written it yet
    page = unescape(visitor.gets("/threads/thread%201").text)
    assert told.subject in page
    assert all(paragraph in page for paragraph in told.turns[1])


def _order(db: Connection) -> tuple[Message, list[Message], People, Install]:
    turns = messages.thread(db, "thread 1")
    return turns[0], turns, everybody(db), installs.get(db)


def test_a_pause_shows_what_was_said_and_what_can_be_done(visitor: Visitor) -> None:
    page = unescape(visitor.gets("/pauses/1").text)
    assert "rcpt: 451 4.7.1 greylisted" in page
    assert "What you can do" in page
    assert "Next try" in page


def test_the_doctor_shows_what_was_found_the_worst_first(visitor: Visitor, pool: Pool) -> None:
    assert visitor.gets("/doctor").text.count("not examined yet") == 2
    pool.store.run(
        note, "two.test", [found("spf-missing", "two.test", HOSTILE), found("mx-ok", "two.test", "fine")], NOON
    )
    page = visitor.gets("/doctor").text
    assert page.index("two.test") < page.index("one.test")
    assert "<strong>error</strong>" in page
    assert "All right: mx" in page
    assert "<script>" not in page
    rows = visitor.gets("/api/findings").json
    assert [(row["code"], row["level"], row["examined_at"]) for row in rows] == [
        ("spf-missing", "error", NOON.isoformat()),
        ("mx-ok", "ok", NOON.isoformat()),
    ]


def test_what_a_server_or_an_operator_wrote_is_text_and_nothing_else(visitor: Visitor, pool: Pool) -> None:
    pool.store.run(mailboxes.change, pool.ann.id, name=HOSTILE, curve=HOSTILE)
    said = Response(Stage.RCPT, 451, None, HOSTILE + "\x1b[2J")
    wild = Pause(scope=Scope.MAILBOX, mailbox=pool.ann.id, cause=Cause.VERDICT, since=NOON, rule=HOSTILE, response=said)
    pool.store.run(pauses.open_, wild)
    for path in ("/", ANN, "/pauses", "/pauses/2", "/events"):
        page = visitor.gets(path).text
        assert "alert(1)" in page
        assert "<script>" not in page
        assert "<img" not in page
        assert "\x1b" not in page


def test_a_mailbox_is_paused_and_resumed_with_a_form(owner: Visitor, pool: Pool) -> None:
    answer = owner.fills(f"{ANN}/pause", proof=owner.proof(ANN), **{"for": "2d", "why": "on holiday"})
    assert (answer.status, answer.headers["Location"]) == (303, f"{ANN}?done=paused")
    newest = pool.store.run(pauses.active, NOON)[-1]
    assert (newest.scope, newest.cause, newest.note) == (Scope.MAILBOX, Cause.OPERATOR, "on holiday")
    assert newest.until == NOON + 2 * DAY
    assert "on holiday" in owner.gets(answer.headers["Location"]).text
    assert owner.fills(f"{ANN}/pause", proof=owner.proof(ANN), **{"for": ""}).status == 303
    assert pool.store.run(pauses.active, NOON)[-1].until is None
    assert owner.fills(f"{ANN}/resume", proof=owner.proof(ANN)).headers["Location"] == f"{ANN}?done=resumed"
    assert pool.store.run(pauses.active, NOON) == []
    assert owner.fills(f"{ANN}/resume", proof=owner.proof(ANN)).headers["Location"] == f"{ANN}?done=nothing"


def test_one_pause_is_ended_with_a_form_that_goes_with_it(owner: Visitor, pool: Pool) -> None:
    assert "End this pause now" in owner.gets("/pauses/1").text
    answer = owner.fills("/pauses/1/end", proof=owner.proof("/pauses/1"))
    assert answer.headers["Location"] == "/pauses/1?done=ended"
    assert pool.store.run(pauses.active, NOON) == []
    page = owner.gets("/pauses/1").text
    assert "End this pause now" not in page
    assert "lifted" in page


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"for": "soon"}, "for is 'soon'; write a time with its unit"),
        ({"for": "900d"}, 'write "1m" to "400d"'),
        ({"for": "1d", "why": "x" * 201}, "why: write text, of 200 characters at most"),
    ],
    ids=str,
)
def test_what_makes_no_sense_is_told(owner: Visitor, fields: dict[str, str], told: str) -> None:
    answer = owner.fills(f"{ANN}/pause", proof=owner.proof(ANN), **fields)
    assert answer.status == 400
    assert told in unescape(answer.text)


@pytest.mark.parametrize(
    "path",
    [
        "/mailboxes/nobody@one.test",
        "/mailboxes/nonsense",
        "/threads/none",
        "/pauses/99",
        "/pauses/99999999999",
        f"/pauses/{'9' * 5000}",
        "/pauses/x",
        "/none",
    ],
)
def test_what_is_not_there_is_told(visitor: Visitor, path: str) -> None:
    answer = visitor.gets(path)
    assert answer.status == 404
    assert "That didn't work" in unescape(answer.text)
    assert visitor.gets(f"/api{path}").status == 404


def test_a_removed_mailbox_is_shown_and_not_to_be_paused(owner: Visitor, pool: Pool) -> None:
    pool.store.run(mailboxes.remove, pool.ann.id, NOON)
    page = owner.gets(ANN).text
    assert "removed" in page
    assert "<form" not in page.partition("<main")[2]
    assert owner.fills(f"{ANN}/pause", proof=owner.proof("/")).status == 404


def test_a_database_that_is_gone_is_told_and_found_again(visitor: Visitor, config: Config, pool: Pool) -> None:
    file = config.database.removeprefix("sqlite:///")
    pool.store.close()
    aside = Path(file).rename(f"{file}.aside")
    answers = [visitor.gets(path) for path in ("/", "/healthz", "/api/health", "/api/events", "/metrics")]
    assert [answer.status for answer in answers] == [503] * 5
    assert "was deleted or replaced" in answers[0].text
    aside.rename(file)
    assert visitor.gets("/api/events").status == 200


def test_a_daemon_that_does_not_keep_up_is_told(visitor: Visitor, pool: Pool) -> None:
    pool.store.lock()
    assert "Daemon at work" in visitor.gets("/").text
    assert (visitor.gets("/healthz").status, visitor.gets("/healthz").json["fine"]) == (200, True)
    pool.planned(pool.ann, pool.cid, NOON - 40 * timedelta(minutes=1))
    assert visitor.gets("/healthz").status == 200
    pool.planned(pool.ann, pool.cid, NOON - HOUR)
    assert "doesn't keep up" in unescape(visitor.gets("/").text)
    answer = visitor.gets("/healthz")
    assert (answer.status, answer.json) == (
        503,
        {"fine": False, "daemon": True, "behind_since": (NOON - HOUR).isoformat()},
    )


def test_a_drawing_has_a_bar_a_day_as_high_as_what_was_sent() -> None:
    days = [
        {"date": TODAY + timedelta(days=n), "allowance": 10, "sent": sent, "why": None}
        for n, sent in enumerate([10, 5, 0])
    ]
    drawn = chart(days, {TODAY: "421"}, today=TODAY + timedelta(days=2))
    assert drawn is not None
    assert [bar.height for bar in drawn.bars] == [HEIGHT, HEIGHT / 2, 0]
    assert [bar.short for bar in drawn.bars] == [False, True, False]  # the last isn't over
    assert [mark.told for mark in drawn.held] == ["Mon 02 Mar: 421"]
    closed = [{"date": date(2026, 3, 7), "allowance": 0, "sent": 0, "why": "closed"}]
    assert chart(closed, {}, today=TODAY) is None


def test_many_who_look_at_once_are_all_answered_by_one_look_at_the_pool(
    opens: Opens, monkeypatch: pytest.MonkeyPatch, pool: Pool, key: str
) -> None:
    looks: list[datetime] = []
    rows = view.rows

    def counted(db: Connection, config: Config, at: datetime) -> list[dict[str, Any]]:
        looks.append(at)
        return rows(db, config, at)

    monkeypatch.setattr(view, "rows", counted)
    monkeypatch.setattr("warmup.web.desk._FRESH", 3600.0)
    dashboard = opens()
    with ThreadPoolExecutor(20) as crowd:
        answers = list(crowd.map(lambda _: Visitor(dashboard).gets("/").status, range(60)))
    assert answers == [200] * 60
    assert len(looks) == 1
    program = Visitor(dashboard, Authorization=f"Bearer {key}")
    assert program.posts("/api/mailboxes/ann@one.test/pause").status == 201
    assert program.gets("/api/pool").json[0]["held"] == "all"  # what one has changed oneself is seen at once
