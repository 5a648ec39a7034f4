"""A language: how it writes days, numbers and quotations, and its words.

Owns: what a file in data/languages has to say. Does not own: the file (`warmup.config`), wording (the templates), which
language two people share (`warmup.plan`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

_DAYS = ("today", "tomorrow", "this_week", "next_week", "later")
_DAYTIMES = ("morning", "afternoon", "evening")


class Forms:
    """A word in the forms that its language bends it to: `{{ thing.acc }}`; the first form is the word itself."""

    __slots__ = ("_forms",)

    def __init__(self, forms: Mapping[str, str]) -> None:
        self._forms = forms

    def __str__(self) -> str:
        return next(iter(self._forms.values()))

    def __getitem__(self, form: str) -> str:
        return self._forms[form]


Words = Mapping[str, Sequence[str | Forms]]


@dataclass(frozen=True, slots=True)
class Language:
    """As its file says it. `days` are patterns by form and nearness: `days["on"]["next_week"]` is "next {weekday}"."""

    code: str  # ISO 639-1
    weekdays: tuple[str, ...]  # Monday first
    weekdays_short: tuple[str, ...]
    months: tuple[str, ...]
    months_short: tuple[str, ...]
    numbers: tuple[str, ...]  # from 0 on, as far as people write them as words
    first: str  # the day of the month when it is the first
    dates: str  # a pattern: "{day} {month}"
    attribution: str
    daytimes: Mapping[str, str]
    days: Mapping[str, Mapping[str, str]]
    words: Words

    @classmethod
    def of(cls, code: str, table: Mapping[str, object]) -> Language:
        """Raises `ValueError`, whose text begins with the code and a colon, for a key that is missing or not as it has
        to be.
        """
        try:
            return cls(
                code=code,
                weekdays=_list(table, "weekdays", 7),
                weekdays_short=_list(table, "weekdays_short", 7),
                months=_list(table, "months", 12),
                months_short=_list(table, "months_short", 12),
                numbers=_list(table, "numbers"),
                first=_text(table, "first", "1"),
                dates=_text(table, "date"),
                attribution=_text(table, "attribution"),
                daytimes=_texts(_table(table, "daytimes"), _DAYTIMES),
                days={form: _texts(_table(_table(table, "days"), form), _DAYS) for form in _table(table, "days")},
                words={name: tuple(_words(name, words)) for name, words in _table(table, "words").items()},
            )
        except ValueError as error:
            raise ValueError(f"{code}: {error}") from None

    def day(self, form: str, day: date, today: date) -> str:
        """That day spoken of on another. Raises `KeyError` for a form that the language hasn't."""
        ahead = (day - today).days
        weeks = (ahead + today.weekday()) // 7
        near = _DAYS[ahead] if ahead in (0, 1) else _DAYS[2 + weeks] if ahead > 1 and weeks < 2 else _DAYS[4]
        return self.days[form][near].format(weekday=self.weekdays[day.weekday()], date=self.dated(day))

    def dated(self, day: date) -> str:
        """ "17 November"."""
        return self.dates.format(day=self.first if day.day == 1 else day.day, month=self.months[day.month - 1])

    def spelled(self, number: int) -> str:
        """As people write it: "three", "twelve", "13"."""
        return self.numbers[number] if 0 <= number < len(self.numbers) else str(number)

    def daytime(self, hour: int) -> str:
        """What the time of the day is called in a greeting."""
        return self.daytimes[_DAYTIMES[(hour >= 12) + (hour >= 18)]]

    def quoted(self, moment: datetime, name: str) -> str:
        """The line above a quotation: "On Tue, 3 Nov 2026 at 10:15, Ann Bell wrote:"."""
        return self.attribution.format(
            weekday=self.weekdays[moment.weekday()],
            weekday_short=self.weekdays_short[moment.weekday()],
            day=moment.day,
            month=self.months[moment.month - 1],
            month_short=self.months_short[moment.month - 1],
            year=moment.year,
            time=f"{moment.hour:02}:{moment.minute:02}",
            name=name,
        )


def _table(table: Mapping[str, object], key: str) -> Mapping[str, object]:
    value = table.get(key)
    if not isinstance(value, Mapping):
        raise ValueError(f"{key} is missing, or not a table")
    return value


def _text(table: Mapping[str, object], key: str, default: str | None = None) -> str:
    value = table.get(key, default)
    if not isinstance(value, str):
        raise ValueError(f"{key} is missing, or not a text")
    return value


def _texts(table: Mapping[str, object], keys: Sequence[str]) -> Mapping[str, str]:
    return {key: _text(table, key) for key in keys}


def _list(table: Mapping[str, object], key: str, length: int | None = None) -> tuple[str, ...]:
    return _strings(key, table.get(key), length)


def _strings(name: str, value: object, length: int | None = None) -> tuple[str, ...]:
    if not isinstance(value, Sequence) or isinstance(value, str) or not all(isinstance(word, str) for word in value):
        raise ValueError(f"{name} is missing, or not a list of texts")
    if not value or (length and len(value) != length):
        raise ValueError(f"{name} has {len(value)} words instead of {length or 'some'}")
    return tuple(value)


def _words(name: str, value: object) -> Iterator[str | Forms]:
    """The words of a list, or of a table: `forms` names what each of its `words` is a list of."""
    if not isinstance(value, Mapping):
        yield from _strings(name, value)
        return
    forms = _strings(f"{name}.forms", value.get("forms"))
    words = value.get("words")
    if not isinstance(words, Sequence) or isinstance(words, str) or not words:
        raise ValueError(f"{name}.words is missing, or not a list")
    for word in words:
        yield Forms(dict(zip(forms, _strings(f"a word of {name}", word, len(forms)), strict=True)))
