"""How people greet and sign off: each has a few ways of their own and keeps to them.

Owns: the first and the last lines of a turn. Does not own: what stands between (the templates).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from random import Random

from warmup.model import chance

from .language import Language
from .letter import Letter, Person
from .telling import capital

_WAYS = 3  # ways to greet and to sign off that one person has: a guess
_FORMAL = 0.4  # share of people who sign their first letters in full: a guess
_GREETED = (1.0, 0.85, 0.6)  # share of first, second and later turns that greet: in a lively thread people stop
_SIGNED = (1.0, 0.9, 0.75)  # share of them with words above the name: a guess too


@dataclass(frozen=True, slots=True)
class Voice:
    """The greetings ("Good {daytime} {name},") and sign-offs ("Best regards,") of a language."""

    language: Language
    greetings: tuple[str, ...]
    sign_offs: tuple[str, ...]

    @classmethod
    def of(cls, language: Language) -> Voice:
        """Raises `ValueError` when the language's words lack the two lists."""
        for name in ("greetings", "sign_offs"):
            if name not in language.words:
                raise ValueError(f"{language.code}: words.{name} is missing")
        greetings, sign_offs = (tuple(map(str, language.words[name])) for name in ("greetings", "sign_offs"))
        return cls(language, greetings, sign_offs)

    def frame(self, dice: Random, letter: Letter, turn: int, prose: Iterable[str]) -> tuple[str, ...]:
        """The paragraphs of a turn with a greeting above, unless it is a late turn's author who leaves it out, and a
        farewell below. What follows no greeting that ends in a comma begins with a capital, whatever the template says:
        in German it is a small letter after the comma.
        """
        author, stage = letter.author(turn), min(turn, 3) - 1
        words = self._greeting(dice, letter, turn) if dice.random() < _GREETED[stage] else ""
        signed = dice.random() < _SIGNED[stage]
        first, *others = prose
        first = first if words.endswith(",") else capital(first)
        return tuple(filter(None, (words, first, *others, self._farewell(dice, author, turn, signed))))

    def _greeting(self, dice: Random, letter: Letter, turn: int) -> str:
        """ "Hello Ann,", or "Hello," to somebody without a name, who takes the comma along: "Hola, Ana:", "Hola:"."""
        words = dice.choice(_own(self.greetings, letter.author(turn), "greeting"))
        words = words.replace("{daytime}", self.language.daytime(letter.written(turn).hour))
        name = letter.reader(turn).first
        return words.replace("{name}", name) if name else words.replace(", {name}", "").replace(" {name}", "")

    def _farewell(self, dice: Random, author: Person, turn: int, signed: bool) -> str:
        """The sign-off and, on a line of its own, the name: in full as long as the two are strangers, if that is the
        author's way.
        """
        words = dice.choice(_own(self.sign_offs, author, "sign-off"))
        name = author.full if turn < 3 and _formal(author) else author.first
        return "\n".join(filter(None, (words if signed or not name else "", name)))


@lru_cache(maxsize=4096)  # a pool has few people, and seeding costs more than the choice
def _own(ways: tuple[str, ...], person: Person, kind: str) -> Sequence[str]:
    return chance(person.address, kind).sample(ways, min(_WAYS, len(ways)))


@lru_cache(maxsize=4096)
def _formal(person: Person) -> bool:
    return chance(person.address, "formal").random() < _FORMAL
