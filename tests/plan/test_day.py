"""The laws of a day, on random pools: zones, daylight saving, pauses and allowances of all sorts."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from warmup.model import Endpoint, Mailbox, Security
from warmup.plan import Exchange, Habits, Hours, Plan, Policy, Pool, Seat, plan_day
from warmup.plan.window import local_date

ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "Pacific/Auckland")
# Days on which some of these zones set their clocks, and ordinary ones, a Saturday among them.
DATES = (
    date(2026, 3, 8),
    date(2026, 3, 29),
    date(2026, 4, 5),
    date(2026, 10, 25),
    date(2026, 11, 1),
    date(2026, 6, 10),
    date(2026, 6, 13),
)
SERVER = Endpoint("127.0.0.1", 1, Security.TLS)


def mailbox(number: int, zone: str, provider: str) -> Mailbox:
    return Mailbox(
        id=number,
        address=f"m{number}@{provider}.test",
        name=f"M {number}",
        zone=zone,
        provider=provider,
        login="",
        credential="",
        smtp=SERVER,
        imap=SERVER,
        added_at=datetime(2026, 1, 1, tzinfo=UTC),
    )


@st.composite
def pools(draw: st.DrawFn) -> tuple[list[Seat], Pool, Policy, datetime]:
    mailboxes = [
        mailbox(i, draw(st.sampled_from(ZONES)), draw(st.sampled_from(("alpha", "bravo", "charlie"))))
        for i in range(1, draw(st.integers(1, 9)) + 1)
    ]
    day = draw(st.sampled_from(DATES))
    seats = [Seat(m, day, draw(st.integers(0, 40))) for m in mailboxes if draw(st.booleans())]
    ids = st.sampled_from([m.id for m in mailboxes])
    now = datetime.combine(day, time(0), UTC) + timedelta(hours=draw(st.integers(-14, 24)))
    # Some of what is owed comes from mailboxes that have left the pool: 99.
    owed = [
        Exchange(f"<{n}@x.test>", sender, recipient, f"{n}", "tea", draw(st.integers(1, 4)), now)
        for n, (sender, recipient) in enumerate(draw(st.lists(st.tuples(ids | st.just(99), ids), max_size=8)))
    ]
    opens = draw(st.integers(0, 20))
    policy = Policy(
        hours=Hours(
            frozenset(draw(st.sets(st.integers(0, 6), min_size=1))),
            time(opens, draw(st.sampled_from((0, 30)))),
            time(draw(st.integers(opens + 1, 23))),
        ),
        gap=timedelta(minutes=draw(st.integers(0, 30))),
        habits=Habits(read=timedelta(minutes=draw(st.integers(1, 60))), think=timedelta(minutes=5)),
        rate=draw(st.floats(0, 1)),
        max_turns=draw(st.integers(1, 6)),
        inbound_cap=draw(st.integers(0, 50)),
        weights={"alpha": draw(st.sampled_from((0.0, 1.0, 3.5)))},
        scenarios={"en": (("tea", 4), ("van", 2))},
    )
    held = draw(st.sets(st.tuples(ids, st.sampled_from(("alpha", "bravo", "charlie"))), max_size=4))
    return seats, Pool(mailboxes=mailboxes, owed=owed, held=held), policy, now


def plan(pool: tuple[list[Seat], Pool, Policy, datetime]) -> Plan:
    seats, members, policy, now = pool
    return plan_day(seats, members, policy, now=now, seed="s")


@settings(max_examples=1000, deadline=None)
@given(pools())
def test_no_mailbox_is_above_its_allowance_or_outside_its_local_day(
    pool: tuple[list[Seat], Pool, Policy, datetime],
) -> None:
    seats, _, policy, now = pool
    slots = plan(pool).slots
    seat_of = {seat.mailbox.id: seat for seat in seats}
    for sender, count in Counter(slot.sender for slot in slots).items():
        assert count <= seat_of[sender].allowance  # answers are among them
    for slot in slots:
        zone = seat_of[slot.sender].mailbox.zone
        assert slot.due_at >= now
        assert local_date(slot.due_at, zone) == slot.local_date == seat_of[slot.sender].local_date
        span = policy.hours.span(slot.local_date, zone)
        assert span is not None
        assert span.opens <= slot.due_at <= span.closes


@settings(max_examples=1000, deadline=None)
@given(pools())
def test_nobody_writes_to_oneself_outside_the_pool_to_a_held_lane_or_above_the_inbound_cap(
    pool: tuple[list[Seat], Pool, Policy, datetime],
) -> None:
    _, members, policy, _ = pool
    known = {m.id: m for m in members.mailboxes}
    inbound: Counter[tuple[int, date]] = Counter()
    for slot in plan(pool).slots:
        assert slot.sender != slot.recipient
        assert slot.recipient in known
        assert (slot.sender, known[slot.recipient].provider) not in members.held
        assert slot.message_id.endswith(f"@{known[slot.sender].domain}>")
        inbound[slot.recipient, local_date(slot.due_at, known[slot.recipient].zone)] += 1
    assert max(inbound.values(), default=0) <= policy.inbound_cap


@settings(max_examples=200, deadline=None)
@given(pools())
def test_the_same_seed_gives_the_same_plan_whatever_the_order_of_the_arguments(
    pool: tuple[list[Seat], Pool, Policy, datetime],
) -> None:
    seats, members, policy, now = pool
    turned = Pool(mailboxes=members.mailboxes[::-1], owed=members.owed[::-1], held=frozenset(members.held))
    assert repr(plan(pool)) == repr(plan_day(seats[::-1], turned, policy, now=now, seed="s"))


@settings(max_examples=300, deadline=None)
@given(pools())
def test_answers_follow_what_they_answer_once_and_in_the_other_direction(
    pool: tuple[list[Seat], Pool, Policy, datetime],
) -> None:
    _, members, policy, _ = pool
    slots = plan(pool).slots
    ways = {e.message_id: (e.sender, e.recipient, e.thread, e.turn, e.answerable_at) for e in members.owed}
    ways |= {s.message_id: (s.sender, s.recipient, s.thread, s.turn, s.due_at) for s in slots}
    answers = [slot for slot in slots if slot.parent]
    assert len({slot.parent for slot in answers}) == len(answers)
    for slot in answers:
        assert slot.parent is not None
        sender, recipient, thread, turn, earliest = ways[slot.parent]
        assert (slot.sender, slot.recipient, slot.thread, slot.turn) == (recipient, sender, thread, turn + 1)
        assert slot.due_at >= earliest
    for slot in slots:
        assert not slot.answer_wanted or slot.turn < policy.max_turns


@settings(max_examples=300, deadline=None)
@given(pools())
def test_messages_of_one_mailbox_keep_their_distance(pool: tuple[list[Seat], Pool, Policy, datetime]) -> None:
    _, _, policy, _ = pool
    by_sender: dict[int, list[datetime]] = {}
    for slot in plan(pool).slots:
        by_sender.setdefault(slot.sender, []).append(slot.due_at)
    for times in by_sender.values():
        # Times are whole seconds, so two neighbours may have moved a second closer.
        assert all(later - earlier >= policy.gap - timedelta(seconds=1) for earlier, later in pairwise(times))


def steady(count: int, allowance: int, now: datetime, rate: float = 0.4) -> tuple[list[Seat], Pool, Policy, datetime]:
    mailboxes = [mailbox(i, "Europe/Berlin", ("alpha", "bravo", "charlie")[i % 3]) for i in range(1, count + 1)]
    policy = Policy(
        hours=Hours(frozenset(range(5)), time(8, 30), time(17, 30)),
        gap=timedelta(minutes=4),
        habits=Habits(read=timedelta(minutes=25), think=timedelta(minutes=10)),
        rate=rate,
        max_turns=6,
        inbound_cap=60,
        scenarios={"en": (("tea", 4),)},
    )
    return [Seat(m, date(2026, 6, 10), allowance) for m in mailboxes], Pool(mailboxes=mailboxes), policy, now


MORNING = datetime(2026, 6, 10, 0, 30, tzinfo=UTC)


def test_a_whole_day_uses_the_whole_allowance_and_holds_answers() -> None:
    slots = plan(steady(6, 12, MORNING)).slots
    assert len(slots) == 72
    assert any(slot.parent for slot in slots)


def test_without_a_reply_rate_nobody_answers() -> None:
    assert not any(slot.parent for slot in plan(steady(6, 12, MORNING, rate=0.0)).slots)


def test_a_conversation_whose_template_is_gone_or_that_has_its_most_turns_gets_no_answer() -> None:
    seats, pool, policy, now = steady(6, 12, MORNING, rate=0.0)
    going = (("tea", 2), ("tea", 3), ("gone", 1))
    owed = [Exchange(f"<{n}@x.test>", 1, 2, str(n), name, turn, now) for n, (name, turn) in enumerate(going)]
    slots = plan((seats, replace(pool, owed=owed), replace(policy, max_turns=3), now)).slots
    assert [(slot.scenario, slot.turn) for slot in slots if slot.parent] == [("tea", 3)]


def test_half_a_day_gets_half_the_allowance() -> None:
    noon = datetime(2026, 6, 10, 11, 0, tzinfo=UTC)  # 13:00 in Berlin, the middle of 08:30 to 17:30
    assert len(plan(steady(6, 12, noon)).slots) == 36


def test_fresh_messages_go_to_everybody_before_anybody_gets_a_second() -> None:
    slots = plan(steady(7, 6, MORNING, rate=0.0)).slots
    assert set(Counter((slot.sender, slot.recipient) for slot in slots).values()) == {1}


def test_gaps_are_neither_a_burst_nor_a_metronome() -> None:
    times = [slot.due_at for slot in plan(steady(2, 40, MORNING)).slots if slot.sender == 1]
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert min(gaps) >= timedelta(minutes=4) - timedelta(seconds=1)
    assert max(gaps) > 2 * min(gaps)


def test_the_working_day_is_as_long_as_the_clock_says_when_it_is_set() -> None:
    hours = Hours(frozenset(range(7)), time(0, 30), time(12))
    lengths = {day: hours.span(day, "Europe/Berlin") for day in (date(2026, 3, 29), date(2026, 10, 25))}
    assert [span.length for span in lengths.values() if span] == [timedelta(hours=10.5), timedelta(hours=12.5)]
