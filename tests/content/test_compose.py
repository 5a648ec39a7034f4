"""The message as bytes: what a mail reader makes of it."""

from __future__ import annotations

import html
import re
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from email import message_from_bytes
from email.header import decode_header, make_header
from email.utils import parseaddr

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from warmup.content import Letter, Person, Style, compose
from warmup.content.letter import CONTROL

from .letters import ANN, ROOT, TOM, body, english, letter, parsed, parts, shipped

NAMES = st.text(st.characters(exclude_categories=("Cs", "Cc", "Cn", "Co", "Zl", "Zp")), max_size=60) | st.sampled_from(
    (
        "Bell, Ann",
        'Ann "Annie" Bell',
        "Ann\\Bell",
        "Dr. Ann O'Neil-Bell",
        "Łukasz Żółć",
        "山田 太郎",
        "=?utf-8?q?Ann?=",
        "=?",
        "Ann (away) <ann@evil.test>",
        "A" * 300,
        "é" * 300,
        "😀 Smile",
        "Ann @ Work",
        ";:,.<>()[]",
    )
)
ADDRESSES = st.builds(
    "{}@{}".format,
    st.from_regex(r"[a-z0-9]([a-z0-9+_-]{0,30}[a-z0-9])?(\.[a-z0-9]{1,8}){0,2}", fullmatch=True),
    st.sampled_from(("north.test", "a-rather-long-domain-name-with-many-letters.south.test", "bücher.test")),
)
PEOPLE = st.builds(Person, NAMES, ADDRESSES)
IDS = st.from_regex(r"<[a-z0-9.]{1,80}@[a-z0-9.]{1,40}>", fullmatch=True)
ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
MOMENTS = st.datetimes(datetime(1999, 1, 1), datetime(2099, 1, 1), timezones=ZONES)
WORDS = st.text(st.characters(exclude_categories=("Cs", "Cc", "Cn", "Co", "Zl", "Zp", "Zs")), min_size=1, max_size=90)

plain = english(
    {
        "tea": "{% macro subject() %}{{ pick(subjects) }}{% endmacro %}"
        "{% macro turn1() %}{{ pick(texts) }}{% endmacro %}{% macro turn2() %}Yes.{% endmacro %}"
        "{% macro turn3() %}Thanks.{% endmacro %}{% macro turn4() %}Not at all.{% endmacro %}"
        "{% macro turn5() %}Bye.{% endmacro %}"
    },
    {"greetings": ["Hi {name},"], "sign_offs": ["Best,"], "subjects": ["Tea"], "texts": ["Tea?"]},
)


def display_name(raw: bytes, field: str) -> str:
    # Python 3.11's policy.default puts spaces between the encoded words of a phrase, against RFC 2047 §6.2.
    name, _ = parseaddr(re.sub("\r?\n", "", message_from_bytes(raw)[field]))
    return str(make_header(decode_header(name)))


@st.composite
def letters(draw: st.DrawFn) -> Letter:
    turn = draw(st.integers(1, 5))
    return Letter(
        message_id=draw(IDS),
        references=tuple(draw(st.lists(IDS, min_size=turn - 1, max_size=turn - 1))),
        thread=draw(st.text(max_size=9).filter(str.isprintable)),
        scenario="en/tea",
        turn=turn,
        sender=draw(PEOPLE),
        recipient=draw(PEOPLE),
        date=draw(MOMENTS),
        earlier=tuple(draw(st.lists(MOMENTS, min_size=turn - 1, max_size=turn - 1))),
        label=("X-Warmup", draw(st.sampled_from(("0123456789abcdef", "pool of Łódź", "a b c " * 40)))),
    )


@settings(max_examples=100, deadline=None)
@given(letters())
def test_a_reader_gets_what_the_letter_says(order: Letter) -> None:
    raw = compose(order, plain)
    message = parsed(raw)
    assert message.defects == []
    for field, person in (("From", order.sender), ("To", order.recipient)):
        (address,) = message[field].addresses
        assert display_name(raw, field) == person.full
        assert message[field].defects == ()
        assert address.username == person.address.partition("@")[0]
        assert address.domain == person.address.partition("@")[2].replace("bücher", "xn--bcher-kva")
    assert message["Subject"] == ("Re: Tea" if order.turn > 1 else "Tea")
    assert message["Date"].datetime == order.date.replace(microsecond=0)
    assert message["Date"].datetime.utcoffset() == order.date.utcoffset()
    assert message["Message-ID"] == order.message_id
    assert message["X-Warmup"] == " ".join(order.label[1].split())
    if order.turn > 1:
        assert message["In-Reply-To"] == order.references[-1]
        assert message["References"].split() == list(order.references)
    else:
        assert "In-Reply-To" not in message
        assert "References" not in message
    assert message["Auto-Submitted"] == "auto-generated"
    assert len(message.keys()) == (12 if order.turn > 1 else 10)


@settings(max_examples=100, deadline=None)
@given(letters())
def test_lines_are_short_and_end_in_crlf(order: Letter) -> None:
    raw = compose(order, plain)
    assert raw.endswith(b"\r\n")
    assert raw.count(b"\n") == raw.count(b"\r") == raw.count(b"\r\n")
    assert b"\0" not in raw
    for line in raw.split(b"\r\n"):
        # A name of a field and one token that is too long by itself: there is nowhere to fold it.
        assert len(line) <= 78 or len(line.split()) <= 2
        assert len(line) <= 998


@settings(max_examples=100, deadline=None)
@given(letters())
def test_a_name_arrives_in_the_text_as_in_the_header(order: Letter) -> None:
    raw = compose(order, plain)
    text = " ".join(body(raw)).replace("> ", "")
    if order.turn == 1 and order.recipient.first:
        assert f"Hi {order.recipient.first}," in text
    if order.turn > 1:
        assert "wrote:" in text
    encoding = parsed(raw)["Content-Transfer-Encoding"]
    assert encoding == "quoted-printable" or raw.partition(b"\r\n\r\n")[2].isascii()


@settings(max_examples=30, deadline=None)
@given(st.lists(WORDS, min_size=1, max_size=40), letters())
def test_any_subject_and_any_text_arrive_whole(words: list[str], order: Letter) -> None:
    text = " ".join(" ".join(words).split()) or "Tea?"
    speaking = english(
        {
            "tea": "{% macro subject() %}{{ pick(texts) }}{% endmacro %}"
            "{% macro turn1() %}{{ pick(texts) }}{% endmacro %}"
        },
        {"greetings": ["Hi,"], "sign_offs": ["Best,"], "texts": [text]},
    )
    raw = compose(replace(order, turn=1, references=(), earlier=()), speaking)
    tidy = re.sub(" ([,.;:?!])", r"\1", text)
    assert parsed(raw)["Subject"] == text
    assert tidy in " ".join(body(raw))
    assert max(map(len, raw.split(b"\r\n"))) <= 998


@settings(max_examples=50, deadline=None)
@given(letters())
def test_an_html_alternative_says_what_the_plain_text_says(order: Letter) -> None:
    message = parsed(compose(order, plain, Style(html=1.0)))
    text, page = message.iter_parts()
    assert (text.get_content_type(), page.get_content_type()) == ("text/plain", "text/html")
    assert text.get_content().split() == parsed(compose(order, plain)).get_content().split()
    words = re.sub("<[^>]*>", " ", page.get_content())
    assert html.unescape(words).split() == re.sub(r"(?m)^(> ?)+", "", text.get_content()).split()
    assert not re.search(r"(?i)href|src|style|<img|<a\b|script", page.get_content().partition("<body>")[0])
    assert page.get_content().count("<blockquote") == min(order.turn - 1, 3)


def test_a_share_of_the_people_writes_html_and_each_keeps_to_it() -> None:
    orders = [replace(letter("en/meeting", 1, seed), sender=Person("", f"p{seed}@x.test")) for seed in range(100)]
    kinds = [parsed(compose(order, shipped(), Style(html=0.3))).is_multipart() for order in orders]
    assert 15 < sum(kinds) < 45
    later = [replace(order, thread="another") for order in orders]
    assert kinds == [parsed(compose(order, shipped(), Style(html=0.3))).is_multipart() for order in later]


def test_a_tag_stands_before_the_subject_of_every_turn() -> None:
    first, second = (
        parsed(compose(letter("en/meeting", turn, 7), shipped(), Style(tag="[warm-up]")))["Subject"] for turn in (1, 2)
    )
    assert first.startswith("[warm-up] ")
    assert second == f"Re: {first}"


def test_what_says_that_a_program_wrote_it_can_be_left_out() -> None:
    assert "Auto-Submitted" not in parsed(compose(letter("en/meeting", 1, 7), shipped(), Style(auto_submitted=False)))


@given(st.text(max_size=20))
def test_no_letter_can_hold_a_control_character(name: str) -> None:
    try:
        person = Person(name, "ann@north.test")
    except ValueError:
        assert CONTROL.search(name)
    else:
        assert not re.search("[\r\n\0]", person.name)


@pytest.mark.parametrize(
    "change",
    [
        {"message_id": "<a@b.test>\r\nBcc: <eve@evil.test>"},
        {"message_id": "a@b.test"},
        {"references": ("<a@b.test> <c@d.test>",), "turn": 2, "earlier": (datetime(2026, 1, 1, tzinfo=UTC),)},
        {"label": ("Bcc", "eve@evil.test")},
        {"label": ("X-Warmup", "a\r\nBcc: eve@evil.test")},
        {"label": ("X Warmup", "a")},
        {"label": ("X-Warmup:", "a")},
        {"date": datetime(2026, 1, 1)},
        {"turn": 0},
        {"turn": 2},
    ],
)
def test_an_unsound_letter_is_refused_when_it_is_made(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        replace(letter("en/meeting", 1, 1), **change)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "address", ["ann", "@north.test", "ann@", 'a"b@north.test', "a b@north.test", "a@b@c.test", "a,b@c.test"]
)
def test_an_address_that_would_need_quoting_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="not a plain address"):
        Person("Ann", address)


def test_only_a_reply_says_re() -> None:
    first, second = (parsed(compose(letter("en/meeting", turn, 7), shipped()))["Subject"] for turn in (1, 2))
    assert not first.startswith("Re:")
    assert second == f"Re: {first}"


def test_headers_stand_in_their_order() -> None:
    raw = compose(letter("en/meeting", 3, 7), shipped()).partition(b"\r\n\r\n")[0].decode()
    assert re.sub(r"(Subject|Date): [^\r]*", r"\1", raw).split("\r\n") == [
        "Date",
        "From: Ann Bell <ann.bell@north.test>",
        "To: Tom Okafor <tom@south.test>",
        "Subject",
        "Message-ID: <7.3@north.test>",
        "In-Reply-To: <7.2@south.test>",
        "References: <7.1@north.test> <7.2@south.test>",
        "X-Warmup: 0123456789abcdef0123456789abcdef",
        "Auto-Submitted: auto-generated",
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: 7bit",
    ]


def test_the_attribution_names_the_day_as_its_author_had_it() -> None:
    order = letter("en/meeting", 2, 1)
    order = replace(order, earlier=(datetime(2026, 11, 3, 10, 5, tzinfo=timezone(timedelta(hours=-5))),))
    assert parts(compose(order, shipped()))[1] == "On Tue, 3 Nov 2026 at 10:05, Ann Bell wrote:"


def test_history_is_nested_three_deep_at_most() -> None:
    lines = body(compose(letter("en/quotation", 5, 3), shipped()))
    assert max(re.match(r"[> ]*", line)[0].count(">") for line in lines) == 3  # type: ignore[index]
    assert sum(line.endswith("wrote:") for line in lines) == 3


def test_quotations_of_short_lines_need_no_encoding() -> None:
    raw = compose(letter("en/quotation", 4, 3), shipped())
    assert parsed(raw)["Content-Transfer-Encoding"] == "7bit"
    assert max(map(len, raw.split(b"\r\n"))) <= 78


def test_umlauts_go_as_quoted_printable() -> None:
    raw = compose(letter("en/meeting", 2, 3, ANN, Person("Jürgen Müßig", "j@south.test")), shipped())
    assert parsed(raw)["Content-Transfer-Encoding"] == "quoted-printable"
    assert raw.isascii()
    assert "Jürgen" in "\n".join(body(raw))


def test_a_local_part_beyond_ascii_stands_in_utf_8() -> None:
    raw = compose(replace(letter("en/meeting", 1, 3), sender=Person("Jörg", "jörg@bücher.test")), shipped())
    assert "From: =?utf-8?b?SsO2cmc=?= <jörg@xn--bcher-kva.test>\r\n".encode() in raw


def test_somebody_without_a_name_is_greeted_and_signs_without_one() -> None:
    nobody = Person("", "info@south.test")
    raw = compose(letter("en/meeting", 1, 3, ANN, nobody), shipped())
    assert b"To: info@south.test\r\n" in raw
    assert re.fullmatch(r"(Hi|Hello|Dear|Good \w+|Hi there),", body(raw)[0])
    reply = compose(letter("en/meeting", 2, 3, ANN, nobody), shipped())
    assert parts(reply)[0][-1].endswith(",")
    assert "info@south.test wrote:" in parts(compose(letter("en/meeting", 3, 3, ANN, nobody), shipped()))[1]


def test_the_same_letter_gives_the_same_bytes_in_another_process() -> None:
    order = 'letter("en/quotation", 5, 11)'
    script = (
        "import sys; from tests.content.letters import letter, shipped; from warmup.content import Style, compose;"
        f"sys.stdout.buffer.write(compose({order}, shipped()))"
    )
    run = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, check=True)
    assert run.stdout == compose(letter("en/quotation", 5, 11), shipped())


def test_another_seed_gives_another_text() -> None:
    assert body(compose(letter("en/meeting", 1, 1), shipped())) != body(compose(letter("en/meeting", 1, 2), shipped()))


def test_a_scenario_or_turn_that_is_not_there_is_named() -> None:
    with pytest.raises(ValueError, match=r"^en/chess: no such scenario"):
        compose(letter("en/chess", 1, 1), shipped())
    with pytest.raises(ValueError, match=r"^en/meeting: .* no turn 5"):
        compose(letter("en/meeting", 5, 1), shipped())


def test_people_are_called_by_their_first_name() -> None:
    names = {
        "Ann Bell": "Ann",
        "Bell, Ann": "Ann",
        "Dr. Ann Bell": "Ann",
        "Ann Bell, PhD": "Ann",
        "  Ann   Bell ": "Ann",
        "Prof": "Prof",
        "": "",
    }
    assert {name: Person(name, TOM.address).first for name in names} == names
