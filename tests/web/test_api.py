"""What programs are told, and that the document describes it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.need import missing
from tests.store.pool import NOON, Pool
from warmup.daemon.doctor import note
from warmup.dns.finding import found
from warmup.store import pauses
from warmup.web import api
from warmup.web.openapi import document

from .visitor import Visitor


def test_programs_are_told_what_the_pages_show(visitor: Visitor) -> None:
    ann, bob, cid = visitor.gets("/api/pool").json
    assert (ann["mailbox"], ann["sent_today"], ann["allowance"], ann["held"]) == ("ann@one.test", 1, 3, "to two.test")
    assert (bob["sent_today"], bob["allowance"], cid["allowance"]) == (0, 5, None)
    lived = visitor.gets("/api/mailboxes/ann@one.test").json
    assert [(day["date"], day["sent"], day["allowance"]) for day in lived["days"]] == [("2026-03-02", 1, 3)]
    assert lived["standing"] == ann
    tale = visitor.gets("/api/mailboxes/ann@one.test/days/2026-03-02").json
    assert (tale["sent"], tale["held"][0]["says"]) == (1, "rcpt: 451 4.7.1 greylisted")
    thread = visitor.gets("/api/threads/thread%201").json
    assert [(turn["from"], turn["state"]) for turn in thread["turns"]] == [
        ("ann@one.test", "opened"),
        ("bob@one.test", "planned"),
    ]
    assert [event["state"] for event in visitor.gets("/api/events?mailbox=ann@one.test").json] == ["opened", "held"]
    assert visitor.gets("/api/pauses/1").json["advice"][0]["text"]
    for path in ("/api/placement", "/api/placement?mailbox=ann@one.test"):
        (arrived,) = visitor.gets(path).json
        assert (arrived["to"], [(one["days"], one["junk"]) for one in arrived["periods"]]) == (
            "one.test",
            [(7, 1), (28, 1)],
        )
    assert visitor.gets("/api/placement?mailbox=bob@one.test").json == []


def test_a_program_with_the_token_pauses_and_resumes(program: Visitor, pool: Pool) -> None:
    answer = program.posts("/api/mailboxes/ann@one.test/pause", json.dumps({"for": "4h", "why": "deploy"}))
    assert (answer.status, answer.json["by"], answer.json["scope"]) == (201, "the operator: deploy", "mailbox")
    assert program.posts("/api/mailboxes/ann@one.test/pause").json["until"] is None
    assert program.gets("/api/pool").json[0]["held"] == "all"
    assert program.posts("/api/pauses/2/end").json == {"lifted": 1}
    assert program.posts("/api/pauses/2/end").json == {"lifted": 0}
    assert program.posts("/api/mailboxes/ann@one.test/resume").json == {"lifted": 2}
    assert program.gets("/api/pool").json[0]["held"] is None
    assert pool.store.run(pauses.active, NOON) == []
    assert len(program.gets("/api/pauses?all=true").json) == 3


@pytest.mark.parametrize(
    ("why", "note"),
    [("Umzug, zÉ", "Umzug, zÉ"), ("a\n\x1b[1mb\ud800", "a [1mb"), (" ", "")],
)
def test_a_note_is_put_on_one_line(program: Visitor, why: str, note: str) -> None:
    answer = program.posts("/api/mailboxes/ann@one.test/pause", json.dumps({"why": why}))
    assert (answer.status, answer.json["by"]) == (201, f"the operator: {note}" if note else "the operator")


@pytest.mark.parametrize(
    ("path", "body", "told"),
    [
        ("/api/mailboxes/ann@one.test/pause", "{", "isn't JSON"),
        ("/api/mailboxes/ann@one.test/pause", "[" * 8000, "isn't JSON"),
        ("/api/mailboxes/ann@one.test/pause", "[]", "nothing but for, why"),
        ("/api/mailboxes/ann@one.test/pause", '{"until": "tomorrow"}', "nothing but for, why"),
        ("/api/mailboxes/ann@one.test/pause", '{"for": 3}', "for is 3; write a time with its unit"),
        ("/api/mailboxes/ann@one.test/pause", '{"why": 3}', "why: write text"),
        ("/api/events?limit=0", None, "limit: write a whole number"),
        ("/api/events?limit=many", None, "limit: write a whole number"),
        ("/api/events?limit=1&limit=2", None, "limit: write it once"),
        ("/api/events?size=1", None, "size: there is no such parameter; known here: limit, mailbox"),
        ("/api/pauses?all=yes", None, "all: write true or false"),
        ("/api/mailboxes/ann@one.test/days/monday", None, "date: write it like"),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_reason(program: Visitor, path: str, body: str | None, told: str) -> None:
    answer = program.gets(path) if body is None else program.posts(path, body)
    assert answer.status == 400
    assert told in answer.json["error"]


def test_every_address_is_in_the_document_and_no_other(visitor: Visitor) -> None:
    served = {
        (re.sub(r":\w+}", "}", f"/api{route.path}"), method) for route in api.routes() for method in methods(route)
    }
    described = {(path, method.upper()) for path, operations in document()["paths"].items() for method in operations}
    assert described == served
    assert visitor.gets("/api/openapi.json").json == document()


def methods(route: Any) -> set[str]:
    return set(route.methods) - {"HEAD"}


def test_metrics_are_counted_for_the_pool_and_named_as_prometheus_wants_them(visitor: Visitor, pool: Pool) -> None:
    pool.store.lock()
    pool.store.run(note, "one.test", [found("spf-missing", "one.test", "one.test publishes no SPF")], NOON)
    answer = visitor.gets("/metrics")
    assert str(answer.headers["Content-Type"]).startswith("text/plain; version=")
    families = {family.name: family for family in text_string_to_metric_families(answer.text)}
    values = {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in families.values()
        for sample in family.samples
    }
    assert values["warmup_messages_sent_total", "ann@one.test"] == 1
    assert values["warmup_messages_found_total", "ann@one.test", "junk"] == 1
    assert values["warmup_day_allowance", "bob@one.test"] == 5
    assert ("warmup_day_allowance", "cid@two.test") not in values  # it isn't planned
    assert values["warmup_inbox_ratio", "ann@one.test"] == 0
    assert values["warmup_inbox_ratio_messages", "ann@one.test"] == 1
    assert ("warmup_inbox_ratio", "bob@one.test") not in values  # of nothing there is no share
    assert not [name for name in values if name[0] == "warmup_health_score"]
    assert values["warmup_pauses", "lane", "verdict"] == 1
    assert values["warmup_findings", "error", "one.test"] == 1
    assert ("warmup_findings", "error", "two.test") not in values  # nobody has examined it
    assert values["warmup_daemon_working",] == 1
    assert values["warmup_mailboxes",] == 3
    assert all(name.startswith("warmup_") and family.documentation for name, family in families.items())
    labels = {name for family in families.values() for sample in family.samples for name in sample.labels}
    assert labels == {"mailbox", "domain", "placement", "scope", "cause", "level", "version"}
    openmetrics = visitor.gets("/metrics", Accept="application/openmetrics-text; version=1.0.0").text
    assert openmetrics.endswith("# EOF\n")


def test_promtool_finds_nothing_to_say_of_the_metrics(visitor: Visitor) -> None:
    promtool = shutil.which("promtool") or missing("promtool isn't here (Debian: prometheus)")
    found = subprocess.run(
        [promtool, "check", "metrics"],
        input=visitor.gets("/metrics").text,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (found.returncode, found.stdout + found.stderr) == (0, "")


def test_what_was_asked_with_the_wrong_verb_is_told(program: Visitor) -> None:
    answer = program.posts("/api/pool")
    assert (answer.status, set(str(answer.headers["Allow"]).split(", "))) == (405, {"GET", "HEAD"})
