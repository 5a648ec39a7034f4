"""After a restore: what may have gone out since the backup is never sent again, and today nothing more."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from warmup.model import Slot
from warmup.store import Anew, Store, begin_anew, days, installs, messages

from .pool import DAY, HOUR, MINUTE, NOON, TODAY, Pool

RESTORED = "restored from a backup of 2026-03-02 12:00Z"
EVENING = datetime(2026, 3, 2, 18, tzinfo=UTC)


def test_every_slot_that_could_be_claimed_is_dropped_with_the_age_of_the_backup(pool: Pool, store: Store) -> None:
    in_hand = pool.claimed(pool.ann, pool.bob)
    past, future = pool.planned(pool.ann, pool.bob), pool.planned(pool.ann, pool.cid, NOON + 8 * HOUR)
    assert store.run(begin_anew, EVENING) == Anew(NOON, 3)
    assert {pool.reason(message) for message in (in_hand, past, future)} == {RESTORED}
    assert pool.claim(pool.ann, NOON + 9 * HOUR) is None
    assert store.run(messages.release) == 0
    assert not store.run(messages.data_begins, in_hand.id, EVENING, owner="node")


def test_what_had_an_outcome_or_is_uncertain_stays_as_it_was(pool: Pool, store: Store) -> None:
    pool.plan(pool.bob, 3)
    sent, begun = pool.sent(pool.ann, pool.bob), pool.begun(pool.bob, pool.cid)
    dropped = pool.planned(pool.ann, pool.cid)
    assert store.run(messages.drop, dropped.id, NOON, "missed")
    assert store.run(begin_anew, EVENING) == Anew(NOON, 0)
    assert (pool.again(sent), pool.again(begun)) == (sent, begun)
    assert pool.reason(dropped) == "missed"
    assert store.run(messages.release) == 1  # and will be looked for
    assert pool.again(begun).visit_at == NOON


def test_today_is_planned_for_nobody_again(pool: Pool, store: Store) -> None:
    pool.sent(pool.ann, pool.bob)
    store.run(begin_anew, EVENING)
    today = dict.fromkeys((pool.ann.id, pool.bob.id, pool.cid.id), TODAY)
    assert store.run(days.planned, today) == set(today)
    ann, bob = (store.run(days.get, mailbox.id, TODAY) for mailbox in (pool.ann, pool.bob))
    assert ann is not None
    assert bob is not None
    assert (ann.allowance, ann.reason) == (3, "")  # what it allowed holds, and is known
    assert (bob.allowance, bob.reason) == (0, RESTORED)
    again = pool.day(pool.bob, 5)
    slot = pool.slot(pool.bob, pool.cid)
    assert store.run(days.record, [again], [slot]) == 0
    assert store.run(messages.called, slot.message_id) is None


def test_tomorrow_is_planned_and_a_ramp_is_as_old_as_the_backup_says(pool: Pool, store: Store) -> None:
    pool.sent(pool.ann, pool.bob)
    tomorrow = TODAY + DAY
    store.run(begin_anew, EVENING + DAY)
    closed = store.run(days.get, pool.ann.id, tomorrow)
    assert closed is not None
    assert (closed.age, closed.curve, closed.allowance) == (1, "gentle", 0)
    last = store.run(days.last_sent, before={pool.ann.id: tomorrow + DAY})
    assert last[pool.ann.id].local_date == TODAY
    assert store.run(days.record, [pool.day(pool.ann, 3, tomorrow + DAY)], []) == 1


def test_no_message_id_can_be_minted_again_and_ours_stay_ours(pool: Pool, store: Store) -> None:
    before = store.run(installs.get)
    store.run(begin_anew, EVENING)
    after = store.run(installs.get)
    assert after.key == before.key
    assert after.seed != before.seed


def test_nobody_answers_what_may_have_been_answered_since(pool: Pool, store: Store) -> None:
    asked, other = (pool.opened(pool.ann, pool.bob, NOON + n * MINUTE, wanted=True) for n in (0, 1))
    pool.plan(pool.bob, 3)
    answer = pool.planned(pool.bob, pool.ann, answers=asked)
    assert store.run(messages.owed, pool.everybody, since=NOON - DAY) == [other]
    store.run(begin_anew, EVENING)
    assert pool.reason(answer) is not None
    assert store.run(messages.owed, pool.everybody, since=NOON - DAY) == []


def test_an_empty_pool_begins_anew_too(databases: object, url: str) -> None:
    with Store.open(url) as store:
        assert store.run(begin_anew, EVENING).dropped == 0


def test_what_a_lost_day_allowed_is_not_known_and_what_was_never_planned_allowed_nothing(
    pool: Pool, store: Store
) -> None:
    pool.sent(pool.ann, pool.bob)
    store.run(begin_anew, EVENING)
    assert store.run(days.lived, TODAY) == {
        (pool.ann.id, TODAY): (1, 3),
        (pool.bob.id, TODAY): (0, None),
        (pool.cid.id, TODAY): (0, None),
    }
    assert store.run(days.lived, TODAY + DAY) == {}


def test_the_mail_of_a_mailbox_is_all_that_was_to_be_sent_to_it_and_is_not_merely_planned(
    pool: Pool, store: Store
) -> None:
    pool.plan(pool.cid, 3)
    sent, dropped = pool.sent(pool.ann, pool.bob), pool.planned(pool.cid, pool.bob, NOON + MINUTE)
    store.run(messages.drop, dropped.id, NOON, "missed")
    pool.planned(pool.ann, pool.bob, NOON + HOUR)
    pool.sent(pool.cid, pool.ann)
    written = store.run(messages.written_to, pool.bob.id, NOON)
    assert [message.id for message in written] == [sent.id, dropped.id]
    assert store.run(messages.written_to, pool.bob.id, NOON + HOUR) == []


@pytest.mark.parametrize("number", [0, 1, 2500])
def test_messages_are_called_by_as_many_names_as_there_are(pool: Pool, store: Store, number: int) -> None:
    slot: Slot = pool.planned(pool.ann, pool.bob)
    names = [slot.message_id, *(f"<{n}@nowhere.test>" for n in range(number))]
    assert [message.message_id for message in store.run(messages.called_each, names)] == [slot.message_id]
