"""What a server sends becomes a Response fit to be stored, judged and shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmup.model import Response, Stage
from warmup.smtp.answer import answer
from warmup.smtp.offer import Offer


@pytest.mark.parametrize(
    ("message", "enhanced", "text"),
    [
        ("5.1.1 no such user", "5.1.1", "no such user"),
        ("4.7.28 [192.0.2.1] too fast\n4.7.28 slow down", "4.7.28", "[192.0.2.1] too fast slow down"),
        ("no such user\n5.1.1 really", None, "no such user really"),
        ("5.1.1", "5.1.1", ""),
        ("", None, ""),
        ("3.1.1 isn't a class", None, "3.1.1 isn't a class"),
        ("5.1.1000 is too long", None, "5.1.1000 is too long"),
        ("5.7.1.2 is an address", None, "5.7.1.2 is an address"),
        ("2.0.0 OK  1700000000\tabc", "2.0.0", "OK 1700000000 abc"),
        ("  padded  \n\n  more ", None, "padded more"),
    ],
)
def test_the_enhanced_code_is_taken_from_the_beginning_of_the_lines(
    message: str, enhanced: str | None, text: str
) -> None:
    assert answer(Stage.RCPT, 550, message) == Response(Stage.RCPT, 550, enhanced, text)


def test_a_servers_text_can_not_command_a_terminal_nor_break_a_database() -> None:
    said = answer(Stage.DOT, 550, "\x1b[2Jgo\x07ne \udcff caf\udcc3\udca9").text
    assert said == "[2Jgo ne \N{REPLACEMENT CHARACTER} café"


@given(st.text(st.characters(exclude_categories=[])))
def test_any_text_is_bounded_printable_and_one_line(message: str) -> None:
    # Lone surrogates come from aiosmtplib only as U+DC80 to U+DCFF, one for each byte that isn't UTF-8.
    smuggled = message.encode("utf-8", "surrogatepass").decode("utf-8", "surrogateescape")
    text = answer(Stage.DOT, 550, smuggled).text
    assert len(text) <= 1000
    assert text.isprintable()
    text.encode()


def test_a_long_answer_ends_after_a_thousand_characters() -> None:
    assert answer(Stage.DOT, 550, "5.0.0 " + "x" * 5000).text == "x" * 1000


@pytest.mark.parametrize(
    ("lines", "size"),
    [("SIZE 1000", 1000), ("SIZE 0", 0), ("SIZE", 0), ("SIZE many", 0), ("SIZE " + "9" * 5000, 0), ("HELP", None)],
)
def test_a_size_is_a_number_or_no_limit(lines: str, size: int | None) -> None:
    assert Offer.parse(f"mx.example\n{lines}").size == size


def test_extensions_are_known_in_any_case_and_not_by_the_greeting() -> None:
    offer = Offer.parse("8BITMIME smtputf8 hello\n8bitmime\nStartTLS\nauth PLAIN login\nAUTH=XOLD")
    assert offer == Offer(
        size=None, eight_bit=True, smtputf8=False, starttls=True, auth=frozenset({"plain", "login", "xold"})
    )
