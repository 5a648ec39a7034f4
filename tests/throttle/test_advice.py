"""The operator is told what to do: by what the rule names, by the provider, by the action where no rule says more."""

from __future__ import annotations

import re

import pytest

from tests.throttle.known import RULES, TABLES, TOPICS
from warmup.model import Action, Cause, Verdict
from warmup.throttle import Advice, Rule, rules

HOLDING = set(Action) - {Action.ACCEPTED, Action.RETRY_LATER, Action.FAIL_MESSAGE, Action.IGNORE}
BUSY = {"name": "busy", "pattern": "busy", "action": "pause_lane"}


def advised(advice: list[str] | str | None, provider: str | None = None) -> list[str]:
    table = BUSY if advice is None else BUSY | {"advice": advice}
    verdict = Verdict(action=Action.PAUSE_LANE, rule="busy")
    return [one.text for one in rules([table], topics=TOPICS).advice(verdict, provider)]


def text(topic: str) -> str:
    return TOPICS.by_name[topic].text


@pytest.mark.parametrize("rule", [rule for rule in RULES.ordered if rule.action in HOLDING], ids=lambda rule: rule.name)
def test_every_rule_that_holds_says_what_can_be_done(rule: Rule) -> None:
    assert rule.advice


def test_no_topic_is_dead_and_none_is_named_that_is_not_there() -> None:
    named = {topic for rule in RULES.ordered for topic in rule.advice}
    spare = {*map(str, set(Action) - {Action.ACCEPTED}), Cause.FAILURE.value}
    assert {name.partition(".")[0] for name in TOPICS.by_name} == named | spare


@pytest.mark.parametrize(("name", "advice"), TOPICS.by_name.items(), ids=TOPICS.by_name)
def test_advice_is_a_few_sentences_and_its_source_a_page(name: str, advice: Advice) -> None:
    assert re.fullmatch(r"[a-z_-]+(?:\.[a-z]+)?", name)
    assert advice.text.isprintable()
    assert advice.text.endswith(".")
    assert 20 <= len(advice.text) <= 330
    assert advice.source is None or re.fullmatch(r"https?://[^\s/]+/\S*", advice.source)
    assert advice.source or "." not in name, "what is said of a provider can be looked up"


def test_a_topic_is_told_with_what_there_is_to_add_at_the_provider() -> None:
    assert advised("password") == advised(["password"], "nowhere.example") == [text("password")]
    assert advised("password", "google") == [text("password"), text("password.google")]
    assert advised(["slower", "password"], "yahoo") == [text("slower"), text("password"), text("password.yahoo")]


def test_an_operators_own_rule_may_have_a_sentence() -> None:
    assert advised(["Ask Bob at the host.", "slower"]) == ["Ask Bob at the host.", text("slower")]


def test_a_rule_without_advice_has_that_of_its_action() -> None:
    assert advised(None) == [text("pause_lane")]
    assert RULES.advice(Verdict(action=Action.DISABLE, rule="no such rule")) == (TOPICS.by_name["disable"],)


def test_the_commands_and_settings_that_are_named_exist() -> None:
    """Commands in backquotes; the rest is for the reader of data/advice.toml to see."""
    words = {
        found for advice in TOPICS.by_name.values() for found in re.findall(r"`warmup ([a-z]+ [a-z]+)", advice.text)
    }
    verbs = ("authorize", "set", "test", "remove", "resume")
    assert words <= {f"mailbox {verb}" for verb in verbs} | {"curve list", "pauses end"}
    assert len({table["name"] for table in TABLES}) == len(TABLES)
