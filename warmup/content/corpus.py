"""The conversations that can be had.

A scenario is one Jinja2 template: facts that are `set` at its top, a macro `subject` and macros `turn1`, `turn2`, …
holding the prose of each turn; how people greet and sign off isn't part of it (`warmup.content.voice`).

    {% set what = pick(equipment) %}                          a list of the vocabulary, by its name
    {% set day = ahead(6, 9) %}                               6 to 9 working days after the thread began
    {% macro subject() %}{{ what|capital }}{% endmacro %}
    {% macro turn1() %}
    [Could|Can] we [borrow|have] {{ what }} {{ day.on }}?     alternatives: see `warmup.content.grammar`
    {% endmacro %}

It is named by its language and itself: "en/loan".

Facts come from the thread's seed alone, so they are the same in every turn; what is picked inside a turn comes from the
seed and the turn, so that the turn can be told again to be quoted.

Owns: compiling, checking and telling. Does not own: the files (`warmup.config`), who speaks (`Letter`).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain
from traceback import walk_tb

from jinja2 import StrictUndefined, Template, TemplateSyntaxError, nodes
from jinja2.sandbox import SandboxedEnvironment

from warmup.model import chance

from .grammar import Alternatives
from .language import Language
from .letter import CONTROL, Letter, Person
from .telling import Telling, capital, the
from .voice import Voice

_VERBS = frozenset(("telling", "pick", "number", "ahead", "last_month"))
_COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)
_MACRO = re.compile(r"\{%-?\s*macro\s+(\w+)\s*\(")
_GAP = re.compile(" ([,.;:?!])")
_TRIALS = 12  # seeds each template is told with before it is trusted: a guess
_MONDAY = datetime(2026, 11, 2, 9, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Scenario:
    """A conversation by its name, how many turns it has, and the code of its language."""

    name: str
    turns: int

    @property
    def language(self) -> str:
        return language_of(self.name)


@dataclass(frozen=True, slots=True)
class Told:
    """What a letter says: its thread's subject, and for each turn the paragraphs from greeting to name. A paragraph
    is one line that isn't wrapped yet, but for the farewell, which has a line for the name.
    """

    subject: str
    turns: Mapping[int, Sequence[str]]


class Corpus:
    """Scenarios, each compiled when it is first told and kept. `templates` are sources by name ("en/loan").

    Raises `ValueError` whose text begins with the template's name and, where it is known, the line: "en/loan:7: …"; or
    with the language. What only shows when a template is compiled or told is raised then, or by `check` beforehand.
    """

    def __init__(self, languages: Iterable[Language], templates: Mapping[str, str]) -> None:
        if not templates:
            raise ValueError("no template: a conversation needs at least one")
        self.languages = {language.code: language for language in languages}
        for language in self.languages.values():
            if verbs := _VERBS & language.words.keys():
                raise ValueError(f"{language.code}: words.{min(verbs)} is a word of the templates' own")
        for name in sorted(templates):
            if language_of(name) not in self.languages:
                raise ValueError(f"{name}: there is no language {language_of(name)!r}")
        self._voices = {language.code: Voice.of(language) for language in self.languages.values()}
        self._environments = {language.code: _environment(language) for language in self.languages.values()}
        self._sources = dict(templates)
        self._templates: dict[str, Template] = {}
        self._turns = {name: _count(name, _macros(templates[name])) for name in sorted(templates)}
        self.scenarios: tuple[Scenario, ...] = tuple(Scenario(name, turns) for name, turns in self._turns.items())

    @property
    def by_language(self) -> Mapping[str, Sequence[tuple[str, int]]]:
        """(name, number of turns) of the scenarios, by the code of their language."""
        found: defaultdict[str, list[tuple[str, int]]] = defaultdict(list)
        for scenario in self.scenarios:
            found[scenario.language].append((scenario.name, scenario.turns))
        return dict(found)

    def language(self, scenario: str) -> Language:
        """The one a scenario is in."""
        return self.languages[language_of(scenario)]

    def check(self) -> None:
        """Compile every template and tell it a few times. Raises `ValueError` for the first mistake."""
        for scenario in self.scenarios:
            for seed in range(_TRIALS):
                self.tell(trial(scenario, seed), range(1, scenario.turns + 1))

    def tell(self, letter: Letter, turns: Iterable[int]) -> Told:
        """What those turns of the letter's thread say. Raises `ValueError` for a scenario or turn that isn't there."""
        if letter.turn > self._turns.get(letter.scenario, 0):
            raise ValueError(f"{letter.scenario}: no such scenario, or it has no turn {letter.turn}")
        template, language = self._template(letter.scenario), self.language(letter.scenario)
        names = {letter.sender.first, letter.recipient.first}
        telling = Telling(chance(letter.thread, "facts"), language, letter.written(1).date(), names)
        try:
            facts = template.make_module({**language.words, **telling.verbs})
            subject = " ".join(facts.subject().split())  # type: ignore[attr-defined]
            if not subject:
                raise ValueError("the subject is empty")
            taken = frozenset(telling.taken)
            told = {}
            for turn in turns:
                telling.turn(chance(letter.thread, turn), letter.written(turn).date(), taken)
                prose = tuple(_paragraphs(getattr(facts, f"turn{turn}")()))
                if not prose:
                    raise ValueError(f"turn{turn} says nothing")
                told[turn] = self._voices[language.code].frame(telling.dice, letter, turn, prose)
            if any(CONTROL.search(text.replace("\n", "")) for text in (subject, *chain(*told.values()))):
                raise ValueError("there is a control character in what it says")
        except Exception as error:  # a template is foreign code and may do anything wrong
            raise ValueError(f"{_where(template, error)}: {error}") from error
        return Told(subject, told)

    def _template(self, name: str) -> Template:
        """Compiled once, and checked for names that aren't there: they would else show in a rare alternative only."""
        if name not in self._templates:
            self._templates[name] = self._compile(name)
        return self._templates[name]

    def _compile(self, name: str) -> Template:
        environment, words = self._environments[language_of(name)], self.language(name).words
        try:
            tree = environment.parse(self._sources[name], name)
            code = environment.compile(tree, name, name)
        except TemplateSyntaxError as error:
            raise ValueError(f"{name}:{error.lineno}: {error.message}") from error
        macros = {macro.name for macro in tree.find_all(nodes.Macro)}
        names = tuple(tree.find_all(nodes.Name))
        known = {node.name for node in names if node.ctx != "load"} | macros | words.keys() | _VERBS
        for node in names:
            if node.name not in known:
                raise ValueError(f"{name}:{node.lineno}: {node.name!r} is neither set above nor a list of words")
        return Template.from_code(environment, code, {})


def language_of(scenario: str) -> str:
    """ "en" of "en/loan"."""
    return scenario.partition("/")[0]


def _environment(language: Language) -> SandboxedEnvironment:
    environment = SandboxedEnvironment(undefined=StrictUndefined, extensions=[Alternatives])
    environment.globals.clear()
    environment.filters.update(capital=capital, spelled=language.spelled, the=the, roll=Telling.roll)
    return environment


def _macros(source: str) -> dict[str, int]:
    """The macros of a template and their lines, read off without compiling it."""
    seen = _COMMENT.sub(lambda comment: "\n" * comment[0].count("\n"), source)
    return {found[1]: seen.count("\n", 0, found.start()) + 1 for found in _MACRO.finditer(seen)}


def _count(name: str, macros: Mapping[str, int]) -> int:
    """How many turns there are among the macros (name → line). Raises `ValueError` when there is none, or a gap."""
    for missing in ("subject", "turn1"):
        if missing not in macros:
            raise ValueError(f"{name}: there is no macro {missing!r}")
    turns = [f"turn{turn}" for turn in range(1, sum(macro.startswith("turn") for macro in macros) + 1)]
    for macro, line in macros.items():
        if macro.startswith("turn") and macro not in turns:
            raise ValueError(f"{name}:{line}: turns are to be numbered from 1 without a gap, and {macro!r} isn't")
    return len(turns)


def trial(scenario: Scenario, seed: object, one: str = "Ann Bell", other: str = "Bob Cole") -> Letter:
    """The last turn of a made-up thread that `one` began, each turn written a day after the one before."""
    people = Person(one, "ann@example.test"), Person(other, "bob@example.test")
    sender, recipient = people if scenario.turns % 2 else people[::-1]
    dates = [_MONDAY + timedelta(days=turn, minutes=37 * turn) for turn in range(scenario.turns)]
    return Letter(
        message_id=f"<{scenario.turns}@example.test>",
        references=tuple(f"<{turn}@example.test>" for turn in range(1, scenario.turns)),
        thread=str(seed),
        scenario=scenario.name,
        turn=scenario.turns,
        sender=sender,
        recipient=recipient,
        date=dates[-1],
        earlier=tuple(dates[:-1]),
        label=("X-Trial", "1"),
    )


def _where(template: Template, error: Exception) -> str:
    """The template's name and the line of it that was being told."""
    lines = [line for frame, line in walk_tb(error.__traceback__) if frame.f_code.co_filename == template.name]
    return f"{template.name}:{template.get_corresponding_lineno(lines[-1])}" if lines else str(template.name)


def _paragraphs(prose: str) -> Iterator[str]:
    """Blank lines part paragraphs; any other white space is one space, and none before a mark, where an alternative may
    have been empty.
    """
    lines: list[str] = []
    for line in (*prose.splitlines(), ""):
        # A no-break space is a character like others: French has it before some marks.
        if words := [word for word in line.replace("\t", " ").split(" ") if word]:
            lines += words
        elif lines:
            yield _GAP.sub(r"\1", " ".join(lines))
            lines = []
