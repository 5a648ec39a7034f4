"""Rules are made of tables, refuse what isn't one, and are asked in order."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.throttle.known import RULES, TABLES, TOPICS
from warmup.model import Action, Response, Stage, Verdict
from warmup.throttle import Rules, Unfit, Waits, judge, rules

BUSY = {"name": "busy", "pattern": "busy", "action": "pause_lane", "kind": "rate", "wait": "2h"}
SAID = Response(Stage.RCPT, 451, "4.7.1", "so busy")


def spoken(*tables: dict[str, Any], own: tuple[dict[str, Any], ...] = (), said: Response = SAID) -> str:
    return judge(said, rules=rules(tables, own=own), provider="example").rule


def test_a_rule_that_fits_makes_the_verdict() -> None:
    assert judge(SAID, rules=rules([BUSY])) == Verdict(
        action=Action.PAUSE_LANE, rule="busy", wait=timedelta(hours=2), setback=0.5, kind=rules([BUSY]).ordered[0].kind
    )


def test_the_first_rule_that_fits_speaks() -> None:
    assert spoken(BUSY, BUSY | {"name": "later"}) == "busy"
    assert spoken(BUSY | {"pattern": "idle"}, BUSY | {"name": "later"}) == "later"


def test_what_no_rule_knows_is_judged_by_its_code() -> None:
    assert spoken(BUSY | {"pattern": "idle"}) == "temporary refusal"


@pytest.mark.parametrize(
    "fits",
    [
        {"pattern": ["busy", "so"]},
        {"unless": "idle"},
        {"stages": ["rcpt", "dot"]},
        {"codes": [450, 451]},
        {"codes": ["4yz"]},
        {"enhanced": ["4.7.1"]},
        {"enhanced": ["X.7.1"]},
        {"enhanced": ["4.7"]},
        {"providers": ["example"]},
    ],
)
def test_a_condition_that_holds_lets_the_rule_speak(fits: dict[str, Any]) -> None:
    assert spoken(BUSY | fits) == "busy"


@pytest.mark.parametrize(
    "unfit",
    [
        {"pattern": ["busy", "idle"]},
        {"unless": ["idle", "so"]},
        {"stages": ["dot"]},
        {"codes": [450]},
        {"codes": ["5yz"]},
        {"enhanced": ["4.7.11"]},
        {"enhanced": ["X.7.0"]},
        {"enhanced": ["5.7"]},
        {"providers": ["another"]},
    ],
)
def test_a_condition_that_fails_keeps_the_rule_silent(unfit: dict[str, Any]) -> None:
    assert spoken(BUSY | unfit) == "temporary refusal"


@pytest.mark.parametrize("stage", [Stage.LOGIN, Stage.SELECT, Stage.FETCH])
def test_a_rule_that_names_no_stage_is_not_for_imap(stage: Stage) -> None:
    assert spoken(BUSY, said=Response(stage, 0, None, "NO busy")) != "busy"


def test_an_enhanced_code_may_stand_anywhere_in_the_words() -> None:
    rule = {"name": "code", "enhanced": ["5.7.1"], "action": "disable"}
    assert spoken(rule, said=Response(Stage.MAIL, 553, None, "not allowed - 5.7.1 [BL23]")) == "code"
    assert spoken(rule, said=Response(Stage.MAIL, 553, None, "not allowed from 192.5.7.1")) != "code"


def test_an_operators_rule_is_asked_first_and_one_of_the_same_name_takes_its_place() -> None:
    ours = BUSY | {"name": "ours"}
    assert spoken(BUSY, own=(ours,)) == "ours"
    silenced = BUSY | {"pattern": "never said"}
    assert spoken(BUSY, BUSY | {"name": "later"}, own=(silenced,)) == "later"
    assert [rule.name for rule in rules([BUSY], own=[silenced, ours]).ordered] == ["ours", "busy"]


@pytest.mark.parametrize(
    ("table", "complaint"),
    [
        ({"pattern": "(busy"}, "pattern: is no regular expression"),
        ({"pattern": ""}, "pattern: is ''; write text"),
        ({"pattern": 5}, "pattern: is 5; write text"),
        ({"pattern": "(a+)+"}, "pattern: repeats without end"),
        ({"unless": "(?:a{1,9}){1,9}"}, "unless: repeats a group"),
        ({"pattern": "[z-\n]"}, "pattern: is no regular expression (bad character range z- at position 1 (line 1"),
        ({"action": ["ignore"]}, "action: is ['ignore']; write one of"),
        ({"stages": [["rcpt"]]}, "stages: is ['rcpt']; write text"),
        ({"patern": "busy"}, "patern: unknown key"),
        ({"action": "panic"}, "action: is 'panic'; write one of"),
        ({"action": "accepted"}, "action: is 'accepted'; write one of"),
        ({"kind": "rat"}, "kind: is 'rat'; write one of"),
        ({"stages": ["rcpt", "end"]}, "stages: is 'end'; write one of"),
        ({"codes": [42]}, "codes: is '42'; write a basic code"),
        ({"enhanced": ["4.7.x"]}, "enhanced: is '4.7.X'; write an enhanced code"),
        ({"wait": 60}, 'wait: is 60; write a time such as "90s"'),
        ({"wait": "8d"}, "wait: is '8d'; write a time"),
        ({"domain": "yes"}, "domain: is 'yes'; write true or false"),
        ({"advice": ["password", "pasword"]}, "advice: is 'pasword'; write a topic of data/advice.toml, or a sentence"),
        ({"advice": "two\nlines"}, "advice: is 'two\\nlines'; write it on one line"),
        ({"line": []}, None),
    ],
)
def test_a_bad_rule_is_refused_by_number_name_and_key(table: dict[str, Any], complaint: str | None) -> None:
    if complaint is None:
        assert rules([BUSY | table])
        return
    with pytest.raises(ValueError, match="rule 2 ") as refused:
        rules([BUSY, BUSY | {"name": "second"} | table], topics=TOPICS)
    assert str(refused.value).startswith(f"rule 2 (second): {complaint}")


def test_all_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(Unfit) as refused:
        rules([BUSY | {"name": "a\nb"}, BUSY, BUSY | {"wait": 1, "kind": "x"}, {}])
    assert [(at, key) for at, key, _ in refused.value.mistakes] == [
        *((0, "name"), (2, "kind"), (2, "wait"), (2, "name")),
        *((3, "name"), (3, "action")),
    ]


def test_a_rule_needs_a_name_an_action_and_a_condition() -> None:
    with pytest.raises(ValueError, match=r"rule 1 \(without a name\): name: is missing"):
        rules([{"pattern": "busy", "action": "ignore"}])
    with pytest.raises(ValueError, match=r"rule 1 \(busy\): action: is missing"):
        rules([{"name": "busy", "pattern": "busy"}])
    with pytest.raises(ValueError, match=r"rule 1 \(busy\): pattern: is missing"):
        rules([{"name": "busy", "action": "ignore"}])
    with pytest.raises(ValueError, match=r"rule 2 \(busy\): name: another rule has it"):
        rules([BUSY, BUSY])


def test_waits_come_from_the_server_then_from_the_rule_then_from_the_operator() -> None:
    plain = {"name": "plain", "pattern": "busy", "action": "pause_lane"}
    waits = Waits(lane=timedelta(hours=3))
    named = Response(Stage.RCPT, 451, None, "busy, try again in 7 minutes")
    assert judge(SAID, rules=rules([plain]), waits=waits).wait == timedelta(hours=3)
    assert judge(SAID, rules=rules([plain | {"wait": "5h"}]), waits=waits).wait == timedelta(hours=5)
    assert judge(named, rules=rules([plain | {"wait": "5h"}]), waits=waits).wait == timedelta(minutes=7)


def test_shares_come_from_the_operator() -> None:
    waits = Waits(setback=0.4, reputation=0.6, quota=0.8)
    shares = {
        kind: judge(SAID, rules=rules([BUSY | {"kind": kind}]), waits=waits).setback
        for kind in ("rate", "reputation", "quota", "login", "trouble")
    }
    assert shares == {"rate": 0.4, "reputation": 0.6, "quota": 0.8, "login": 1.0, "trouble": 1.0}


def test_a_verdict_for_a_person_has_no_wait() -> None:
    for action in ("disable", "fix_config", "fail_message", "drop_recipient", "ignore"):
        table = BUSY | {"action": action}
        assert judge(Response(Stage.RCPT, 451, None, "busy for 5 minutes"), rules=rules([table])).wait is None


def test_rules_can_be_compared_and_none_is_a_rule_book_too() -> None:
    assert rules(TABLES, topics=TOPICS) == RULES
    assert Rules().speaking(SAID) is None
