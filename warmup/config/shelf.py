"""Conversations, as they come with the program or from the operator's own folder.

In the folder, as in templates/, lie the conversations of a language in a folder of its own, `de/NAME.j2`; those beside
the folders are in the default language. `de/language.toml` may hold what is to differ from data/languages/de.toml, or
all of a language that doesn't come with the program.

Owns: files to values. Does not own: what is in a good template (`warmup.content`).
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, lru_cache
from importlib.resources.abc import Traversable

from warmup.content import Corpus, Language
from warmup.errors import ConfigError

from .places import packed

_TEMPLATE, _TABLE = ".j2", ".toml"
_OWN_TABLE = "language.toml"


def languages(own: Traversable | None) -> frozenset[str]:
    """The codes of those that there are conversations in."""
    folders = (*packed("templates").iterdir(), *(own.iterdir() if own else ()))
    return frozenset(folder.name for folder in folders if folder.is_dir() and any(_files(folder)))


def corpus(own: Traversable | None, language: str) -> Corpus:
    """The conversations that come with the program; what is in the folder `own` is added, or takes the place of what
    has the same name. `language` is the default. Raises `ConfigError` naming the file and line of a bad one.
    """
    files = dict(_templates(packed("templates"))) | (dict(_templates(own, language)) if own else {})
    tables = {file.name.removesuffix(_TABLE): [file] for file in (packed("data") / "languages").iterdir()}
    for code in {name.partition("/")[0] for name in files}:
        if own and (own / code / _OWN_TABLE).is_file():
            tables.setdefault(code, []).append(own / code / _OWN_TABLE)
    try:
        words = _kept(
            tuple(sorted((code, tuple(file.read_text("utf-8") for file in tables[code])) for code in tables)),
            tuple(sorted((name, file.read_text("utf-8")) for name, file in files.items())),
        )
        if own:  # those that come with the program are checked before they do
            words.check()
        return words
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{own}: a template can't be read as UTF-8 text: {error}") from error
    except ValueError as error:
        name, colon, what = str(error).partition(":")
        raise ConfigError(f"{files.get(name, tables.get(name, [name])[-1])}{colon}{what}") from error


@cache
def phrases() -> Mapping[str, Sequence[str]]:
    """Words of bulk mail, by language."""
    lists: dict[str, list[str]] = tomllib.loads((packed("data") / "phrases.toml").read_text("utf-8"))
    return lists


def _templates(folder: Traversable, language: str = "") -> Iterator[tuple[str, Traversable]]:
    """Template by name: of the folders in it, and beside them in a default language."""
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from ((f"{entry.name}/{name}", file) for name, file in _files(entry))
    if language:
        yield from ((f"{language}/{name}", file) for name, file in _files(folder))


def _files(folder: Traversable) -> Iterator[tuple[str, Traversable]]:
    for file in folder.iterdir():
        if file.name.endswith(_TEMPLATE):
            yield file.name.removesuffix(_TEMPLATE), file


@lru_cache(maxsize=2)  # so that reloading what hasn't changed costs nothing, and gives an equal Config
def _kept(tables: tuple[tuple[str, tuple[str, ...]], ...], templates: tuple[tuple[str, str], ...]) -> Corpus:
    return Corpus((_language(code, *texts) for code, texts in tables), dict(templates))


def _language(code: str, *texts: str) -> Language:
    """Of the tables in a language's files: a later one's keys take the place of the one's before."""
    whole: dict[str, object] = {}
    for text in texts:
        try:
            whole = _merged(whole, tomllib.loads(text))
        except tomllib.TOMLDecodeError as error:
            raise ValueError(f"{code}: not TOML: {error}") from error
    return Language.of(code, whole)


def _merged(table: Mapping[str, object], own: Mapping[str, object]) -> dict[str, object]:
    """`own` over `table`; of "words" and "days", the tables with names in them, name by name."""
    merged = {**table, **own}
    for key in ("words", "days"):
        below, above = table.get(key), own.get(key)
        if isinstance(below, Mapping) and isinstance(above, Mapping):
            merged[key] = {**below, **above}
    return merged
