"""A visit sees all that is due for a mailbox, and what it saw is stamped once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from warmup.model import Cause, Placement, Response, Scope, Stage
from warmup.store import Visit, mailboxes, messages, pauses

from .pool import HOUR, MINUTE, NOON, OK, Pool, pause

LATER = NOON + HOUR


def test_a_mailbox_is_visited_for_what_it_was_sent_and_for_what_it_keeps(pool: Pool) -> None:
    to_bob = pool.begun(pool.ann, pool.bob)
    pool.store.run(messages.accepted, to_bob.id, NOON, OK, visit_at=NOON + 2 * MINUTE, keep_at=NOON + MINUTE)
    assert list(pool.store.run(messages.visits_due, NOON)) == []
    assert list(pool.store.run(messages.visits_due, LATER)) == [pool.ann.id, pool.bob.id]
    assert pool.store.run(messages.visits, [pool.ann.id, pool.bob.id], LATER) == {
        pool.ann.id: Visit([], [pool.again(to_bob)], [], troubled=False),
        pool.bob.id: Visit([pool.again(to_bob)], [], [], troubled=False),
    }
    pool.store.run(messages.stamp, to_bob.id, kept_at=LATER, keep_at=None)
    assert list(pool.store.run(messages.visits_due, LATER)) == [pool.bob.id]


def test_a_removed_mailbox_is_visited_only_when_it_is_back(pool: Pool) -> None:
    pool.sent(pool.ann, pool.bob)
    pool.store.run(mailboxes.remove, pool.bob.id, NOON)
    assert list(pool.store.run(messages.visits_due, LATER)) == []
    assert pool.store.run(messages.next_due, NOON) is None
    assert pool.mailbox("bob@one.test").id == pool.bob.id
    assert list(pool.store.run(messages.visits_due, LATER)) == [pool.bob.id]
    assert pool.store.run(messages.next_due, NOON) == LATER


@pytest.mark.parametrize(
    ("held", "shut"),
    [
        ({"scope": Scope.ACCESS, "until": LATER}, False),
        ({"scope": Scope.ACCESS, "until": LATER + MINUTE}, True),
        ({"scope": Scope.ACCESS, "until": LATER + MINUTE, "lifted_at": NOON}, False),
        ({"scope": Scope.MAILBOX, "until": LATER + MINUTE}, False),
        ({"scope": Scope.MAILBOX, "until": None}, True),
        ({"scope": Scope.MAILBOX, "until": None, "cause": Cause.OPERATOR}, False),
        (
            {"scope": Scope.MAILBOX, "until": LATER + MINUTE, "response": Response(Stage.LOGIN, 0, None, "BAD slow")},
            True,
        ),
        ({"scope": Scope.MAILBOX, "until": LATER + MINUTE, "response": Response(Stage.RCPT, 421, None, "slow")}, False),
        ({"scope": Scope.LANE, "provider": "one.test", "until": None}, False),
    ],
)
def test_a_mailbox_that_looking_into_is_held_is_not_visited(pool: Pool, held: dict[str, Any], shut: bool) -> None:
    pool.sent(pool.ann, pool.bob)
    pool.store.run(pauses.open_, replace(pause(pool.ann), scope=Scope.ACCESS, until=None))  # another's
    pool.store.run(pauses.open_, replace(pause(pool.bob), **held))
    assert (not pool.store.run(messages.visits_due, LATER)) is shut


def test_a_visit_that_came_to_its_end_ends_the_row_of_those_that_did_not(pool: Pool) -> None:
    broke = replace(pause(pool.ann), scope=Scope.ACCESS, until=NOON)
    both = [pool.ann.id, pool.bob.id]
    assert pool.store.run(pauses.troubled, both) == set()
    kept = pool.store.run(pauses.open_, broke)
    assert pool.store.run(pauses.troubled, both) == {pool.ann.id}
    assert not pool.store.run(pauses.accepted_since, kept)
    pool.store.run(pauses.visited, pool.ann.id, LATER)
    assert pool.store.run(pauses.troubled, both) == set()
    last = pool.store.run(pauses.last, kept)
    assert last is not None
    assert pool.store.run(pauses.accepted_since, last)


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
