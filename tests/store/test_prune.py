"""What is forgotten, and what isn't however old it is."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from warmup.model import Day, Message
from warmup.store import Pruned, days, messages, pauses, prune

from .pool import DAY, HOUR, LATE, NOON, OK, TODAY, Pool, pause

LONG = 100 * DAY  # ago
OLD = TODAY - LONG
THEN = NOON - LONG


def sent(pool: Pool, at: datetime, *, wanted: bool = False, answers: Message | None = None) -> Message:
    """Sent by Ann to Bob, or by Bob in answer, and over."""
    sender, recipient = (pool.bob, pool.ann) if answers else (pool.ann, pool.bob)
    on = at.date()
    pool.store.run(days.record, [pool.day(sender, 9, on)], [])
    planned = pool.planned(sender, recipient, at, on=on, answers=answers, wanted=wanted)
    claimed = pool.store.run(messages.claim, mailbox=sender.id, now=at, today=on, owner="node", late=LATE).message
    assert claimed is not None
    assert claimed.id == planned.id
    assert pool.store.run(messages.data_begins, planned.id, at, owner="node")
    assert pool.store.run(messages.accepted, planned.id, at, OK, visit_at=None)
    pool.store.run(messages.stamp, planned.id, opened_at=at, visit_at=None)
    return pool.again(planned)


def forget(pool: Pool) -> Pruned:
    each = [pool.store.run(prune, number, TODAY - 60 * DAY, NOON) for number in pool.everybody]
    return sum(each, Pruned())


def known(pool: Pool, message: Message) -> bool:
    return pool.store.run(messages.called, message.message_id) is not None


def lived(pool: Pool, on: datetime) -> Day | None:
    return pool.store.run(days.get, pool.ann.id, on.date())


def test_what_is_old_and_over_goes_with_its_day(pool: Pool) -> None:
    old, new = sent(pool, THEN), sent(pool, NOON - DAY)
    assert forget(pool) == Pruned(messages=1, days=1)
    assert (known(pool, old), known(pool, new)) == (False, True)
    assert (lived(pool, THEN), lived(pool, NOON - DAY) is None) == (None, False)
    assert forget(pool) == Pruned()


def test_the_last_day_on_which_a_mailbox_sent_stays_and_so_does_its_ramps_age(pool: Pool) -> None:
    sent(pool, THEN)
    last = sent(pool, THEN + DAY)
    before = pool.store.run(days.last_sent, before={pool.ann.id: TODAY})
    assert forget(pool) == Pruned(messages=1, days=1)
    assert known(pool, last)
    assert pool.store.run(days.last_sent, before={pool.ann.id: TODAY}) == before != {}


def test_a_conversation_stays_whole_while_any_turn_of_it_is_young(pool: Pool) -> None:
    first = sent(pool, THEN, wanted=True)
    answer = sent(pool, NOON - 20 * DAY, answers=first)
    sent(pool, NOON - DAY)
    assert forget(pool) == Pruned()
    assert pool.store.run(messages.thread, first.thread) == [pool.again(first), answer]


def test_what_isnt_over_stays_however_old(pool: Pool) -> None:
    sought, kept, over = (sent(pool, THEN + n * HOUR) for n in range(3))
    pool.store.run(messages.stamp, sought.id, visit_at=NOON)
    pool.store.run(messages.stamp, kept.id, keep_at=NOON)
    sent(pool, NOON - DAY)
    waiting = pool.planned(pool.ann, pool.bob, THEN, on=OLD)  # at last, since a claim drops what is of another day
    assert forget(pool) == Pruned(messages=1)
    assert [known(pool, one) for one in (sought, kept, waiting, over)] == [True, True, True, False]


def test_pauses_that_are_over_go_unless_a_ramp_fell_in_them(pool: Pool) -> None:
    over = pause(pool.ann, until=THEN + DAY)
    for one in (
        over,
        replace(over, age_lost=3),
        replace(over, until=None),
        replace(over, until=NOON + DAY),
        replace(over, since=NOON - DAY),
    ):
        pool.store.run(pauses.open_, replace(one, since=one.since if one.since == NOON - DAY else THEN))
    assert forget(pool) == Pruned(pauses=1)
    assert len(pool.store.run(pauses.history)) == 4
