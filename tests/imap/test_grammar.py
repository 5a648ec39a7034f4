"""Reading a server's data, well written or not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmup.imap.grammar import Value, read


def test_parentheses_in_strings_and_literals_mean_nothing() -> None:
    assert read(rb'LIST (\Junk) "/" "Junk \"E\" (mail"') == [b"LIST", [rb"\Junk"], b"/", b'Junk "E" (mail']
    assert read(b"1 FETCH (UID 5 RFC822 {2})", [b"(("]) == [b"1", b"FETCH", [b"UID", b"5", b"RFC822", b"(("]]


def test_a_fetch_is_a_number_a_word_and_a_list() -> None:
    assert read(rb"12 FETCH (FLAGS (\Seen $X) UID 5 BODY[HEADER.FIELDS (MESSAGE-ID X-W)] {4} B NIL)", [b"a{9}"]) == [
        b"12",
        b"FETCH",
        [b"FLAGS", [rb"\Seen", b"$X"], b"UID", b"5", b"BODY[HEADER.FIELDS (MESSAGE-ID X-W)]", b"a{9}", b"B", None],
    ]


def test_a_name_may_begin_with_a_bracket_and_a_string_may_have_braces() -> None:
    assert read(rb'LIST () NIL [Gmail]/Spam "{5}" "a\\\"b" ""') == [
        b"LIST",
        [],
        None,
        b"[Gmail]/Spam",
        b"{5}",
        b'a\\"b',
        b"",
    ]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        (b"(a (b", [[b"a", [b"b"]]]),
        (b"a) b)", [b"a", b"b"]),
        (b'"never closed', [b"never closed"]),
        (b"{7}", [b""]),
        (b"{ } a", [b"}", b"a"]),
        (b"BODY[never closed", [b"BODY[never closed"]),
    ],
)
def test_what_is_badly_written_is_read_as_far_as_it_goes(text: bytes, values: list[Value]) -> None:
    assert read(text) == values


@given(st.binary() | st.text(alphabet='()"{}[]\\ a1').map(str.encode), st.lists(st.binary()))
def test_reading_never_fails(text: bytes, literals: list[bytes]) -> None:
    read(text, literals)


@pytest.mark.parametrize("piece", [b"(", b'"', b'\\"', b"[", b"{", b"{1", b")"])
def test_no_text_takes_long_to_read(piece: bytes) -> None:
    read(piece * (65_536 // len(piece)))  # a minute, were the time quadratic
