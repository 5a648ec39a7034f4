"""What the server said is remembered, and what isn't known stays uncertain."""

from __future__ import annotations

import pytest

from warmup.model import Placement, Response, Stage
from warmup.store import messages

from .pool import HOUR, MINUTE, NO, NOON, OK, TODAY, Pool


def test_only_the_owner_of_a_claim_may_say_data_and_only_once(pool: Pool) -> None:
    message = pool.claimed(pool.ann, pool.bob)
    assert not pool.store.run(messages.data_begins, message.id, NOON, owner="another")
    assert pool.store.run(messages.data_begins, message.id, NOON, owner="node")
    assert not pool.store.run(messages.data_begins, message.id, NOON, owner="node")
    assert pool.again(message).uncertain


def test_a_process_that_stood_still_can_not_send_what_was_released_and_claimed_by_another(pool: Pool) -> None:
    message = pool.claimed(pool.ann, pool.bob)
    pool.store.run(messages.release, owner="node")
    assert pool.claim(pool.ann, owner="another") is not None
    assert not pool.store.run(messages.data_begins, message.id, NOON, owner="node")
    assert pool.store.run(messages.data_begins, message.id, NOON, owner="another")


@pytest.mark.parametrize("begun", [False, True])
def test_a_process_that_stood_still_can_not_give_back_drop_or_end_what_another_is_sending_now(
    pool: Pool, begun: bool
) -> None:
    message = pool.claimed(pool.ann, pool.bob)
    pool.store.run(messages.release, owner="node")
    assert pool.claim(pool.ann, owner="another") is not None
    if begun:
        assert pool.store.run(messages.data_begins, message.id, NOON, owner="another")
    before = pool.again(message)
    assert not pool.store.run(messages.returned, message.id, reason="421", response=NO, known_unsent=True, owner="node")
    assert not pool.store.run(messages.drop, message.id, NOON, "421", NO, known_unsent=True, owner="node")
    assert not pool.store.run(messages.refused, message.id, NOON, NO, "no such user", owner="node")
    assert pool.again(message) == before
    assert pool.store.run(messages.refused, message.id, NOON, NO, "no such user", owner="another")


def test_an_accepted_message_is_sent_and_has_its_visits_planned(pool: Pool) -> None:
    message = pool.begun(pool.ann, pool.bob)
    visit_at, keep_at = NOON + HOUR, NOON + MINUTE
    assert pool.store.run(messages.accepted, message.id, NOON, OK, visit_at=visit_at, keep_at=keep_at)
    after = pool.again(message)
    assert (after.sent_at, after.visit_at, after.keep_at, after.response) == (NOON, visit_at, keep_at, OK)
    assert not after.uncertain


def test_an_accepted_answer_answers_its_parent_and_plans_a_visit_to_it(pool: Pool) -> None:
    pool.plan(pool.bob, 3)
    asked = pool.opened(pool.ann, pool.bob, wanted=True)
    pool.planned(pool.bob, pool.ann, answers=asked)
    answer = pool.claim(pool.bob)
    assert answer is not None
    pool.store.run(messages.data_begins, answer.id, NOON, owner="node")
    later = NOON + MINUTE
    pool.store.run(messages.accepted, answer.id, later, OK, visit_at=NOON + HOUR, parent_visit_at=later)
    assert (pool.again(asked).answered_at, pool.again(asked).visit_at) == (later, later)


def test_what_did_not_begin_can_not_be_accepted(pool: Pool) -> None:
    message = pool.claimed(pool.ann, pool.bob)
    assert not pool.store.run(messages.accepted, message.id, NOON, OK, visit_at=NOON)
    assert pool.again(message) == message


def test_a_refusal_ends_a_message_at_any_stage(pool: Pool) -> None:
    early, late = pool.claimed(pool.ann, pool.bob), pool.begun(pool.ann, pool.cid)
    spam = Response(Stage.DOT, 554, "5.7.1", "spam")
    assert pool.store.run(messages.refused, early.id, NOON, NO, "no such user")
    assert pool.store.run(messages.refused, late.id, NOON, spam, "spam")
    assert (pool.again(early).reason, pool.again(early).response) == ("no such user", NO)
    assert not pool.again(late).uncertain
    assert not pool.store.run(messages.uncertain, late.id, NOON)
    assert not pool.store.run(messages.accepted, late.id, NOON, OK, visit_at=NOON)


def test_a_server_that_said_nothing_of_the_code_kind_is_remembered_too(pool: Pool) -> None:
    message = pool.claimed(pool.ann, pool.bob)
    odd = Response(Stage.AUTH, 0, None, "")
    pool.store.run(messages.returned, message.id, reason="odd", response=odd)
    assert pool.again(message).response == odd


def test_an_uncertain_message_is_looked_for_and_never_claimed_again(pool: Pool) -> None:
    message = pool.begun(pool.ann, pool.bob)
    assert pool.store.run(messages.uncertain, message.id, NOON + MINUTE, reason="the wire broke")
    assert (pool.again(message).visit_at, pool.again(message).reason) == (NOON + MINUTE, "the wire broke")
    assert pool.claim(pool.ann) is None
    assert list(pool.store.run(messages.visits_due, NOON + MINUTE)) == [pool.bob.id]


def test_an_uncertain_answer_that_is_found_was_sent_and_its_parent_answered(pool: Pool) -> None:
    pool.plan(pool.bob, 3)
    asked = pool.opened(pool.ann, pool.bob, wanted=True)
    pool.store.run(messages.stamp, asked.id, visit_at=None)
    pool.planned(pool.bob, pool.ann, answers=asked)
    answer = pool.claim(pool.bob)
    assert answer is not None
    pool.store.run(messages.data_begins, answer.id, NOON, owner="node")
    seen = NOON + HOUR
    pool.store.run(messages.stamp, answer.id, found_at=seen, placement=Placement.JUNK, folder="Spam")
    assert (pool.again(answer).sent_at, pool.again(answer).placement) == (seen, Placement.JUNK)
    assert (pool.again(asked).answered_at, pool.again(asked).visit_at) == (seen, seen)


def test_a_refused_answer_leaves_its_parent_owed_an_answer(pool: Pool) -> None:
    pool.plan(pool.bob, 3)
    asked = pool.opened(pool.ann, pool.bob, wanted=True)
    pool.planned(pool.bob, pool.ann, answers=asked)
    assert pool.store.run(messages.owed, pool.everybody, since=NOON - HOUR) == []
    answer = pool.claim(pool.bob, today=TODAY)
    assert answer is not None
    pool.store.run(messages.refused, answer.id, NOON, NO, "no such user")
    assert pool.store.run(messages.owed, pool.everybody, since=NOON - HOUR) == [pool.again(asked)]
    pool.planned(pool.bob, pool.ann, answers=asked)
    assert pool.store.run(messages.owed, pool.everybody, since=NOON - HOUR) == []
