"""What a template can ask for while it is told.

Owns: picking, numbers and days to speak of. Does not own: wording (the templates), the words (the vocabulary).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from random import Random
from typing import TypeVar

from .days import Calendar, Day, working_day
from .language import Forms, Language

Word = TypeVar("Word", str, int, Forms)


class Telling:
    """The state of telling one letter and what it quotes: first facts and subject, then turn by turn.

    `start` is the day of the first turn, as its author's calendar has it. What is in `taken` isn't picked: the first
    names of the two people, and then whatever was picked already.
    """

    def __init__(self, dice: Random, language: Language, start: date, taken: Iterable[str]) -> None:
        self.dice = dice
        self.start = start
        self.calendar = Calendar(start, language)
        self.taken = set(taken)

    def turn(self, dice: Random, today: date, taken: Iterable[str]) -> None:
        """Go on to a turn, with dice of its own: what other turns picked has no part in it."""
        self.dice = dice
        self.calendar.today = today
        self.taken = set(taken)

    @property
    def verbs(self) -> Mapping[str, object]:
        """What is to stand in the context of a template."""
        return {
            "telling": self,
            "pick": self.pick,
            "number": self.number,
            "ahead": self.ahead,
            "last_month": self.last_month,
        }

    def roll(self, sides: int) -> int:
        """0 … sides - 1."""
        return int(self.dice.random() * sides)

    def pick(self, words: Sequence[Word]) -> Word:
        """One of these words, and not one picked before as long as there are others."""
        free = [word for word in words if str(word) not in self.taken] or words
        word = free[self.roll(len(free))]
        self.taken.add(str(word))
        return word

    def number(self, low: int, high: int) -> int:
        return low + self.roll(high - low + 1)

    def ahead(self, low: int, high: int, after: Day | None = None) -> Day:
        """A day that many working days after another, or after the day the conversation began."""
        start = after.day if after else self.start
        return Day(working_day(start, self.number(low, high)), self.calendar)

    def last_month(self) -> str:
        """The month before the one in which the conversation began."""
        return self.calendar.language.months[self.start.month - 2]


def the(noun: str) -> str:
    """ "the projector", when it was "a projector" before: in English, where that is all there is to it."""
    article, _, rest = noun.partition(" ")
    return f"the {rest}" if article in ("a", "an") else noun


def capital(text: object) -> str:
    """With a capital at the start of a sentence, be there a mark before it ("¿Puedes"), and the rest left alone."""
    words = str(text)
    start = next((index for index, character in enumerate(words) if character.isalnum()), 0)
    return words[:start] + words[start : start + 1].upper() + words[start + 1 :]
