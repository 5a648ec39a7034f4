"""A large pool is drawn into circles: everybody is in one, and in another tomorrow; whom one owes an answer gets it."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta, timezone
from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from warmup.plan import Exchange, Pool, Seat, circles, draw_of, plan_day
from warmup.plan.circle import BLOCK

from .test_day import MORNING, mailbox, plan, steady

DAY = date(2026, 6, 10)


@given(pool=st.sets(st.integers(1, 10**6), max_size=80), size=st.integers(1, 20), on=st.dates())
def test_everybody_is_in_one_circle_and_circles_are_as_large_as_each_other(pool: set[int], size: int, on: date) -> None:
    drawn = circles(pool, on, "s", size)
    assert sorted(number for circle in drawn for number in circle) == sorted(pool)
    sizes = {len(circle) for circle in drawn}
    assert max(sizes, default=0) <= size
    assert max(sizes, default=0) - min(sizes, default=0) <= 1
    assert drawn == circles(sorted(pool, reverse=True), on, "s", size)


def test_over_time_everybody_meets_everybody() -> None:
    pool = range(1, 97)
    days = [circles(pool, DAY + timedelta(days=ahead), "s", 24) for ahead in range(60)]
    met = {frozenset(pair) for day in days for circle in day for pair in combinations(circle, 2)}
    assert len(met) == 96 * 95 / 2
    assert days[0] != days[1]
    assert circles(pool, DAY, "another", 24) != days[0]


def test_most_neighbours_share_a_circle_and_none_do_so_every_day() -> None:
    pool = range(1, 97)
    days = [circles(pool, DAY + timedelta(days=ahead), "s", 24) for ahead in range(60)]
    together = Counter(one for day in days for circle in day for one in pool if {one, one + 1} <= set(circle))
    assert set(together) == set(range(1, 96))
    assert 0.75 < sum(together.values()) / (95 * 60) < 1
    assert max(together.values()) < 60


def test_a_mailbox_doesnt_write_to_its_neighbours_first() -> None:
    seats, pool, policy, now = steady(64, 1, MORNING, rate=0.0)
    one = [replace(member, provider="alpha") for member in pool.mailboxes]
    seats = [replace(seat, mailbox=member) for seat, member in zip(seats, one, strict=True)]
    slots = plan((seats, replace(pool, mailboxes=one), policy, now)).slots
    assert sum(abs(slot.sender - slot.recipient) < BLOCK for slot in slots) < len(slots) / 2


def test_wherever_a_day_begins_its_own_draw_holds() -> None:
    for hours in range(-11, 13):
        midnight = datetime.combine(DAY, time(0), timezone(timedelta(hours=hours)))
        assert draw_of(midnight) == draw_of(midnight.astimezone(UTC)) == DAY


def test_everybody_receives_as_much_as_everybody_else() -> None:
    seats, pool, policy, now = steady(45, 12, MORNING, rate=0.0)
    one = [replace(member, provider="alpha") for member in pool.mailboxes]
    seats = [replace(seat, mailbox=member) for seat, member in zip(seats, one, strict=True)]
    received = Counter(slot.recipient for slot in plan((seats, replace(pool, mailboxes=one), policy, now)).slots)
    assert set(received.values()) <= {11, 12, 13}


def test_those_of_many_providers_with_one_mailbox_each_are_not_written_to_in_the_order_of_their_names() -> None:
    seats, pool, policy, now = steady(45, 5, MORNING, rate=0.0)
    apart = [replace(member, provider=f"own{member.id}") for member in pool.mailboxes]
    seats = [replace(seat, mailbox=member) for seat, member in zip(seats, apart, strict=True)]
    received = Counter(slot.recipient for slot in plan((seats, replace(pool, mailboxes=apart), policy, now)).slots)
    assert set(received.values()) <= {4, 5, 6}


def test_a_stranger_gets_the_answer_that_is_owed_and_nothing_else() -> None:
    seats, pool, policy, now = steady(6, 12, MORNING, rate=0.0)
    stranger = mailbox(99, "UTC", "alpha")
    owed = [Exchange("<a@x.test>", 99, 1, "a", "tea", 1, now), Exchange("<b@x.test>", 98, 1, "b", "tea", 1, now)]
    slots = plan((seats, replace(pool, owed=owed, strangers=[stranger]), policy, now)).slots
    assert [(slot.sender, slot.parent) for slot in slots if slot.recipient > 6] == [(1, "<a@x.test>")]


def test_a_held_or_full_stranger_gets_no_answer() -> None:
    seats, pool, policy, now = steady(6, 12, MORNING, rate=0.0)
    owed = [Exchange("<a@x.test>", 99, 1, "a", "tea", 1, now)]
    with_one = replace(pool, owed=owed, strangers=[mailbox(99, "UTC", "alpha")])
    for trouble in (
        replace(with_one, held={(1, "alpha")}),
        replace(with_one, closed={99}),
        replace(with_one, inbound={(99, DAY): policy.inbound_cap}),
    ):
        assert not [slot for slot in plan((seats, trouble, policy, now)).slots if slot.parent]


def test_message_ids_stand_in_the_order_of_the_circles_and_tell_nobody_the_next() -> None:
    pool = {number: mailbox(number, "Europe/Berlin", "alpha") for number in range(1, 41)}
    _, _, policy, now = steady(1, 1, MORNING)
    last = ""
    for number, circle in enumerate(circles(pool, draw_of(now), "s", 8), start=1):
        members = [pool[one] for one in circle]
        seats = [Seat(member, DAY, 12) for member in members]
        slots = plan_day(seats, Pool(mailboxes=members, circle=number), policy, now=now, seed="s").slots
        keys = sorted(slot.message_id for slot in slots)
        assert last < keys[0]
        last = keys[-1]
        assert {slot.circle for slot in slots} == {number}
        assert len({key[11:33] for key in keys}) == len(keys) == 8 * 12
        assert all(set(key[1:33]) <= set("0123456789abcdef") and key[33] == "@" for key in keys)
