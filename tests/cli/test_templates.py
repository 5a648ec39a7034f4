"""`warmup templates`: conversations are looked at before anybody is sent them."""

from __future__ import annotations

import json
from email import message_from_string
from email.policy import default
from pathlib import Path

import pytest

from .hand import Hand


@pytest.fixture
def own(hand: Hand) -> Path:
    Path("templates").mkdir()
    Path("warmup.toml").write_text("[mail]\ntemplates = 'templates'\n")
    return Path("templates")


def test_a_new_conversation_is_good_and_can_be_read(hand: Hand, own: Path) -> None:
    told = hand.does("templates", "new", "visit")
    assert (own / "en" / "visit.j2").is_file()
    assert "warmup templates preview en/visit" in told
    assert hand.types("templates", "check", "en/visit").stderr == "1 conversations, nothing to mend\n"
    assert "en/visit\ten\t2" in hand.does("templates", "list")
    assert hand.does("templates", "preview", "visit").startswith("Ann Bell, Mon 02 Nov 09:00: A ")
    assert hand.errs("templates", "new", "visit")[0] == 2


def test_a_preview_shows_what_is_sent(hand: Hand, own: Path) -> None:
    hand.does("templates", "new", "visit")
    turns = json.loads(hand.does("templates", "preview", "en/visit", "--thread", "7", "--json"))
    first, second = hand.does("templates", "preview", "en/visit", "--thread", "7", "--raw").split("\nDate: ")
    assert message_from_string(first, policy=default)["Subject"] == turns[0]["subject"]
    reply = message_from_string(f"Date: {second}", policy=default)
    assert reply["Subject"] == f"Re: {turns[0]['subject']}"
    assert f"> {turns[0]['text'].splitlines()[-1]}" in reply.get_content()
    assert hand.does("templates", "preview", "en/visit", "--thread", "8") != hand.does("templates", "preview", "visit")


def test_what_is_wrong_is_found(hand: Hand, own: Path) -> None:
    (own / "dull.j2").write_text("{% macro subject() %}Tea{% endmacro %}{% macro turn1() %}Click here.{% endmacro %}")
    result = hand.types("templates", "check", "dull")
    assert result.exit_code == 3
    assert "en/dull\t1\t'click here', which spam filters look for\tClick here." in result.stdout
    assert "little variety" in result.stdout


def test_a_wrong_word_is_told_in_a_line(hand: Hand) -> None:
    assert hand.errs("templates", "preview", "nope")[0] == 2
    assert "name one with templates in [mail]" in hand.errs("templates", "new", "visit")[1][0]
    Path("templates").mkdir()
    Path("warmup.toml").write_text("[mail]\ntemplates = 'templates'\n")
    for name in ("../evil", "a b", "en/", "/etc/x"):
        assert hand.errs("templates", "new", name)[0] == 2, name
    assert list(Path("templates").iterdir()) == []
