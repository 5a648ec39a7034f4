"""A day is planned once, with its slots; and counts as lived when something went out."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy.exc import IntegrityError

from warmup.model import Slot
from warmup.store import days, messages
from warmup.store.rows import SLOT

from .pool import DAY, HOUR, MINUTE, NOON, TODAY, Pool


def test_a_day_comes_back_as_it_was_planned(pool: Pool) -> None:
    planned = replace(pool.day(pool.bob, 2), volume=4, reason="jitter")
    pool.store.run(days.record, [planned], [])
    assert pool.store.run(days.get, pool.bob.id, TODAY) == planned
    assert pool.store.run(days.get, pool.bob.id, TODAY + DAY) is None


def test_planned_are_the_mailboxes_whose_own_date_is(pool: Pool) -> None:
    dates = {pool.ann.id: TODAY, pool.bob.id: TODAY}
    assert pool.store.run(days.planned, dates) == {pool.ann.id}
    assert pool.store.run(days.planned, {pool.ann.id: TODAY + DAY, pool.bob.id: TODAY}) == set()


def test_days_and_their_slots_are_recorded_together(pool: Pool) -> None:
    slots = [pool.slot(pool.bob, pool.cid), pool.slot(pool.cid, pool.bob)]
    assert pool.store.run(days.record, [pool.day(pool.bob, 1), pool.day(pool.cid, 1)], slots) == 2
    kept = pool.store.run(messages.planned, None, TODAY)
    assert [message.message_id for message in kept] == [slot.message_id for slot in slots]
    assert kept[0].answer_wanted is False


def test_a_day_planned_twice_stays_as_it_was_planned_first(pool: Pool) -> None:
    again = [replace(pool.day(pool.ann, 3), allowance=99), pool.day(pool.bob, 1)]
    slots = [pool.slot(pool.ann, pool.bob), pool.slot(pool.bob, pool.ann)]
    assert pool.store.run(days.record, again, slots) == 1
    first = pool.store.run(days.get, pool.ann.id, TODAY)
    assert first is not None
    assert first.allowance == 3
    assert [message.sender for message in pool.store.run(messages.planned, None, TODAY)] == [pool.bob.id]
    assert pool.store.run(days.record, [], []) == 0


def test_a_second_answer_to_a_message_is_left_out(pool: Pool) -> None:
    asked = pool.opened(pool.ann, pool.bob, wanted=True)
    first = pool.planned(pool.bob, pool.ann, answers=asked)
    slots = [pool.slot(pool.bob, pool.ann, answers=asked), pool.slot(pool.bob, pool.cid)]
    pool.store.run(days.record, [pool.day(pool.bob, 3)], slots)
    kept = pool.store.run(messages.planned, pool.bob.id, TODAY)
    assert [message.message_id for message in kept] == [first.message_id, slots[1].message_id]


def test_more_slots_than_go_into_one_statement_are_all_remembered_as_they_were_planned(pool: Pool) -> None:
    asked = pool.opened(pool.ann, pool.bob, wanted=True)
    pool.planned(pool.bob, pool.ann, answers=asked)
    times = [NOON + number * MINUTE for number in range(1234)]
    slots = [pool.slot(pool.bob, pool.ann, at, wanted=at.minute % 3 == 0) for at in times]
    doubled = pool.slot(pool.bob, pool.ann, answers=asked)
    pool.store.run(days.record, [pool.day(pool.bob, 2000)], [*slots[:700], doubled, *slots[700:]])
    kept = pool.store.run(messages.planned, pool.bob.id, TODAY)[1:]
    assert [Slot(**{name: getattr(message, name) for name in SLOT}) for message in kept] == slots
    assert {(message.attempts, message.visits, message.claimed_at) for message in kept} == {(0, 0, None)}


def test_a_message_id_is_never_planned_twice(pool: Pool) -> None:
    slot = pool.slot(pool.ann, pool.bob)
    pool.store.run(days.record, [pool.day(pool.ann, 3, TODAY + DAY)], [replace(slot, local_date=TODAY + DAY)])
    doubled = replace(slot, local_date=TODAY + 2 * DAY)
    with pytest.raises(IntegrityError):
        pool.store.run(days.record, [pool.day(pool.ann, 3, TODAY + 2 * DAY)], [doubled])
    assert pool.store.run(days.get, pool.ann.id, TODAY + 2 * DAY) is None


def test_a_sending_day_is_one_on_which_something_went_out_or_may_have(pool: Pool) -> None:
    for ago, way in enumerate((pool.sent, pool.sent, pool.begun, pool.claimed)):
        moved = TODAY - ago * DAY
        if ago:
            pool.plan(pool.ann, 3, moved)
        pool.planned(pool.ann, pool.bob, NOON - ago * DAY, on=moved)
        message = pool.claim(pool.ann, NOON - ago * DAY, today=moved)
        assert message is not None
        if way != pool.claimed:
            pool.store.run(messages.data_begins, message.id, NOON - ago * DAY, owner="node")
    found = pool.store.run(days.last_sent, before={pool.ann.id: TODAY, pool.bob.id: TODAY + DAY})
    assert found == {pool.ann.id: pool.store.run(days.get, pool.ann.id, TODAY - DAY)}
    found = pool.store.run(days.last_sent, before={pool.ann.id: TODAY - 2 * DAY})  # claimed is not sent
    assert found == {}
    found = pool.store.run(days.last_sent, before={pool.ann.id: TODAY + DAY})
    assert found == {pool.ann.id: pool.store.run(days.get, pool.ann.id, TODAY)}


def test_the_last_days_of_many_mailboxes_are_found_in_few_statements(pool: Pool) -> None:
    pool.sent(pool.ann, pool.bob)
    before = dict.fromkeys(range(10_000, 12_500), TODAY + DAY) | {pool.ann.id: TODAY + DAY}
    assert pool.store.run(days.last_sent, before=before).keys() == {pool.ann.id}


def test_history_shows_what_was_sent_on_each_day(pool: Pool) -> None:
    pool.plan(pool.ann, 5, TODAY + DAY)
    pool.sent(pool.ann, pool.bob)
    pool.sent(pool.ann, pool.cid, NOON + HOUR)
    shown = pool.store.run(days.history, pool.ann.id)
    assert [(day.local_date, day.allowance, sent) for day, sent in shown] == [(TODAY, 3, 2), (TODAY + DAY, 5, 0)]


def test_a_day_that_is_cut_allows_no_more_than_has_gone_out(pool: Pool) -> None:
    pool.sent(pool.ann, pool.bob)
    pool.store.run(days.cut, pool.ann.id, TODAY, "quota reached")
    cut = pool.store.run(days.get, pool.ann.id, TODAY)
    assert cut is not None
    assert (cut.allowance, cut.reason) == (1, "quota reached")
    pool.planned(pool.ann, pool.cid, NOON + MINUTE)
    assert pool.claim(pool.ann, NOON + MINUTE) is None
