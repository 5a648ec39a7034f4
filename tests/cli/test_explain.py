"""`warmup explain --said` and `--batch`: what a server's answer means, of one and of many."""

from __future__ import annotations

import csv
import json
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from warmup.cli.answers import ACTS, Answer
from warmup.model import Action, Kind, Stage, Verdict

from .hand import Hand, Terminal

STUDIED = Path(__file__).parents[1] / "data" / "smtp_responses.csv"
RATE = "421 4.7.28 Gmail has detected an unusual rate of email originating from your IP address"
OWN = "[[throttle.rule]]\nname = 'ours'\npattern = 'unusual rate'\naction = 'ignore'\n"


def test_an_answer_is_explained_in_plain_words_without_a_database(hand: Hand) -> None:
    lines = hand.does("explain", "--said", RATE, "--stage", "rcpt", "--provider", "google").splitlines()
    assert lines == [
        "pause_lane, by rule 'Google: unusual rate of mail' (said at rcpt)",
        "  What this mailbox would send to that receiving provider is held.",
        "  It was too much at once.",
        "  The first wait is 1h; each further one in a row is twice as long, up to a day.",
        "  The ramp falls back to 50% of the day's volume.",
    ]
    assert not list(hand.folder.iterdir())


def test_an_answer_is_explained_to_programs(hand: Hand) -> None:
    assert hand.reads("explain", "--said", RATE) == {
        "reply": RATE,
        "action": "pause_lane",
        "scope": "lane",
        "wait_seconds": 3600,
        "rule": "Google: unusual rate of mail",
        "enhanced": "4.7.28",
        "set_back": 0.5,
        "kind": "rate",
    }


def test_an_answer_that_depends_on_the_stage_is_explained_for_each(hand: Hand) -> None:
    said = hand.does("explain", "--said", "NO [AUTHENTICATIONFAILED] Invalid credentials")
    assert "disable, by rule 'IMAP: sign-in refused' (said at login)\n" in said
    assert "(said at select, fetch)\n" in said
    row = hand.reads("explain", "--said", "NO [AUTHENTICATIONFAILED] Invalid credentials")
    assert (row["action"], row["scope"]) == ("disable or retry_later", "mailbox or message")


def test_an_answer_about_a_domain_is_told_to_hold_for_all_of_it(hand: Hand) -> None:
    said = RATE.replace("IP address", "DKIM domain example.org")
    assert "holds for every mailbox of it" in hand.does("explain", "--said", said)
    assert hand.reads("explain", "--said", said)["scope"] == "domain"


def test_a_provider_may_be_named_by_one_of_its_domains(hand: Hand) -> None:
    said = ("explain", "--said", "550 5.7.30 refused", "--provider")
    assert hand.reads(*said, "Gmail.com")["action"] == hand.reads(*said, "google")["action"] == "fix_config"
    assert hand.reads(*said, "outlook.com")["action"] == "disable"


def test_the_operators_own_rules_and_waits_are_gone_by(hand: Hand) -> None:
    Path("warmup.toml").write_text("[throttle]\nlane = '7m'\nreputation = 0.9\n")
    hint = "550 5.7.1 [192.0.2.10] this message is suspicious due to the very low reputation of the sending IP"
    assert "The ramp falls back to 90% of" in hand.does("explain", "--said", hint)
    assert hand.reads("explain", "--said", RATE)["wait_seconds"] == 420
    Path("warmup.toml").write_text(OWN)
    assert hand.reads("explain", "--said", RATE)["rule"] == "ours"


def test_a_rule_that_is_wrong_is_told_by_check_and_explain(hand: Hand) -> None:
    Path("warmup.toml").write_text(OWN.replace("unusual rate", "(unusual|rate)*"))
    told = "warmup.toml:3: throttle.rule[0].pattern: repeats without end at 15; write {0,40} instead"
    assert hand.errs("explain", "--said", RATE) == (78, [told])
    assert told in hand.types("check").stdout


def test_the_studied_answers_are_judged_as_they_should_be(hand: Hand) -> None:
    result = hand.types("explain", "--batch", str(STUDIED))
    assert result.exit_code in {0, 1}
    *rows, last = csv.reader(result.stdout.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE)
    assert rows[0] == ["JUDGED", "ACTION", "RULE", "REPLY"]
    right = sum(row[0] == "right" for row in rows[1:])
    assert last == [f"{right} of 140 right, 0 false throttles, 0 throttles taken as permanent"]
    assert right >= 136
    assert result.exit_code == (right < 140)


def test_the_studied_answers_are_an_object_each(hand: Hand) -> None:
    result = hand.types("explain", "--batch", str(STUDIED), "--json")
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert len(rows) == 140
    assert {"action", "scope", "wait_seconds", "rule", "enhanced", "set_back"} < rows[0].keys()
    assert Counter(row["right"] for row in rows)[True] >= 136
    with STUDIED.open(newline="") as file:
        wanted = [(row["provider"], row["stage"], row["reply"], row["action"]) for row in csv.DictReader(file)]
    assert [(row["provider"], row["stage"], row["reply"], row["wanted"]) for row in rows] == wanted


def test_answers_that_are_judged_otherwise_are_counted_by_how_bad_that_is(hand: Hand) -> None:
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
    *rows, last = result.stdout.splitlines()
    assert [row.split("\t")[0] for row in rows[1:]] == [
        "right",
        "wrong, retry_later is wanted",
        "",
        "wrong, pause_lane is wanted",
        "wrong, fail_message is wanted",
    ]
    assert last == "1 of 4 right, 1 false throttles, 1 throttles taken as permanent"


def test_answers_with_nothing_to_compare_are_judged_and_that_is_well(hand: Hand) -> None:
    Path("a.csv").write_text(f"\ufeffprovider,stage,reply\n,any,{RATE}\n,login,NO [LIMIT] LOGIN Rate limit hit.\n")
    assert [row.split("\t")[0] for row in hand.does("explain", "--batch", "a.csv").splitlines()] == [
        "ACTION",
        "pause_lane",
        "pause_mailbox",
    ]
    assert "wanted" not in hand.does("explain", "--batch", "a.csv", "--json")


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
        ([], "explain: one of ADDRESS, --said ANSWER and --batch FILE; see warmup explain --help"),
        (["a@x.test", "--said", "421"], "explain: one of ADDRESS, "),
        (["--said", "421", "--batch", "a.csv"], "explain: one of ADDRESS, "),
        (["--said", "421", "--date", "2026-03-09"], "--date goes with ADDRESS"),
        (["--batch", "a.csv", "--stage", "dot"], "--stage and --provider go with --said; in a file they are columns"),
        (["a@x.test", "--provider", "google"], "--stage and --provider go with --said"),
        (["--said", "421", "--stage", "end"], "--stage 'end': write one of connect, "),
        (["--said", " "], "--said is empty; paste what the server answered"),
        (["--batch", "none.csv"], "none.csv: can't be read: No such file or directory"),
        (["--batch", "."], ".: can't be read: Is a directory"),
    ],
)
def test_what_makes_no_sense_together_is_told_in_one_line(hand: Hand, arguments: list[str], told: str) -> None:
    code, (line,) = hand.errs("explain", *arguments)
    assert code == 2
    assert line.startswith(told), line


def test_every_action_and_every_wait_has_words() -> None:
    assert ACTS.keys() == set(Action)
    verdict = Verdict(
        action=Action.PAUSE_MAILBOX, rule="r", wait=timedelta(days=1, hours=3, seconds=5), setback=0.75, kind=Kind.QUOTA
    )
    told = "\n".join(Answer("", {verdict: [Stage.DOT]}).lines())
    assert "The first wait is 1d 3h 5s;" in told
    assert "75% of what was accepted that day." in told


def test_an_answer_cannot_command_the_terminal(hand: Hand) -> None:
    Path("a.csv").write_text('provider,stage,reply\n,any,"421 \x1b[2J [bold]slow[/bold]"\n')
    with Terminal("explain", "--batch", "a.csv", columns=120) as terminal:
        terminal.ends()
    assert "\x1b[2J" not in terminal.told
    assert "[bold]slow" in terminal.told
