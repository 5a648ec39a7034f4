"""`warmup explain ANSWER` and `--batch`: what a server's answer means, of one and of many."""

from __future__ import annotations

import csv
import json
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from warmup.cli.answers import MEANS, Meaning
from warmup.model import Action, Kind, Stage, Verdict

from .hand import Hand, Terminal

STUDIED = Path(__file__).parents[1] / "data" / "smtp_responses.csv"
RATE = "421 4.7.28 Gmail has detected an unusual rate of email originating from your IP address"
OWN = "[[throttle.rule]]\nname = 'ours'\npattern = 'unusual rate'\naction = 'ignore'\nadvice = 'Ask Bob.'\n"


def test_an_answer_is_explained_in_plain_words_without_a_database(hand: Hand) -> None:
    lines = hand.does("explain", RATE, "--stage", "rcpt", "--provider", "google").splitlines()
    assert lines[:6] == [
        "pause_lane, by rule 'Google: unusual rate of mail', said at rcpt",
        "  It was too much at once.",
        "  What this mailbox would send to that receiving provider is held.",
        "  The first wait is 1h; each further one in a row is twice as long, up to a day.",
        "  The ramp falls back to 50% of the day's volume.",
        "What you can do:",
    ]
    assert lines[6].startswith("  Postmaster Tools shows how Gmail sees your domain")
    assert lines[7] == "  https://support.google.com/a/answer/81126"
    assert not list(hand.folder.iterdir())


def test_an_answer_is_explained_to_programs(hand: Hand) -> None:
    row = hand.reads("explain", RATE)
    assert [advice["source"] for advice in row.pop("advice")] == ["https://support.google.com/a/answer/81126", None]
    assert row == {
        "reply": RATE,
        "stage": "rcpt",
        "action": "pause_lane",
        "scope": "lane",
        "wait_seconds": 3600,
        "rule": "Google: unusual rate of mail",
        "enhanced": "4.7.28",
        "set_back": 0.5,
        "kind": "rate",
    }


@pytest.mark.parametrize(
    ("said", "stage", "scope"),
    [
        (RATE, "dot", "lane"),
        (RATE, "ehlo", "mailbox"),  # nothing was named yet
        (RATE.replace("IP address", "DKIM domain example.org"), "dot", "domain"),
        (RATE.replace("IP address", "DKIM domain example.org"), "dsn", "domain"),
        ("421 Too many connections", "connect", "host"),
        ("421 Too many connections", "dsn", "lane"),
        ("NO [LIMIT] Too many connections", "login", "mailbox"),
        ("452 4.2.2 Mailbox full", "rcpt", "recipient"),
        ("550 5.1.1 No such user", "dsn", "recipient"),
        ("451 Try again later", "mail", "message"),
        ("451 Try again later", "auth", "mailbox"),
        ("554 No", "dot", "message"),
        ("554 No", "starttls", "mailbox"),
        ("535 5.7.8 Username and Password not accepted", "auth", "mailbox"),
        ("421 4.4.2 idle timeout", "connect", "none"),
        ("250 Ok", "dot", "none"),
    ],
)
def test_what_is_held_depends_on_the_words_and_on_when_they_were_said(
    hand: Hand, said: str, stage: str, scope: str
) -> None:
    assert hand.reads("explain", said, "--stage", stage)["scope"] == scope


def test_an_answer_that_depends_on_the_stage_is_explained_for_each(hand: Hand) -> None:
    said = hand.does("explain", "NO [AUTHENTICATIONFAILED] Invalid credentials")
    assert said.startswith("disable, by rule 'IMAP: sign-in refused', said at login\n")
    assert "At select, fetch: retry_later, " in said
    assert "Reading this mailbox waits; what it sends goes on." in said
    said = hand.does("explain", "451 Try again later")
    assert said.startswith("retry_later, by rule 'come back later', said at rcpt\n")
    assert "At connect, ehlo, auth: retry_later, " in said


@pytest.mark.parametrize(
    "line",
    [
        f"smtp; {RATE}",
        f"host mx.example.org[2001:db8::25] said: {RATE} (in reply to end of DATA command)",
        f"host mx.example.org[192.0.2.25] refused to talk to me: {RATE}",
        f"postfix/smtp[421]: 4A: relay=mx.b.test[192.0.2.25]:587, dsn=4.7.28, status=deferred (host mx said: {RATE})",
        f"SMTP error from remote mail server after RCPT TO:<a@b.test>: host mx.b.test [192.0.2.25]: {RATE}",
        f"550 5.4.300 Message expired -> {RATE}",
    ],
)
def test_an_answer_is_found_in_a_line_that_tells_of_it(hand: Hand, line: str) -> None:
    row = hand.reads("explain", line)
    assert (row["reply"], row["stage"]) == (line, "dsn")
    assert (row["action"], row["enhanced"]) == ("pause_lane", "4.7.28")
    assert hand.reads("explain", line, "--stage", "mail")["stage"] == "mail"


def test_what_waits_for_a_person_says_how_it_ends_and_what_to_do(hand: Hand) -> None:
    refused = ("explain", "535 5.7.8 Username and Password not accepted", "--stage", "auth")
    assert "  Until you lift that: `warmup pauses end`.\n" in hand.does(*refused)
    assert "app password, which needs 2-Step" in hand.does(*refused, "--provider", "gmail")
    assert "2-Step" not in hand.does(*refused, "--provider", "example.org")


def test_a_provider_may_be_named_by_one_of_its_domains(hand: Hand) -> None:
    said = ("explain", "550 5.7.30 refused", "--provider")
    for name in ("Gmail.com", "gmail", "google"):
        assert hand.reads(*said, name)["action"] == "fix_config"
    for name in ("outlook.com", "outlook", "microsoft"):
        assert hand.reads(*said, name)["action"] == "disable"


def test_the_operators_own_rules_waits_and_advice_are_gone_by(hand: Hand) -> None:
    Path("warmup.toml").write_text("[throttle]\nlane = '7m'\nmailbox = '9m'\nreputation = 0.9\n")
    hint = "550 5.7.1 [192.0.2.10] this message is suspicious due to the very low reputation of the sending IP"
    assert "The ramp falls back to 90% of" in hand.does("explain", hint)
    assert hand.reads("explain", RATE)["wait_seconds"] == 420
    assert hand.reads("explain", "552 5.3.4 Message too big", "--stage", "ehlo")["wait_seconds"] == 540
    Path("warmup.toml").write_text(OWN)
    row = hand.reads("explain", RATE)
    assert (row["rule"], row["advice"]) == ("ours", [{"text": "Ask Bob.", "source": None}])


def test_a_rule_that_is_wrong_is_told_by_check_and_explain(hand: Hand) -> None:
    Path("warmup.toml").write_text(OWN.replace("unusual rate", "(unusual|rate)*"))
    told = "warmup.toml:3: throttle.rule[0].pattern: repeats without end at 15; write {0,40} instead"
    assert hand.errs("explain", RATE) == (78, [told])
    assert told in hand.types("check").stdout
    Path("warmup.toml").write_text(OWN.replace("Ask Bob.", "passwrd"))
    told = "warmup.toml:5: throttle.rule[0].advice: is 'passwrd'; write a topic of data/advice.toml, or a sentence"
    assert hand.errs("explain", RATE) == (78, [told])


def test_the_studied_answers_are_judged_as_they_should_be_an_object_each(hand: Hand) -> None:
    result = hand.types("explain", "--batch", str(STUDIED))
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    right = Counter(row["right"] for row in rows)[True]
    *missed, last = result.stderr.splitlines()
    assert last == f"{right} of 140 right, 0 false throttles, 0 throttles taken as permanent"
    assert (right >= 136, len(missed)) == (True, 140 - right)
    assert result.exit_code == (right < 140)
    assert {"action", "scope", "wait_seconds", "rule", "enhanced", "set_back"} < rows[0].keys()
    assert {row["action"] for row in rows} <= set(Action)
    with STUDIED.open(newline="") as file:
        wanted = [(row["provider"], row["stage"], row["reply"], row["action"]) for row in csv.DictReader(file)]
    assert [(row["provider"], row["stage"], row["reply"], row["wanted"]) for row in rows] == wanted


def test_answers_that_are_judged_otherwise_are_told_and_counted_by_how_bad_that_is(hand: Hand) -> None:
    lines = [
        "action,reply,stage,provider,mine",
        f"pause_lane,{RATE},any,google,",
        f"retry_later,{RATE},rcpt,google,a false throttle",
        f",{RATE},dsn,,not compared",
        "pause_lane,535 5.7.8 Username and Password not accepted,auth,,taken as permanent",
        "fail_message,454 4.7.0 TLS not available due to local problem,starttls,,merely wrong",
    ]
    Path("a.csv").write_text("\n".join(lines))
    result = hand.types("explain", "--batch", "a.csv")
    assert result.exit_code == 1
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert [row.get("right") for row in rows] == [True, False, None, False, False]
    assert result.stderr.splitlines() == [
        f"a.csv:3: retry_later is wanted, not pause_lane, by rule 'Google: unusual rate of mail': {RATE}",
        "a.csv:5: pause_lane is wanted, not disable, by rule 'sign-in refused': "
        "535 5.7.8 Username and Password not accepted",
        "a.csv:6: fail_message is wanted, not retry_later, by rule 'temporary refusal': "
        "454 4.7.0 TLS not available due to local problem",
        "1 of 4 right, 1 false throttles, 1 throttles taken as permanent",
    ]


def test_answers_with_nothing_to_compare_are_judged_and_that_is_well(hand: Hand) -> None:
    Path("a.csv").write_text(f"\ufeffprovider,stage,reply\n,any,{RATE}\n,login,NO [LIMIT] LOGIN Rate limit hit.\n")
    result = hand.types("explain", "--batch", "a.csv")
    assert (result.exit_code, result.stderr) == (0, "")
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert [(row["stage"], row["action"]) for row in rows] == [("any", "pause_lane"), ("login", "pause_mailbox")]
    assert "wanted" not in rows[0]


WRONG = {  # what is in a.csv → what is said of it
    "provider,reply\n": "a.csv:1: there is no column stage; the first line names the columns, parted by commas: ",
    "": "a.csv:1: there is no column provider, stage, reply; the first line names",
    "provider,stage,reply\n": "a.csv: there are no answers in it; ",
    "provider,stage,reply\n,end,421 no\n": "a.csv:2: stage 'end'; write one of connect, ",
    "provider,stage,reply,action\n,dot,421 no,stop\n": "a.csv:2: action 'stop'; write one of accepted, ",
    "provider,stage,reply\n,dot\n": "a.csv:2: as many values as there are columns, please",
    "provider,stage,reply\n,dot,421 a, b\n": "a.csv:2: as many values as there are columns, please",
    'provider,stage,reply\n,dot,"421': "a.csv:2: no CSV: ",
    "provider,stage,reply\n,dot,\udcff\n": "a.csv: this isn't UTF-8 text; save the file as UTF-8",
}


@pytest.mark.parametrize(("text", "told"), WRONG.items(), ids=[told.partition(";")[0] for told in WRONG.values()])
def test_a_file_that_makes_no_sense_is_told_in_one_line(hand: Hand, text: str, told: str) -> None:
    Path("a.csv").write_text(text, errors="surrogateescape")
    code, (line,) = hand.errs("explain", "--batch", "a.csv")
    assert code == 2
    assert line.startswith(told), line


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "explain: one of ADDRESS, ANSWER and --batch FILE; see warmup explain --help"),
        (["421", "--batch", "a.csv"], "explain: one of ADDRESS, "),
        (["421", "--date", "2026-03-09"], "--date goes with ADDRESS"),
        (["--batch", "a.csv", "--stage", "dot"], "--stage and --provider go with ANSWER; in a file they are columns"),
        (["a@x.test", "--provider", "google"], "--stage and --provider go with ANSWER"),
        (["421", "--stage", "end"], "--stage 'end': write one of connect, "),
        ([" "], "explain: that is empty; write a mailbox's address, or paste what a server answered"),
        (["ann"], "'ann' is no address, which has an @, and no answer, which has a code or several words"),
        (["4.7.28"], "'4.7.28' is no address, "),
        (["--batch", "none.csv"], "none.csv: can't be read: No such file or directory"),
        (["--batch", "."], ".: can't be read: Is a directory"),
    ],
)
def test_what_makes_no_sense_together_is_told_in_one_line(hand: Hand, arguments: list[str], told: str) -> None:
    code, (line,) = hand.errs("explain", *arguments)
    assert code == 2
    assert line.startswith(told), line


def test_an_address_is_told_from_an_answer_with_one_in_it(pool: Hand) -> None:
    for address in ("421-team@x.test", " 550@x.test ", "ann@x.test"):
        assert pool.errs("explain", address)[1][0].startswith(f"there is no mailbox {address.strip()};")
    for answer in ("550 <a@x.test> unknown", "550-5.1.1<a@x.test>", "550<a@x.test>", "NO a@x.test", "421-no"):
        assert pool.reads("explain", answer)["reply"] == answer


def test_every_action_and_every_wait_has_words() -> None:
    assert MEANS.keys() == set(Action)
    wait = timedelta(days=1, hours=3, seconds=5)
    verdict = Verdict(action=Action.PAUSE_MAILBOX, rule="r", wait=wait, setback=0.75, kind=Kind.QUOTA)
    told = "\n".join(Meaning(verdict, Stage.DOT, wait).lines())
    assert "The first wait is 1d 3h 5s;" in told
    assert "75% of what was accepted that day." in told


def test_an_answer_cannot_command_the_terminal_and_is_folded_between_words(hand: Hand) -> None:
    with Terminal("explain", "421 \x1b[2J [bold]slow[/bold] down, too many messages", columns=60) as terminal:
        assert terminal.ends() == 0
    assert "\x1b" not in terminal.told
    lines = terminal.told.splitlines()
    assert max(map(len, lines)) <= 60
    assert all(line.startswith("  ") for line in lines[1:] if line != "What you can do:")
