"""The same isn't told again, a storm is cut short and counted, and what is over is news when it comes again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from warmup.notify import Desk, Kind, Notice, of_fact

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def notice(key: str, at: datetime = NOON, kind: Kind = Kind.PAUSE) -> Notice:
    return Notice(kind=kind, key=key, at=at, text=key)


def test_the_same_is_told_again_only_after_a_while_or_when_it_was_over() -> None:
    desk = Desk(set(Kind), again=6 * HOUR, most=20)
    assert desk.admit(notice("a"))
    assert desk.admit(notice("a", NOON + 5 * HOUR)) is None
    assert desk.admit(notice("b", NOON + 5 * HOUR))
    assert desk.admit(notice("a", NOON + 6 * HOUR))
    desk.forget("a")
    assert desk.admit(notice("a", NOON + 7 * HOUR))


def test_a_storm_is_cut_short_and_counted_but_not_a_test_or_the_weekly_word() -> None:
    desk = Desk(set(Kind), again=HOUR, most=3)
    told = [desk.admit(notice(str(number))) for number in range(10)]
    assert [one is not None for one in told] == [True] * 3 + [False] * 7
    weekly = desk.admit(notice("week", kind=Kind.WEEKLY))
    assert weekly is not None
    assert weekly.more == "(7 more since the last one weren't told, for there were too many)"
    assert desk.admit(notice("test", kind=Kind.TEST))
    later = desk.admit(notice("later", NOON + HOUR))
    assert later is not None
    assert later.more == ""


def test_what_is_not_wanted_is_not_told() -> None:
    desk = Desk({Kind.TROUBLE}, again=HOUR, most=3)
    assert desk.admit(notice("a")) is None
    assert desk.admit(notice("b", kind=Kind.TROUBLE))
    assert desk.admit(notice("c", kind=Kind.TEST))


@given(keys=st.lists(st.tuples(st.integers(0, 5), st.integers(0, 120)), max_size=60), most=st.integers(1, 5))
def test_no_hour_ever_has_more_than_is_allowed(keys: list[tuple[int, int]], most: int) -> None:
    desk, at, told = Desk(set(Kind), again=HOUR, most=most), NOON, []
    for key, minutes in keys:
        at += timedelta(minutes=minutes)
        if desk.admit(notice(str(key), at)):
            told.append((at, key))
    for when, key in told:
        within = [one for one, _ in told if when <= one < when + HOUR]
        assert len(within) <= most
        assert [k for one, k in told if when <= one < when + HOUR].count(key) == 1


def test_facts_that_matter_are_told_in_words_and_others_are_not() -> None:
    low = of_fact("placement-low", {"mailbox": "ann@x.test", "lane": "y", "inbox": "1/20", "between": "1-24 %"}, NOON)
    assert low is not None
    assert low.text == "ann@x.test: mail to y doesn't arrive: 1/20 in the inbox (1-24 %)"
    listed = {"domain": "x.test", "code": "blocklist-listed", "what": "192.0.2.1 is listed"}
    found = of_fact("finding", listed, NOON)
    assert found is not None
    assert (found.kind, found.text) == (Kind.BLOCKLIST, "x.test: 192.0.2.1 is listed")
    assert of_fact("finding", listed | {"code": "spf-missing"}, NOON) is None
    assert of_fact("sent", {"mailbox": "ann@x.test"}, NOON) is None
    bug = of_fact("bug", {"where": "reading", "error": "KeyError: 1", "traceback": "File …"}, NOON)
    assert bug is not None
    assert "traceback" not in bug.fields
