"""A visit sees all that is due for a mailbox, and what it saw is stamped once."""

from __future__ import annotations

from warmup.model import Placement
from warmup.store import Visit, mailboxes, messages

from .pool import HOUR, MINUTE, NOON, OK, Pool

LATER = NOON + HOUR


def test_a_mailbox_is_visited_for_what_it_was_sent_and_for_what_it_keeps(pool: Pool) -> None:
    to_bob = pool.begun(pool.ann, pool.bob)
    pool.store.run(messages.accepted, to_bob.id, NOON, OK, visit_at=NOON + 2 * MINUTE, keep_at=NOON + MINUTE)
    assert pool.store.run(messages.visits_due, NOON) == []
    assert pool.store.run(messages.visits_due, LATER) == [pool.ann.id, pool.bob.id]
    assert pool.store.run(messages.visit, pool.ann.id, LATER) == Visit([], [pool.again(to_bob)], asking=False)
    assert pool.store.run(messages.visit, pool.bob.id, LATER) == Visit([pool.again(to_bob)], [], asking=False)
    pool.store.run(messages.stamp, to_bob.id, kept_at=LATER, keep_at=None)
    assert pool.store.run(messages.visits_due, LATER) == [pool.bob.id]


def test_a_removed_mailbox_is_visited_only_when_it_is_back(pool: Pool) -> None:
    pool.sent(pool.ann, pool.bob)
    pool.store.run(mailboxes.remove, pool.bob.id, NOON)
    assert pool.store.run(messages.visits_due, LATER) == []
    assert pool.store.run(messages.next_due, NOON) is None
    assert pool.mailbox("bob@one.test").id == pool.bob.id
    assert pool.store.run(messages.visits_due, LATER) == [pool.bob.id]
    assert pool.store.run(messages.next_due, NOON) == LATER


def test_what_is_due_in_a_mailbox_can_be_postponed_and_what_is_not_stays(pool: Pool) -> None:
    due, later, other = pool.sent(pool.ann, pool.bob), pool.sent(pool.ann, pool.bob), pool.sent(pool.ann, pool.cid)
    pool.store.run(messages.stamp, later.id, visit_at=LATER + MINUTE)
    pool.store.run(messages.stamp, due.id, keep_at=NOON)
    pool.store.run(messages.postpone, pool.bob.id, LATER, LATER + HOUR)
    assert (pool.again(due).visit_at, pool.again(due).keep_at) == (LATER + HOUR, NOON)
    assert (pool.again(later).visit_at, pool.again(other).visit_at) == (LATER + MINUTE, LATER)
    pool.store.run(messages.postpone, pool.ann.id, LATER, LATER + HOUR)
    assert pool.again(due).keep_at == LATER + HOUR


def test_only_the_first_sight_of_a_message_counts(pool: Pool) -> None:
    message = pool.sent(pool.ann, pool.bob)
    pool.store.run(messages.stamp, message.id, found_at=NOON, placement=Placement.JUNK, folder="Spam")
    pool.store.run(messages.stamp, message.id, found_at=LATER, placement=Placement.INBOX, folder="INBOX")
    after = pool.again(message)
    assert (after.found_at, after.placement, after.folder) == (NOON, Placement.JUNK, "Spam")
    assert after.sent_at == message.sent_at


def test_what_a_visit_told_of_several_messages_is_stamped_together(pool: Pool) -> None:
    one, two = pool.sent(pool.ann, pool.bob), pool.sent(pool.ann, pool.bob)
    pool.store.run(
        messages.stamp_each,
        {
            one.id: {"found_at": NOON, "placement": Placement.OTHER, "folder": "Lists", "opened_at": NOON},
            two.id: {"visits": 1, "visit_at": LATER, "reason": "not there yet"},
        },
    )
    assert (pool.again(one).placement, pool.again(one).opened_at) == (Placement.OTHER, NOON)
    assert (pool.again(two).visits, pool.again(two).visit_at) == (1, LATER)
    assert pool.again(two).found_at is None
