"""The shipped conversations: each told for many seeds, and read as closely as a program can."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from functools import cache
from itertools import cycle, islice

import pytest

from warmup.content import Person, Scenario, compose
from warmup.content.corpus import Told

from .letters import ANN, TOM, body, letter, parts, shipped, sources, vocabulary

SEEDS = range(150)
HELEN, HUGO = Person("Helen Marsh", "helen@north.test"), Person("Hugo", "hugo@south.test")
SCENARIOS = sorted(sources())
WEEKDAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]

each_scenario = pytest.mark.parametrize("name", SCENARIOS)


def scenario(name: str) -> Scenario:
    return next(scenario for scenario in shipped().scenarios if scenario.name == name)


@cache
def told(name: str, seed: int) -> Told:
    turns = scenario(name).turns
    return shipped().tell(letter(name, turns, seed), range(1, turns + 1))


@cache
def prose(name: str) -> list[tuple[str, ...]]:
    """Every turn of every seed, without greeting and farewell."""
    return [
        tuple(p for p in turn if not p.endswith(",") and "\n" not in p and p not in ("Ann", "Tom", ANN.name, TOM.name))
        for seed in SEEDS
        for turn in told(name, seed).turns.values()
    ]


def test_there_are_two_dozen_conversations_of_two_to_eight_turns() -> None:
    assert len(SCENARIOS) >= 20
    assert all(2 <= scenario.turns <= 8 for scenario in shipped().scenarios)


@each_scenario
def test_paragraphs_are_sentences(name: str) -> None:
    for paragraphs in prose(name):
        for text in paragraphs:
            assert text[0].isupper() or text[0].isdigit(), text
            assert text[-1] in ".?!", text
            assert not re.search(r"\s\s|\s[,.;:?!]|[,.;:?!]{2}|[\[\]|{}<>]|\bNone\b", text), text
            assert re.search(r"(?<=[.?!]) [a-z]", text) is None, text


@each_scenario
def test_an_article_fits_the_word_it_stands_before(name: str) -> None:
    for paragraphs in prose(name):
        for text in paragraphs:
            for article, word in re.findall(r"\b([Aa]n?) (\w+)", text):
                vowel = word[0].lower() in "aeiou" and not word.startswith(("one", "user", "use", "uni", "euro"))
                silent = word.startswith(("hour", "honest"))
                assert (article.lower() == "an") is (vowel or silent), text
            assert not re.search(r"\b(\w+) \1\b", text.replace("had had", "").replace("that that", "")), text


@each_scenario
def test_there_is_nothing_but_words(name: str) -> None:
    for paragraphs in prose(name):
        assert not re.search(r"https?:|www\.|@|\battach|[$€£%]|!!", " ".join(paragraphs))


@each_scenario
def test_every_alternative_is_said_some_time(name: str) -> None:
    # A word of a template that never shows in many tellings stands where nothing can reach it.
    said = " ".join(" ".join(turn) for turn in prose(name))
    source = re.sub(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", "\0", sources()[name].partition("turn1()")[2], flags=re.DOTALL)
    words = set(re.findall(r"(?<![\w'\0])[a-z]{4,}(?![\w'\0])", source))
    assert {word for word in words if word not in said.lower()} == set()


@each_scenario
def test_a_day_named_is_that_weekday_and_lies_ahead(name: str) -> None:
    for seed in SEEDS:
        opening = letter(name, 1, seed).date.date()
        for text in (" ".join(turn) for turn in told(name, seed).turns.values()):
            for weekday, day, month in re.findall(rf"({'|'.join(WEEKDAYS)}) (\d+) ([A-Z]\w+)", text):
                named = dated(day, month, opening)
                assert named.weekday() == WEEKDAYS.index(weekday)
                assert timedelta(5) <= named - opening < timedelta(40)


def dated(day: str, month: str, after: date) -> date:
    found = datetime.strptime(f"{day} {month} {after.year}", "%d %B %Y").date()
    return found if found >= after else found.replace(year=after.year + 1)


@each_scenario
def test_a_reply_quotes_what_was_sent_to_the_letter(name: str) -> None:
    for seed in range(20):
        for turn in range(2, scenario(name).turns + 1):
            before = body(compose(letter(name, turn - 1, seed), shipped()))
            _, attribution, quoted = parts(compose(letter(name, turn, seed), shipped()))
            if turn <= 4:
                assert quoted == before
            else:  # the oldest turn is cut off, with the line above it and the gap before that
                assert quoted == before[: len(quoted)]
                assert all(line.startswith("> > >") for line in before[len(quoted) + 2 :])
            assert attribution.endswith(f"{letter(name, turn - 1, seed).sender.name} wrote:")


@each_scenario
def test_the_subject_is_the_threads(name: str) -> None:
    for seed in SEEDS:
        subjects = {
            shipped().tell(letter(name, turn, seed), [turn]).subject for turn in range(1, scenario(name).turns + 1)
        }
        assert len(subjects) == 1
        (subject,) = subjects
        assert subject[0].isupper() or subject[0].isdigit()
        assert not subject.lower().startswith("re:")
        assert len(subject) <= 70


@each_scenario
def test_nobody_meets_a_namesake(name: str) -> None:
    for seed in SEEDS:
        order = letter(name, scenario(name).turns, seed, HELEN, HUGO)
        said = " ".join(p for t in shipped().tell(order, range(1, order.turn + 1)).turns.values() for p in t[1:-1])
        assert not re.search("Helen|Hugo", said)


def test_a_thousand_messages_differ() -> None:
    orders = islice(cycle((s.name, turn) for s in shipped().scenarios for turn in range(1, s.turns + 1)), 1000)
    letters = [letter(name, turn, seed) for seed, (name, turn) in enumerate(orders)]
    bodies = {compose(each, shipped()).partition(b"\r\n\r\n")[2] for each in letters}
    own = {shipped().tell(each, [each.turn]).turns[each.turn] for each in letters}
    assert len(bodies) > 990
    assert len(own) > 990  # what was written, quotations aside


def test_the_vocabulary_has_no_list_that_nobody_uses() -> None:
    used = set(re.findall(r"\w+", " ".join(sources().values()))) | {"greetings", "sign_offs"}
    assert vocabulary().keys() - used == set()


def test_the_vocabulary_says_nothing_twice() -> None:
    for name, words in vocabulary().items():
        assert len(set(words)) == len(words), name
