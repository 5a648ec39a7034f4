"""Conversations, as they come with the program or from the operator's own templates.

Owns: files to values. Does not own: what is in a good template (`warmup.content`).
"""

from __future__ import annotations

import tomllib
from functools import lru_cache
from importlib.resources.abc import Traversable

from warmup.content import Corpus
from warmup.errors import ConfigError

from .places import packed

_SUFFIX = ".j2"


def corpus(own: Traversable | None) -> Corpus:
    """The conversations that come with the program; templates in the directory `own` are added, or take the place of
    those of the same name. Raises `ConfigError` naming the file and line of a bad one.
    """
    files = _files(packed("templates") / "en") | (_files(own) if own else {})
    try:
        words = _kept(tuple(sorted((name, file.read_text("utf-8")) for name, file in files.items())))
        if own:  # those that come with the program are checked before they do
            words.check()
        return words
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{own}: a template can't be read as UTF-8 text: {error}") from error
    except ValueError as error:
        name, colon, what = str(error).partition(":")
        raise ConfigError(f"{files.get(name, name)}{colon}{what}") from error


def _files(directory: Traversable) -> dict[str, Traversable]:
    return {file.name.removesuffix(_SUFFIX): file for file in directory.iterdir() if file.name.endswith(_SUFFIX)}


@lru_cache(maxsize=2)  # so that reloading what hasn't changed costs nothing, and gives an equal Config
def _kept(templates: tuple[tuple[str, str], ...]) -> Corpus:
    return Corpus(
        dict(templates), tomllib.loads((packed("data") / "languages" / "en.toml").read_text("utf-8"))["words"]
    )
