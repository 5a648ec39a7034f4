"""A report says on the plot which day was a bad one and in which words, in one file that needs nothing else."""

from __future__ import annotations

import re
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.daemon.fortune import Fortune
from warmup.model import Cause, Pause, Placement, Response, Scope, Stage
from warmup.placement import Counts, Health
from warmup.report import Unpainted, page, picture
from warmup.report.chart import WIDTH, draw, height
from warmup.report.picture import svg
from warmup.store import pauses
from warmup.view import course
from warmup.view.course import Course, Event, Point

SAID = Response(Stage.RCPT, 421, "4.7.28", "An <b>unusual</b> rate & more\u202e; try later")
MONDAY = date(2026, 3, 2)
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
XMLNS = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def courses(tmp_path: Path) -> list[Course]:
    """Ann's: two days, and a hold on the second; Ben and Cleo have none."""
    fortune = Fortune(tmp_path)
    fortune.arrives(18, Placement.INBOX, fortune.ben)
    fortune.pass_(timedelta(days=1))
    fortune.arrives(5, Placement.JUNK, fortune.ben)
    now = fortune.life.clock.now()
    for hour in range(2):
        since = now + timedelta(hours=hour)
        held = Pause(
            scope=Scope.LANE,
            mailbox=fortune.ann.id,
            provider="east.test",
            rule="too much",
            response=SAID,
            cause=Cause.VERDICT,
            since=since,
            until=since + timedelta(hours=1),
            age_lost=3 - 2 * hour,
        )
        fortune.life.ask(pauses.open_, held)
    domain = Pause(
        scope=Scope.DOMAIN,
        mailbox=None,
        domain="north.test",
        cause=Cause.OPERATOR,
        since=now,
        until=None,
        note="a wish",
    )
    fortune.life.ask(pauses.open_, domain)
    found = fortune.life.ask(course.of_each, fortune.life.config, now + timedelta(days=5), back=30)
    assert [one.name for one in found] == [fortune.ann.address, fortune.ben.address, fortune.cleo.address]
    return found


def test_a_course_has_what_was_wanted_what_was_sent_and_what_came_between(courses: list[Course]) -> None:
    ann, ben, _ = courses
    first, second = ann.points
    # The curve of these tests: 4, and 2 more every day.
    assert (first.on, first.wanted, first.sent, first.arrived) == (MONDAY, 4, 18, Counts(inbox=18))
    assert (second.on, second.wanted, second.allowed, second.sent) == (MONDAY + timedelta(days=1), 6, 1000, 5)
    answer, wish = ann.events
    assert (answer.times, answer.ours, answer.by) == (2, False, "rule 'too much'")
    assert answer.words.startswith("421 4.7.28 An <b>unusual</b>")
    assert answer.told == (
        "mail to east.test held until Tue 03 Mar 13:00, the last time (2 times on that day); "
        "the ramp fell back by 4 sending days; by rule 'too much'"
    )
    assert (wish.words, wish.ours, wish.until) == ("a wish", True, None)
    assert wish.effect == "*@north.test held until a person ends it"
    assert (ben.points, ben.events) == ([], [])
    pool = course.of_pool(courses)
    assert [(point.on, point.sent) for point in pool.points] == [(first.on, 18), (second.on, 5)]
    assert [event.number for event in pool.events] == [1, 3]
    assert pool.lanes == {"east.test": Counts(inbox=18, junk=5)}


def test_the_page_is_whole_and_says_the_day_and_the_words_on_the_plot(courses: list[Course]) -> None:
    html = page(courses, now=NOON)
    assert html.startswith("<!doctype html>")
    root = ElementTree.fromstring(html.partition("\n")[2])
    # Nothing of a server's words is markup; nothing comes from elsewhere.
    assert not root.findall(".//b/b")
    assert not {"script", "link", "img", "iframe"} & {element.tag for element in root.iter()}
    assert set(re.findall(r"https?://[^\s\"<]+", html)) == {"http://www.w3.org/2000/svg"}
    assert "url(" not in html
    assert "\u202e" not in html
    plots = root.findall(f".//{XMLNS}svg")
    assert len(plots) == 4  # the pool's and three
    for plot in plots[:2]:
        words = " ".join("".join(text.itertext()) for text in plot.findall(f".//{XMLNS}text"))
        assert "Tue 3 Mar: " in words
        assert "421 4.7.28 An <b>unusual</b> rate & more ; try later (×2)" in words
    assert "What held it" in html
    assert "Tuesday 3 March" in html
    assert "health, from 23 messages" in html


def test_the_picture_is_of_the_same_drawings(courses: list[Course]) -> None:
    png = picture(courses)
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    wide, high = (int.from_bytes(png[at : at + 4]) for at in (16, 20))
    assert wide == 2 * (WIDTH + 40)
    assert high > 2 * sum(height(one) for one in courses)
    assert svg(courses).count("421 4.7.28") == 2


def test_a_picture_without_its_painter_says_what_to_install(
    courses: list[Course], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    with pytest.raises(Unpainted, match=r"install warmup\[png\]"):
        picture(courses)


instants = st.datetimes(datetime(2026, 2, 20), datetime(2026, 4, 20), timezones=st.just(UTC))
events = st.builds(
    Event,
    number=st.integers(1, 9),
    at=instants,
    mailbox=st.just("ann@one.test"),
    words=st.text(max_size=300),
    by=st.text(max_size=20),
    effect=st.text(max_size=20),
    since=instants,
    until=st.none() | instants,
    ours=st.booleans(),
    times=st.integers(1, 3),
)
numbers = st.integers(0, 10**6)


@settings(deadline=None, max_examples=40)  # a machine may be slow; a year is drawn as a week is
@given(found=st.lists(events, max_size=9), days=st.integers(1, 120), sent=numbers, wanted=st.none() | numbers)
def test_whatever_happened_stays_within_the_drawing(
    found: list[Event], days: int, sent: int, wanted: int | None
) -> None:
    first = date(2026, 3, 1)
    inside = [event for event in found if 0 <= (event.at.date() - first).days < days]
    points = [
        Point(on=first + timedelta(days=n), wanted=wanted, allowed=sent, sent=sent, arrived=Counts(inbox=n, junk=n % 3))
        for n in range(days)
    ]
    drawn = Course(name="x", about="", points=points, events=inside, health=Health(None, 3), lanes={})
    root = ElementTree.fromstring(f"<svg>{draw(drawn, names=True)}</svg>")
    high = height(drawn, names=True)
    for element in root.iter("rect"):
        x, y, width, tall = (float(element.get(name, "0")) for name in ("x", "y", "width", "height"))
        assert x >= 0
        assert x + width <= WIDTH + 3.1  # the least width of a hold that just began
        assert 0 <= y <= y + tall <= high + 0.2
    assert all(0 <= float(text.get("y", "0")) <= high for text in root.iter("text"))
