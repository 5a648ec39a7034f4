"""The operator's own conversations and languages."""

from __future__ import annotations

from pathlib import Path

import pytest

from warmup.config import Config, load
from warmup.config.places import packed
from warmup.errors import ConfigError

from .test_config import HOME, write


def test_own_templates_stand_beside_ours_or_in_their_place(tmp_path: Path) -> None:
    ours = load(None, HOME).policy.scenarios["en"]
    name, turns = ours[0]
    config = with_template(tmp_path, name.removeprefix("en/"), one_turn("Hello"))
    assert (name, 1) in config.policy.scenarios["en"]
    assert len(config.policy.scenarios["en"]) == len(ours)
    more = with_template(tmp_path, "own", one_turn("Hello"))
    assert len(more.policy.scenarios["en"]) == len(ours) + 1
    assert turns > 1


def test_own_templates_may_bring_words_or_a_language_of_their_own(tmp_path: Path) -> None:
    own = tmp_path / "templates"
    for code, prose, table in (
        ("en", "{{ pick(ships) }}", '[words]\nships = ["Argo"]'),
        ("la", "Salve {{ ahead(1, 1).on }}", packed_language().replace('on {weekday}"', 'die {weekday}"')),
    ):
        (own / code).mkdir(parents=True)
        (own / code / "own.j2").write_text(one_turn(prose))
        (own / code / "language.toml").write_text(table)
    config = load(write(tmp_path, "[mail]\ntemplates = 'templates'\nlanguages = {'b.test' = 'la'}"), HOME)
    assert config.policy.scenarios["la"] == [("la/own", 1)]
    assert ("en/own", 1) in config.policy.scenarios["en"]
    assert config.policy.languages == {"b.test": "la"}
    (own / "la" / "language.toml").write_text("months = 12")
    with pytest.raises(ConfigError, match=rf"^{own}/la/language.toml: weekdays is missing"):
        load(tmp_path / "warmup.toml", HOME)


def packed_language() -> str:
    return (packed("data") / "languages" / "en.toml").read_text("utf-8")


def test_a_bad_own_template_is_told_with_its_file_and_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=rf"^{tmp_path}/templates/own\.j2:2: "):
        with_template(tmp_path, "own", one_turn("{{ nobody_knows_this }}"))
    (tmp_path / "templates" / "own.j2").write_bytes(b"\xff")
    with pytest.raises(ConfigError, match="a template can't be read as UTF-8 text"):
        load(tmp_path / "warmup.toml", HOME)


def one_turn(prose: str) -> str:
    return f"{{% macro subject() %}}Tea{{% endmacro %}}\n{{% macro turn1() %}}{prose}{{% endmacro %}}\n"


def with_template(directory: Path, name: str, source: str) -> Config:
    (directory / "templates").mkdir(exist_ok=True)
    (directory / "templates" / f"{name}.j2").write_text(source)
    return load(write(directory, "[mail]\ntemplates = 'templates'"), HOME)
