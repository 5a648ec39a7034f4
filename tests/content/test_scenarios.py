"""The shipped conversations: each told for many seeds, and read as closely as a program can."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from functools import cache
from itertools import cycle, islice

import pytest

from warmup.config import phrases
from warmup.content import Language, Person, Scenario, compose, lint

from .letters import body, letter, parts, shipped, sources, tables, told

SEEDS = range(40)
HELEN, HUGO = Person("Helen Marsh", "helen@north.test"), Person("Hugo", "hugo@south.test")
SCENARIOS = sorted(sources())

each_scenario = pytest.mark.parametrize("name", SCENARIOS)
each_english_one = pytest.mark.parametrize("name", [name for name in SCENARIOS if name.startswith("en/")])
each_language = pytest.mark.parametrize("code", sorted(tables()))


def scenario(name: str) -> Scenario:
    return next(scenario for scenario in shipped().scenarios if scenario.name == name)


@cache
def prose(name: str) -> list[tuple[str, ...]]:
    """Every turn of every seed, without greeting and farewell."""
    language = shipped().language(name)
    greetings = tuple(
        str(greeting).replace("{daytime}", daytime).partition(" {")[0].partition(",")[0]
        for greeting in language.words["greetings"]
        for daytime in language.daytimes.values()
    )
    return [
        tuple(
            p
            for at, p in enumerate(turn[:-1])
            if at or not (p.startswith(greetings) and p.endswith((",", "!", ":")) and len(p.split()) < 5)
        )
        for seed in SEEDS
        for turn in told(name, seed).turns.values()
    ]


@each_language
def test_there_are_a_dozen_conversations_of_two_to_eight_turns(code: str) -> None:
    scenarios = shipped().by_language[code]
    assert len(scenarios) >= 12
    assert all(2 <= turns <= 8 for _, turns in scenarios)


@each_scenario
def test_paragraphs_are_sentences(name: str) -> None:
    for paragraphs in prose(name):
        for text in paragraphs:
            assert text[-1] in ".?!", text
            assert not re.search(r"\s\s| [,.;:?!]|[,.;:?!]{2}|[\[\]|{}<>]|\bNone\b", text), text
            assert re.search(r"(?<=[.?!]) [a-z]", text) is None, text


@each_english_one
def test_an_article_fits_the_word_it_stands_before(name: str) -> None:
    for paragraphs in prose(name):
        for text in paragraphs:
            for article, word in re.findall(r"\b([Aa]n?) (\w+)", text):
                vowel = word[0].lower() in "aeiou" and not word.startswith(("one", "user", "use", "uni", "euro"))
                silent = word.startswith(("hour", "honest", "honour"))
                assert (article.lower() == "an") is (vowel or silent), text
            assert not re.search(r"\b(\w+) \1\b", text.replace("had had", "").replace("that that", "")), text


@each_scenario
def test_there_is_nothing_but_words(name: str) -> None:
    for paragraphs in prose(name):
        assert not re.search(r"https?:|www\.|@|\battach|[$€£%]|!!", " ".join(paragraphs))


@each_scenario
def test_a_day_named_is_that_weekday_and_lies_ahead(name: str) -> None:
    for seed in SEEDS:
        opening = letter(name, 1, seed).date.date()
        for text in (" ".join(turn) for turn in told(name, seed).turns.values()):
            for weekday, named in days_named(shipped().language(name), text, opening):
                assert named.weekday() == weekday
                assert timedelta(5) <= named - opening < timedelta(40)


def days_named(language: Language, text: str, after: date) -> Iterator[tuple[int, date]]:
    """The weekday that is said, and the day of the month that is said with it."""
    weekdays, months = ("|".join(map(re.escape, names)) for names in (language.weekdays, language.months))
    dated = language.dates.format(day=r"(?P<day>\d+)\S{0,2}", month=f"(?P<month>{months})")
    later = re.sub(r"([()])", r"\\\1", language.days["plain"]["later"])
    pattern = later.format(weekday=f"(?P<weekday>{weekdays})", date=dated)
    for found in re.finditer(pattern, text):
        day = date(after.year, language.months.index(found["month"]) + 1, int(found["day"]))
        yield language.weekdays.index(found["weekday"]), day if day >= after else day.replace(year=after.year + 1)


@each_language
def test_a_day_named_is_found_where_it_stands(code: str) -> None:
    language, day = shipped().languages[code], date(2026, 12, 1)
    said = language.day("plain", day, date(2026, 11, 2))
    assert list(days_named(language, f"({said})", date(2026, 11, 2))) == [(1, day)]


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
            assert letter(name, turn - 1, seed).sender.name in attribution


@each_scenario
def test_the_subject_is_the_threads(name: str) -> None:
    for seed in SEEDS:
        subjects = {
            shipped().tell(letter(name, turn, seed), [turn]).subject for turn in range(1, scenario(name).turns + 1)
        }
        assert len(subjects) == 1
        (subject,) = subjects
        assert subject.lstrip("¿¡«")[0].isupper() or subject.lstrip("¿¡«")[0].isdigit()
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


@each_language
def test_no_flaw_is_found_in_what_is_shipped(code: str) -> None:
    scenarios = [scenario for scenario in shipped().scenarios if scenario.language == code]
    assert [flaw for one in scenarios for flaw in lint(shipped(), one, phrases()[code], trials=5)] == []


@each_language
def test_a_language_has_no_list_that_nobody_uses(code: str) -> None:
    prose = " ".join(source for name, source in sources().items() if name.startswith(f"{code}/"))
    assert tables()[code]["words"].keys() - set(re.findall(r"\w+", prose)) - {"greetings", "sign_offs"} == set()


@each_language
def test_a_language_says_nothing_twice(code: str) -> None:
    for name, words in shipped().languages[code].words.items():
        assert len(set(map(str, words))) == len(words), name
