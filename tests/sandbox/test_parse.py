"""What a client says is the same however it is cut, and nothing it can say is more than malformed."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, date, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from warmup.sandbox.mail import Folder, Mail
from warmup.sandbox.parse import ASK, COMMAND, LINE, Ask, Cursor, Framer, Malformed, Numbers, TooLong, moment
from warmup.sandbox.search import criteria

from .conftest import NOW, message

text = st.binary(max_size=40).map(lambda some: some.replace(b"\n", b""))
command = st.lists(
    st.one_of(
        text,
        st.builds(
            lambda octets, plus: b"{%d%s}\r\n%s" % (len(octets), plus, octets),
            st.binary(max_size=20),
            st.sampled_from([b"+", b""]),
        ),
    )
).map(b"".join)


def framed(pieces: Iterable[bytes]) -> list[bytes | Ask | str]:
    framer, found = Framer(), list[bytes | Ask | str]()
    for piece in pieces:
        framer.feed(piece)
        try:
            while (one := framer.next()) is not None:
                found.append(one)
        except TooLong:
            return [*found, "too long"]
    return found


@given(st.lists(command).map(b"\r\n".join), st.lists(st.integers(min_value=0, max_value=200)))
@example(b"a APPEND x {3}\r\nabc\r\nb NOOP\r\n", [14, 15, 16, 17])
@example(b"a APPEND x {99999999999}\r\n", [])
@example(b"a APPEND x {9999999999}\r\n", [3])
def test_any_cutting_gives_the_same_commands(stream: bytes, cuts: list[int]) -> None:
    bounds = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    pieces = [stream[start:end] for start, end in itertools.pairwise(bounds)]
    assert framed(pieces) == framed([stream]) == framed([bytes([octet]) for octet in stream])


def test_a_literal_belongs_to_its_command_and_a_waiting_client_is_asked_for_it() -> None:
    stream = b"a LOGIN {3}\r\nann {2+}\r\n\r\n\r\nb NOOP\r\n"
    assert framed([stream]) == [ASK, b"a LOGIN {3}\r\nann {2+}\r\n\r\n", b"b NOOP"]


@pytest.mark.parametrize("stream", [b"x" * (LINE + 1), b"x" * (LINE + 1) + b"\r\n", b"a {%d}\r\n" % COMMAND])
def test_what_is_too_long_is_found_out_before_it_is_kept(stream: bytes) -> None:
    assert framed([stream]) == ["too long"]


@given(st.binary())
@example(b"NOT " * 5000 + b"ALL")
@example(b"(" * 5000)
@example(b"OR " * 30 + b"ALL")
@example(b"CHARSET UTF-8 HEADER {3}\r\nabc")
@example(b"SINCE 31-Feb-2026")
@example(b"SINCE 1-Foo-2026")
@example(b"SINCE 1-Jan-0000")
@example(b"UID 1:*,4294967295:2")
@example(b"KEYWORD \\Nonsense")
def test_any_criteria_are_understood_or_malformed(said: bytes) -> None:
    try:
        test = criteria(Cursor(said), [1])
    except Malformed:
        return
    assert test(Mail(1, message(), NOW, set())) in {True, False}


@given(st.binary())
@example(b'" 1-Jan-0001 00:00:00 +2359"')
@example(b'"31-Dec-9999 23:59:59 -2359"')
@example(b'"01-Jan-2026 00:00:00 +9999"')
@example(b"{5}\r\nabc")
@example(b"(\\Seen")
def test_any_bytes_are_read_or_malformed(said: bytes) -> None:
    for read in (Cursor.folder, Cursor.pattern, Cursor.flags_if_any, Cursor.moment_if_any, Cursor.numbers, Cursor.date):
        with suppress(Malformed):
            read(Cursor(said))


@given(st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30), timezones=st.just(UTC)))
def test_an_instant_is_read_as_it_is_written(at: datetime) -> None:
    at = at.replace(microsecond=0)
    assert Cursor(moment(at).encode()).moment_if_any() == at


@pytest.mark.parametrize(
    ("said", "means"),
    [
        (b'"a \\"b\\" \\\\c"', b'a "b" \\c'),
        (b"{4}\r\n\r\n\r\n", b"\r\n\r\n"),
        (b"{4+}\r\nab c", b"ab c"),
        (b"atom]", b"atom]"),
        (b'""', b""),
    ],
)
def test_a_string_is_an_atom_quoted_or_a_literal(said: bytes, means: bytes) -> None:
    cursor = Cursor(said)
    assert cursor.astring() == means
    cursor.end()


@pytest.mark.parametrize("said", [b"", b"(", b'"open', b'"\\x"', b'"\r\n"', b"{3}\r\nab", b"{x}", b"\xff", b"%"])
def test_what_is_no_string_is_malformed(said: bytes) -> None:
    with pytest.raises(Malformed):
        Cursor(said).astring()


def test_a_date_may_be_quoted() -> None:
    assert Cursor(b"4-Mar-2026").date() == Cursor(b'"04-mar-2026"').date() == date(2026, 3, 4)


@given(
    st.lists(st.tuples(st.integers(1, 30), st.integers(1, 30)), min_size=1),
    st.sets(st.integers(1, 30), min_size=1).map(sorted),
)
def test_a_set_holds_what_lies_between_its_ends_in_either_order(
    ranges: list[tuple[int, int]], known: list[int]
) -> None:
    numbers = Numbers(",".join(f"{one}:{other}" for one, other in ranges))
    assert numbers.among(known, known[-1]) == [
        number for number in known if any(min(ends) <= number <= max(ends) for ends in ranges)
    ]


def test_a_star_is_the_last_one_even_below_the_other_end() -> None:
    assert Numbers("7:*").among([2, 3, 5], 5) == [5]
    assert Numbers("*").among([2, 3, 5], 5) == [5]
    assert Numbers("1:*").among([], 0) == []


def test_a_message_without_a_header_or_a_text_is_a_message_too() -> None:
    bare = Mail(1, b"\r\nonly text\r\n", NOW, set())
    assert (bare.head, bare.text, bare.fields) == (b"\r\n", b"only text\r\n", ())
    headed = Mail(1, b"Subject: a\r\n b\r\nX:", NOW, set())
    assert (headed.text, headed.header("subject"), headed.header("x")) == (b"", "a b", "")
    assert Mail(1, b"", NOW, set()).message_id == ""


@given(st.lists(st.binary(max_size=200)))
def test_any_bytes_are_a_message(messages: list[bytes]) -> None:
    folder = Folder("INBOX", 1)
    for number, raw in enumerate(messages, 1):
        mail = folder.add(raw, NOW)
        assert mail.head + mail.text == raw
        assert mail.message_id is not None
        assert mail.uid == number
