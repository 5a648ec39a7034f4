"""What others need to know of messages."""

from __future__ import annotations

from warmup.model import Placement
from warmup.store import Tally, mailboxes, messages, pauses

from .pool import DAY, HOUR, MINUTE, NO, NOON, TODAY, Pool, pause


def test_a_thread_is_its_turns_in_order_without_what_came_to_nothing(pool: Pool) -> None:
    pool.plan(pool.bob, 3)
    asked = pool.opened(pool.ann, pool.bob, wanted=True)
    refused = pool.planned(pool.bob, pool.ann, NOON - MINUTE, answers=asked)
    pool.claim(pool.bob)
    pool.store.run(messages.refused, refused.id, NOON, NO, "no such user")
    answer = pool.planned(pool.bob, pool.ann, answers=asked)
    pool.planned(pool.ann, pool.cid)
    assert pool.store.run(messages.thread, asked.thread) == [pool.again(asked), answer]


def test_an_answer_is_owed_to_what_is_sent_uncertain_or_still_planned(pool: Pool) -> None:
    sent, begun = pool.sent(pool.ann, pool.bob, wanted=True), pool.begun(pool.ann, pool.bob, wanted=True)
    planned = pool.planned(pool.ann, pool.bob, NOON + HOUR, wanted=True)
    pool.planned(pool.ann, pool.bob, NOON + HOUR, wanted=False)
    assert pool.store.run(messages.owed, pool.everybody, since=NOON - MINUTE) == [sent, begun, planned]
    assert pool.store.run(messages.owed, pool.everybody, since=NOON) == [planned]


def test_no_answer_is_owed_to_what_is_missing_unread_dropped_or_of_a_removed_mailbox(pool: Pool) -> None:
    missing, sent = (pool.sent(pool.ann, pool.bob, wanted=True) for _ in range(2))
    dropped = pool.planned(pool.ann, pool.bob, wanted=True)
    pool.store.run(messages.drop, dropped.id, NOON, "never mind")
    pool.store.run(messages.stamp, missing.id, missing_at=NOON)
    unread = pool.sent(pool.ann, pool.bob, wanted=True)
    pool.store.run(messages.stamp, unread.id, filed_at=NOON, visit_at=None, reason="no longer in the mailbox")
    assert pool.store.run(messages.owed, pool.everybody, since=NOON - HOUR) == [sent]
    pool.store.run(mailboxes.remove, pool.ann.id, NOON)
    assert pool.store.run(messages.owed, pool.everybody, since=NOON - HOUR) == []


def test_who_wrote_to_whom_last_and_what_each_receives(pool: Pool) -> None:
    pool.sent(pool.ann, pool.bob, NOON - HOUR)
    pool.sent(pool.ann, pool.bob, NOON)
    pool.planned(pool.ann, pool.cid, NOON + HOUR)
    dropped = pool.planned(pool.cid, pool.ann)
    pool.store.run(messages.drop, dropped.id, NOON, "never mind")
    pool.planned(pool.bob, pool.ann, NOON)
    assert pool.store.run(messages.last_written, [pool.ann.id], since=NOON - DAY) == {
        (pool.ann.id, pool.bob.id): NOON,
        (pool.ann.id, pool.cid.id): NOON + HOUR,
    }
    two = pool.bob.id, pool.cid.id
    assert pool.store.run(messages.inbound, two, since=NOON - HOUR, until=NOON + DAY) == {two[0]: 2, two[1]: 1}
    assert pool.store.run(messages.inbound, two, since=NOON, until=NOON + HOUR) == {two[0]: 1}
    assert pool.store.run(messages.inbound, two[1:], since=NOON, until=NOON + DAY) == {two[1]: 1}


def test_a_days_slots_are_listed_whatever_became_of_them(pool: Pool) -> None:
    sent, dropped = pool.sent(pool.ann, pool.bob), pool.planned(pool.ann, pool.bob, NOON + MINUTE)
    pool.store.run(messages.drop, dropped.id, NOON, "never mind")
    pool.planned(pool.ann, pool.bob, on=TODAY + DAY)
    other = pool.planned(pool.bob, pool.ann, NOON - HOUR)
    assert pool.store.run(messages.planned, pool.ann.id, TODAY) == [sent, pool.again(dropped)]
    assert pool.store.run(messages.planned, None, TODAY) == [other, sent, pool.again(dropped)]


def test_recent_messages_are_those_that_something_became_of_the_latest_first(pool: Pool) -> None:
    first, second = pool.sent(pool.ann, pool.bob, NOON - MINUTE), pool.sent(pool.ann, pool.cid)
    pool.planned(pool.ann, pool.bob, NOON + HOUR)
    assert pool.store.run(messages.recent, 10) == [second, first]
    assert pool.store.run(messages.recent, 1) == [second]
    assert pool.store.run(messages.recent, 10, pool.bob.id) == [first]


def test_a_tally_counts_what_a_mailbox_sent_and_what_became_of_it(pool: Pool) -> None:
    pool.plan(pool.ann, 3, TODAY - DAY)
    pool.planned(pool.ann, pool.bob, NOON - DAY, on=TODAY - DAY)
    before = pool.claim(pool.ann, NOON - DAY, today=TODAY - DAY)
    assert before is not None
    pool.store.run(messages.data_begins, before.id, NOON - DAY, owner="node")
    pool.store.run(messages.stamp, before.id, found_at=NOON, placement=Placement.JUNK, folder="Spam", rescued_at=NOON)
    pool.opened(pool.ann, pool.bob)
    pool.store.run(messages.stamp, pool.sent(pool.ann, pool.bob).id, missing_at=NOON)
    pool.begun(pool.ann, pool.cid)
    today = {mailbox.id: TODAY for mailbox in (pool.ann, pool.bob)}
    assert pool.store.run(messages.tally, today=today) == {
        pool.ann.id: Tally(sent_today=2, sent=3, uncertain=1, inbox=1, junk=1, missing=1, opened=1, rescued=1),
        pool.bob.id: Tally(),
    }


def test_the_next_due_instant_is_the_first_of_slots_visits_looks_at_sent_and_ends_of_pauses(pool: Pool) -> None:
    assert pool.store.run(messages.next_due, NOON) is None
    message = pool.sent(pool.ann, pool.bob)
    pool.planned(pool.ann, pool.bob, NOON + 5 * MINUTE)
    pool.store.run(pauses.open_, pause(pool.cid, until=NOON + 3 * MINUTE))
    pool.store.run(pauses.open_, pause(pool.cid))
    pool.store.run(messages.stamp, message.id, visit_at=NOON + 4 * MINUTE, keep_at=NOON + 2 * MINUTE)
    stops, now = [], NOON
    while (after := pool.store.run(messages.next_due, now)) is not None:
        stops.append(now := after)
    assert stops == [NOON + number * MINUTE for number in (2, 3, 4, 5)]


def test_the_message_that_waits_longest_is_known_until_it_is_claimed(pool: Pool) -> None:
    assert pool.store.run(messages.waiting_since) is None
    pool.planned(pool.ann, pool.bob, NOON + HOUR)
    pool.planned(pool.ann, pool.bob, NOON)
    assert pool.store.run(messages.waiting_since) == NOON
    pool.claim(pool.ann)
    assert pool.store.run(messages.waiting_since) == NOON + HOUR
