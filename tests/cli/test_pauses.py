"""`warmup pauses`, and what `status`, `log` and `mailbox` say of what is held: looked at, ended, made by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from warmup.cli.common import now
from warmup.config import load, locate
from warmup.model import Cause, Mailbox, Pause, Response, Scope, Stage
from warmup.store import Store, mailboxes, pauses
from warmup.view import held

from .hand import Hand, Servers, Terminal

SAID = Response(Stage.RCPT, 421, "4.7.0", "[TSS04] Messages from 192.0.2.1 temporarily deferred due to user complaints")
NOW = now().replace(microsecond=0)
LATER = NOW + timedelta(hours=4)


def remembered(pool: Hand, **fields: Any) -> tuple[Pause, Mailbox]:
    """A pause of the first mailbox, as the daemon would have opened it, and that mailbox."""
    with Store.open(load(locate(None, {}), {}).database) as store:
        ann, *_ = store.run(mailboxes.every)
        usual = Pause(scope=Scope.MAILBOX, mailbox=ann.id, cause=Cause.VERDICT, since=NOW, until=LATER, rule="r")
        return store.run(pauses.open_, replace(usual, **fields)), ann


def test_what_holds_now_is_listed_and_what_held_too_if_asked_for(pool: Hand) -> None:
    assert pool.types("pauses", "list").stderr == "nothing is held\n"
    assert pool.types("pauses", "list", "--all").stderr == "there was never a pause\n"
    pause, ann = remembered(pool, scope=Scope.LANE, provider="yahoo", response=SAID, rule="Yahoo: complaints")
    remembered(pool, since=NOW - timedelta(days=2), until=NOW - timedelta(days=1))
    lines = pool.does("pauses", "list").splitlines()
    assert lines[0].split("\t") == ["NO", "SCOPE", "WHAT", "SINCE", "NEXT TRY", "CAUSE"]
    assert [line.split("\t")[:3] for line in lines[1:]] == [["1", "lane", f"{ann.address} → yahoo"]]
    (row,) = pool.reads("pauses", "list")
    assert (row["id"], row["provider"], row["rule"], row["stage"]) == (1, "yahoo", "Yahoo: complaints", "rcpt")
    assert (row["until"], row["says"]) == (LATER.isoformat(), str(SAID))
    assert pause.until == LATER
    assert [row["id"] for row in pool.reads("pauses", "list", "--all")] == [2, 1]


def test_a_pause_is_shown_with_the_servers_words_and_what_can_be_done(pool: Hand) -> None:
    _, ann = remembered(
        pool, scope=Scope.LANE, provider="yahoo", response=SAID, rule="Yahoo: complaints", strikes=2, age_lost=3
    )
    lines = pool.does("pauses", "show", "1").splitlines()
    assert lines[0] == f"Pause 1 (lane): {ann.address} → yahoo"
    assert "  strike 2 in a row" in lines
    assert f"  the server said at {SAID}" in lines
    assert "  the ramp fell back by 3 sending days" in lines
    assert any(line.startswith("  next try at ") for line in lines)
    assert lines[-1] == "  https://senders.yahooinc.com/smtp-error-codes"
    shown = pool.reads("pauses", "show", "1")
    assert (shown["days_lost"], shown["strikes"]) == (3, 2)
    assert shown["advice"][0]["source"] == "https://senders.yahooinc.com/smtp-error-codes"


def test_what_an_examination_ends_waits_for_nobody(pool: Hand) -> None:
    examined, ann = remembered(pool, cause=Cause.FAILURE, until=None, rule="doctor: spf", note="no SPF record")
    assert pool.reads("pauses", "list")[0]["next_try"] == "an examination is clean"
    assert "  an examination is clean\n" in pool.does("pauses", "show", "1")
    assert held.told(examined).endswith("held by a failure (doctor: spf) until an examination is clean: no SPF record")
    remembered(pool, until=None)
    row = next(row for row in pool.reads("status") if row["mailbox"] == ann.address)
    assert row["next_try"] == "a person ends it"  # the other one


def test_a_rule_that_is_gone_leaves_the_advice_to_what_todays_make_of_the_words(pool: Hand) -> None:
    remembered(pool, response=Response(Stage.AUTH, 535, "5.7.8", "no"), rule="of old", until=None)
    (advice,) = pool.reads("pauses", "show", "1")["advice"]
    assert advice["text"].startswith("See to the account at its provider")
    assert "  a person ends it\n" in pool.does("pauses", "show", "1")


def test_a_failure_is_told_as_one(pool: Hand) -> None:
    remembered(
        pool, scope=Scope.HOST, host="127.0.0.1", cause=Cause.FAILURE, rule="no connection", note="refused", strikes=4
    )
    told = pool.does("pauses", "show", "1")
    assert "Pause 1 (host): all at 127.0.0.1\n" in told
    assert "by a failure (no connection)\n" in told
    assert "  refused\n" in told
    assert "No server refused anything" in told


def test_a_pause_is_ended_once(pool: Hand) -> None:
    _, ann = remembered(pool)
    assert pool.does("pauses", "end", "1").startswith(f"pause 1 ended: {ann.address}, held by rule 'r' until ")
    assert pool.reads("pauses", "list") == []
    code, (line,) = pool.errs("pauses", "end", "1")
    assert (code, line.partition(" since ")[0]) == (2, "pause 1 is over")
    assert "  lifted at " in pool.does("pauses", "show", "1")


def test_an_operator_holds_a_mailbox_a_lane_a_recipient_a_domain_and_a_host(pool: Hand, servers: Servers) -> None:
    ann, *_ = servers.addresses
    domain = ann.partition("@")[2]
    for options, scope, what in (
        (("--mailbox", ann), "mailbox", ann),
        (("--mailbox", ann, "--to", domain), "lane", f"{ann} → {domain}"),
        (("--recipient", ann), "recipient", f"all → {ann}"),
        (("--domain", domain.upper()), "domain", f"*@{domain}"),
        (("--domain", domain, "--to", domain), "domain", f"*@{domain} → {domain}"),
        (("--host", "127.0.0.1"), "host", "all at 127.0.0.1"),
    ):
        said = pool.does("pauses", "add", *options, "--for", "2h", "--why", "because")
        *_, row = pool.reads("pauses", "list")
        assert said.startswith(f"pause {row['id']}: {what}, held by the operator until ")
        assert (row["scope"], row["what"], row["cause"]) == (scope, what, "operator")
        assert (row["by"], row["says"]) == ("the operator: because", "because")
    assert pool.reads("pauses", "show", "1")["advice"] == []


def test_a_hold_by_hand_lasts_until_a_person_or_a_day_ends_it(pool: Hand, servers: Servers) -> None:
    ann, *_ = servers.addresses
    pool.does("pauses", "add", "--mailbox", ann)
    pool.does("pauses", "add", "--recipient", ann, "--until", "2099-01-01")  # its own midnight
    pool.does("pauses", "add", "--host", "127.0.0.1", "--until", "2099-01-01")
    rows = pool.reads("pauses", "list")
    assert [row["until"] for row in rows] == [None, "2098-12-31T23:00:00+00:00", "2099-01-01T00:00:00+00:00"]
    assert rows[0]["next_try"] == "a person ends it"


@pytest.mark.parametrize(
    ("arguments", "told"),
    {
        "add": "pauses add: one of --mailbox, --recipient, --domain and --host; see warmup pauses add --help",
        "add --host 127.0.0.1 --domain northpost.test": "pauses add: one of --mailbox, ",
        "add --host 127.0.0.1 --to google": "--to goes with --mailbox or --domain",
        "add --mailbox ann": "'ann' is not an address",
        "add --mailbox nobody@x.test": "no mailbox of the pool has the mailbox 'nobody@x.test'; known here: ",
        "add --domain nothpost.test": "no mailbox of the pool has the domain 'nothpost.test'; did you mean northpost",
        "add --host smtp.x.test": "no mailbox of the pool has the host 'smtp.x.test'; known here: 127.0.0.1",
        "add --domain northpost.test --to gogle": "no mailbox of the pool has the provider 'gogle'; known here: ",
        "add --domain northpost.test --for 2": "--for is '2'; write a time with its unit",
        "add --host 127.0.0.1 --until 2020-01-01": "--until 2020-01-01: that is over; write a day to come",
        "show 7": "there is no pause 7; warmup pauses list --all shows them",
        "end 7": "there is no pause 7; warmup pauses list --all shows them",
        "end x": "pauses end: Invalid value for 'NUMBER': ",
    }.items(),
)
def test_what_would_hold_nothing_is_told_in_one_line(pool: Hand, arguments: str, told: str) -> None:
    code, (line,) = pool.errs("pauses", *arguments.split())
    assert code == 2
    assert line.startswith(told), line


def test_status_says_of_each_mailbox_what_is_held_why_and_until_when(pool: Hand, servers: Servers) -> None:
    _, ann = remembered(pool, scope=Scope.LANE, provider="yahoo", response=SAID, rule="Yahoo: complaints")
    remembered(pool, scope=Scope.LANE, provider="google", until=LATER + timedelta(hours=1))
    rows = {row["mailbox"]: row for row in pool.reads("status")}
    row = rows.pop(ann.address)
    assert (row["held"], row["held_by"]) == ("to google, yahoo", "rule 'Yahoo: complaints', rule 'r'")
    assert row["held_until"] == row["next_try"] == (LATER + timedelta(hours=1)).isoformat()
    assert [pause["id"] for pause in row["pauses"]] == [1, 2]
    assert {(row["held"], row["held_until"], row["next_try"]) for row in rows.values()} == {(None, None, None)}
    pool.does("pauses", "add", "--domain", ann.domain)
    for row in pool.reads("status"):
        theirs = row["mailbox"].endswith(f"@{ann.domain}")
        assert (row["held"], row["held_until"]) == (("all" if theirs else None), None)
        assert row["next_try"] == ("a person ends it" if theirs else None)


def test_a_held_recipient_may_send(pool: Hand, servers: Servers) -> None:
    ann, *_ = servers.addresses
    pool.does("pauses", "add", "--recipient", ann)
    row = next(row for row in pool.reads("status") if row["mailbox"] == ann)
    assert (row["held"], [one["scope"] for one in row["pauses"]]) == (None, ["recipient"])
    assert pool.reads("mailbox", "show", ann)["held"] == ["mail to it held by the operator until a person ends it"]
    assert [row["mailbox"] for row in pool.reads("log")] == [f"all → {ann}"]


def test_resuming_a_mailbox_leaves_what_others_share_and_says_so(pool: Hand, servers: Servers) -> None:
    ann, *_ = servers.addresses
    pool.does("mailbox", "pause", ann)
    pool.does("pauses", "add", "--host", "127.0.0.1", "--why", "it moves")
    result = pool.types("mailbox", "resume", ann)
    assert result.stdout == f"{ann}: 1 pause lifted\n"
    assert result.stderr == (
        f"{ann}: still host 127.0.0.1 held by the operator until a person ends it: it moves; "
        "warmup pauses end 2 lifts that\n"
    )


def test_held_mailboxes_fit_a_terminal_with_the_reasons_below(pool: Hand) -> None:
    _, ann = remembered(pool, scope=Scope.LANE, provider="yahoo", response=SAID, rule="Yahoo: complaints")
    for command in (("status",), ("pauses", "list"), ("pauses", "show", "1")):
        with Terminal(*command, columns=80) as terminal:
            assert terminal.ends() == 0
        lines = terminal.told.replace("\x1b[1m", "").replace("\x1b[0m", "").splitlines()
        assert max(map(len, lines)) <= 80, command
        assert ann.address in terminal.told
        if command == ("status",):
            assert {"HELD", "TRY"} < set(lines[0].split())
            below = " ".join(line.strip() for line in lines[lines.index("") + 1 :])
            assert f"; 1 held; no daemon is at work 1. {ann.address} → yahoo, until " in below
            assert below.endswith(f"rule 'Yahoo: complaints': {SAID}")


def test_every_scope_has_words(pool: Hand) -> None:
    pause, ann = remembered(pool)
    for scope, fields in (
        (Scope.MAILBOX, {}),
        (Scope.LANE, {"provider": "yahoo"}),
        (Scope.RECIPIENT, {"recipient": ann.id}),
        (Scope.DOMAIN, {"domain": ann.domain, "provider": "yahoo"}),
        (Scope.HOST, {"host": "smtp.x.test"}),
    ):
        one = replace(pause, scope=scope, **fields)
        assert held.told(one)
        assert held.what(one, {ann.id: ann})
