"""A slot is claimed by one, when it may be sent; what may not be sent is dropped, with its reason."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from functools import partial

import pytest
from sqlalchemy.exc import StatementError

from warmup.model import Message, Placement, Response, Stage
from warmup.store import Store, days, mailboxes, messages, pauses
from warmup.store.messages import claims

from .pool import BUSY, DAY, HOUR, LATE, MINUTE, NO, NOON, OK, TODAY, Pool, pause


def test_the_earliest_due_slot_is_claimed_and_stamped(pool: Pool) -> None:
    pool.planned(pool.ann, pool.bob, NOON)
    earlier = pool.planned(pool.ann, pool.cid, NOON - MINUTE)
    assert pool.store.run(messages.senders_due, NOON) == [pool.ann.id]
    claimed = pool.claim(pool.ann, NOON, owner="node 1")
    assert claimed == replace(earlier, claimed_at=NOON, claimed_by="node 1", attempts=1)
    assert pool.again(earlier) == claimed


def test_what_is_not_due_yet_waits(pool: Pool) -> None:
    pool.planned(pool.ann, pool.bob, NOON + MINUTE)
    assert pool.store.run(messages.senders_due, NOON) == []
    assert pool.claim(pool.ann, NOON) is None
    assert pool.claim(pool.ann, NOON + MINUTE) is not None


def test_a_claimed_slot_is_not_claimed_again(pool: Pool) -> None:
    pool.claimed(pool.ann, pool.bob)
    assert pool.claim(pool.ann, owner="another") is None
    assert pool.store.run(messages.senders_due, NOON) == []


def test_times_of_any_zone_are_kept_in_utc(pool: Pool) -> None:
    """SQLite compares text: an instant written with another offset would be out of order."""
    tokyo = NOON.astimezone(timezone(timedelta(hours=9)))
    message = pool.planned(pool.ann, pool.bob, tokyo - MINUTE)
    claimed = pool.claim(pool.ann, tokyo)
    assert claimed is not None
    assert pool.store.run(messages.data_begins, message.id, tokyo, owner="node")
    assert pool.store.run(messages.accepted, message.id, tokyo, OK, visit_at=tokyo + HOUR)
    after = pool.again(message)
    stamps = (after.due_at, after.claimed_at, after.data_at, after.sent_at, after.visit_at)
    assert stamps == (NOON - MINUTE, NOON, NOON, NOON, NOON + HOUR)
    assert {stamp.tzinfo for stamp in stamps if stamp} == {UTC}


def test_a_naive_time_is_refused_everywhere(pool: Pool) -> None:
    naive = datetime(2026, 3, 2, 12)
    message = pool.begun(pool.ann, pool.bob)
    with pytest.raises(StatementError, match="timezone"):
        pool.planned(pool.ann, pool.cid, naive)
    with pytest.raises(ValueError, match="timezone"):
        pool.claim(pool.ann, naive)
    with pytest.raises(ValueError, match="timezone"):
        pool.store.run(messages.accepted, message.id, naive, OK, visit_at=NOON)
    with pytest.raises(ValueError, match="timezone"):
        pool.store.run(messages.stamp, message.id, found_at=naive)


def test_a_slot_due_too_long_ago_is_missed_and_never_made_up(pool: Pool) -> None:
    missed = pool.planned(pool.ann, pool.bob, NOON - LATE - MINUTE)
    kept = pool.planned(pool.ann, pool.cid, NOON - LATE)
    claimed = pool.claim(pool.ann, NOON)
    assert claimed is not None
    assert claimed.id == kept.id
    assert pool.reason(missed) == claims.MISSED
    assert pool.again(missed).dropped_at == NOON


def test_a_late_slot_is_missed_when_the_time_of_the_next_has_come(pool: Pool) -> None:
    overtaken = [pool.planned(pool.ann, pool.bob, NOON - ago * MINUTE) for ago in (13, 7)]
    last = pool.planned(pool.ann, pool.cid, NOON - 6 * MINUTE)
    pool.planned(pool.ann, pool.bob, NOON + MINUTE)
    claimed = pool.claim(pool.ann, NOON, apart=5 * MINUTE)
    assert claimed is not None
    assert claimed.id == last.id, "late as it is, its successor's time hasn't come"
    assert [pool.reason(slot) for slot in overtaken] == [claims.MISSED] * 2
    assert pool.claim(pool.ann, NOON, apart=5 * MINUTE) is None


def test_one_given_back_when_the_next_has_been_sent_already_is_missed(pool: Pool) -> None:
    first = pool.claimed(pool.ann, pool.bob, NOON)
    pool.sent(pool.ann, pool.cid, NOON + 8 * MINUTE)
    assert pool.store.run(messages.returned, first.id, reason="held at the last moment")
    assert pool.claim(pool.ann, NOON + 9 * MINUTE, apart=5 * MINUTE) is None
    assert pool.reason(first) == claims.MISSED


def test_slots_planned_near_each_other_go_together_when_they_are_hardly_late(pool: Pool) -> None:
    both = {pool.planned(pool.ann, pool.bob, NOON - timedelta(seconds=ago)).id for ago in (50, 20)}
    claimed = [pool.claim(pool.ann, NOON, apart=timedelta(seconds=1)) for _ in both]
    assert {one.id for one in claimed if one} == both


def test_a_slot_of_an_earlier_day_is_dropped_and_one_of_a_later_day_waits(pool: Pool) -> None:
    """A later day's slot is due today when the mailbox moved west."""
    over = pool.planned(pool.ann, pool.bob, on=TODAY - DAY)
    early = pool.planned(pool.ann, pool.cid, on=TODAY + DAY)
    pool.plan(pool.ann, 3, TODAY + DAY)
    assert pool.claim(pool.ann) is None
    assert pool.reason(over) == claims.DAY_OVER
    assert pool.again(early) == early


def test_a_pause_of_the_mailbox_drops_its_due_slots_with_its_rule(pool: Pool) -> None:
    pool.store.run(pauses.open_, pause(pool.ann, until=NOON + HOUR, rule="421"))
    held, later = pool.planned(pool.ann, pool.bob), pool.planned(pool.ann, pool.bob, NOON + HOUR)
    assert pool.claim(pool.ann) is None
    assert pool.reason(held) == "paused: 421"
    claimed = pool.claim(pool.ann, NOON + HOUR)
    assert claimed is not None
    assert claimed.id == later.id


def test_a_pause_of_a_lane_holds_that_provider_only(pool: Pool) -> None:
    pool.store.run(pauses.open_, replace(pause(pool.ann, provider="one.test"), note="by hand"))
    held, free = pool.planned(pool.ann, pool.bob), pool.planned(pool.ann, pool.cid)
    claimed = pool.claim(pool.ann)
    assert claimed is not None
    assert claimed.id == free.id
    assert pool.reason(held) == "paused: by hand"


def test_a_pause_of_one_mailbox_does_not_hold_another(pool: Pool) -> None:
    pool.store.run(pauses.open_, pause(pool.bob))
    assert pool.claimed(pool.ann, pool.bob)


def test_a_pause_that_begins_after_the_claim_still_stops_it_before_data(pool: Pool) -> None:
    message = pool.claimed(pool.ann, pool.bob)
    pool.store.run(pauses.open_, pause(pool.ann, rule="operator"))
    assert not pool.store.run(messages.data_begins, message.id, NOON, owner="node")
    assert pool.store.run(messages.returned, message.id, reason="a pause began")
    assert pool.claim(pool.ann) is None
    assert pool.reason(message) == "paused: operator"


@pytest.mark.parametrize("which", ["sender", "recipient"])
def test_nothing_goes_from_or_to_a_removed_mailbox(pool: Pool, which: str) -> None:
    """Also what a planner that didn't know yet recorded afterwards."""
    before, in_hand = pool.planned(pool.ann, pool.bob, NOON + MINUTE), pool.claimed(pool.ann, pool.bob)
    pool.store.run(mailboxes.remove, pool.ann.id if which == "sender" else pool.bob.id, NOON)
    after = pool.planned(pool.ann, pool.bob)
    assert pool.claim(pool.ann) is None
    assert not pool.store.run(messages.data_begins, in_hand.id, NOON, owner="node")
    assert {pool.reason(message) for message in (before, in_hand, after)} == {mailboxes.REMOVED}


def test_the_allowance_counts_what_was_sent_is_uncertain_or_in_hand_and_then_drops_the_rest(pool: Pool) -> None:
    pool.sent(pool.ann, pool.bob)
    pool.begun(pool.ann, pool.cid)
    pool.claimed(pool.ann, pool.bob)
    more = pool.planned(pool.ann, pool.cid)
    assert pool.claim(pool.ann) is None
    assert pool.reason(more) == claims.ALLOWANCE_USED


def test_what_was_refused_dropped_or_given_back_does_not_eat_the_allowance(pool: Pool) -> None:
    refused, dropped, back = (pool.claimed(pool.ann, pool.bob) for _ in range(3))
    assert pool.store.run(messages.refused, refused.id, NOON, NO, "no such user")
    assert pool.store.run(messages.drop, dropped.id, NOON, "never mind")
    assert pool.store.run(messages.returned, back.id, due_at=NOON + DAY, reason="greylisted", response=BUSY)
    for _ in range(3):
        pool.sent(pool.ann, pool.cid)
    more = pool.planned(pool.ann, pool.bob)
    assert pool.claim(pool.ann) is None
    assert pool.reason(more) == claims.ALLOWANCE_USED


def test_an_uncertain_message_that_was_never_found_still_eats_its_allowance(pool: Pool) -> None:
    for _ in range(3):
        message = pool.begun(pool.ann, pool.bob)
        pool.store.run(messages.stamp, message.id, missing_at=NOON, visit_at=None)
    pool.planned(pool.ann, pool.cid)
    assert pool.claim(pool.ann) is None


def test_a_day_that_is_not_planned_allows_nothing(pool: Pool) -> None:
    message = pool.planned(pool.bob, pool.ann)
    assert pool.claim(pool.bob) is None
    assert pool.reason(message) == claims.ALLOWANCE_USED


def test_an_answer_waits_until_what_it_answers_was_opened(pool: Pool) -> None:
    pool.plan(pool.bob, 3)
    asked = pool.sent(pool.ann, pool.bob, wanted=True)
    answer = pool.planned(pool.bob, pool.ann, answers=asked)
    assert pool.claim(pool.bob) is None
    assert pool.again(answer) == answer
    pool.store.run(messages.stamp, asked.id, found_at=NOON, placement=Placement.INBOX, folder="INBOX", opened_at=NOON)
    claimed = pool.claim(pool.bob, NOON + MINUTE)
    assert claimed is not None
    assert claimed.id == answer.id


def test_a_waiting_answer_does_not_hold_up_what_is_due_after_it(pool: Pool) -> None:
    pool.plan(pool.bob, 3)
    asked = pool.sent(pool.ann, pool.bob, wanted=True)
    pool.planned(pool.bob, pool.ann, NOON - MINUTE, answers=asked)
    fresh = pool.planned(pool.bob, pool.cid)
    claimed = pool.claim(pool.bob)
    assert claimed is not None
    assert claimed.id == fresh.id


def test_an_answer_to_what_was_not_read_in_time_is_dropped(pool: Pool) -> None:
    pool.plan(pool.bob, 3)
    asked = pool.sent(pool.ann, pool.bob, wanted=True)
    answer = pool.planned(pool.bob, pool.ann, answers=asked)
    assert pool.claim(pool.bob, NOON + LATE + MINUTE) is None
    assert pool.reason(answer) == claims.UNREAD


@pytest.mark.parametrize("end", ["dropped", "refused", "missing"])
def test_an_answer_to_what_never_came_is_dropped_at_once(pool: Pool, end: str) -> None:
    pool.plan(pool.bob, 3)
    asked = pool.claimed(pool.ann, pool.bob, wanted=True)
    answer = pool.planned(pool.bob, pool.ann, answers=asked)
    match end:
        case "dropped":
            pool.store.run(messages.drop, asked.id, NOON, "never mind")
        case "refused":
            pool.store.run(messages.refused, asked.id, NOON, NO, "no such user")
        case _:
            pool.store.run(messages.stamp, asked.id, missing_at=NOON)
    assert pool.claim(pool.bob) is None
    assert pool.reason(answer) == claims.UNANSWERABLE


def test_a_claim_tells_what_was_dropped_for_it(pool: Pool) -> None:
    missed = pool.planned(pool.ann, pool.bob, NOON - 2 * LATE)
    pool.planned(pool.ann, pool.bob)
    claim = partial(messages.claim, now=NOON, today=TODAY, owner="node", late=LATE)
    first = pool.store.run(claim, mailbox=pool.ann.id)
    assert first.message is not None
    assert first.dropped == [replace(missed, dropped_at=NOON, reason=claims.MISSED)]
    assert pool.store.run(claim, mailbox=pool.ann.id) == pool.store.run(claim, mailbox=999) == (None, [], False)


def test_a_claim_tells_whether_more_may_be_sent(pool: Pool) -> None:
    for minutes in (0, 0, 0, 1):  # the last isn't due yet
        pool.planned(pool.ann, pool.bob, NOON + minutes * MINUTE)
    answered = pool.planned(pool.bob, pool.ann, NOON - MINUTE, wanted=True)
    pool.planned(pool.ann, pool.bob, answers=answered)  # nor has that been opened
    claim = partial(messages.claim, mailbox=pool.ann.id, now=NOON, today=TODAY, owner="node", late=LATE)
    told = [pool.store.run(claim) for _ in range(4)]
    assert [(one.message is not None, one.more) for one in told] == [
        (True, True),
        (True, True),
        (True, False),
        (False, False),
    ]


def test_a_claim_given_back_is_due_again_when_it_says(pool: Pool) -> None:
    message = pool.claimed(pool.ann, pool.bob)
    later = NOON + 10 * MINUTE
    assert pool.store.run(messages.returned, message.id, due_at=later, reason="greylisted", response=BUSY)
    assert pool.claim(pool.ann) is None
    again = pool.claim(pool.ann, later)
    assert again is not None
    assert (again.id, again.attempts, again.due_at, again.reason, again.response) == (
        message.id,
        2,
        later,
        "greylisted",
        BUSY,
    )


def test_after_data_a_claim_is_not_given_back_or_dropped_unless_nothing_can_have_gone_out(pool: Pool) -> None:
    one, two = pool.begun(pool.ann, pool.bob), pool.begun(pool.ann, pool.cid)
    assert not pool.store.run(messages.returned, one.id, reason="lost wire")
    assert not pool.store.run(messages.drop, two.id, NOON, "lost wire")
    assert (pool.again(one), pool.again(two)) == (one, two)
    coded = Response(Stage.DOT, 451, "4.3.0", "try later")
    assert pool.store.run(messages.returned, one.id, reason="451", response=coded, known_unsent=True)
    assert pool.store.run(messages.drop, two.id, NOON, "451", coded, known_unsent=True)
    assert not pool.again(one).uncertain
    assert pool.reason(two) == "451"


def test_what_was_sent_is_never_given_back_or_dropped(pool: Pool) -> None:
    sent = pool.sent(pool.ann, pool.bob)
    assert not pool.store.run(messages.returned, sent.id, reason="a bug", known_unsent=True)
    assert not pool.store.run(messages.drop, sent.id, NOON, "a bug", known_unsent=True)
    assert pool.again(sent) == sent


def test_a_slot_can_be_dropped_before_it_is_claimed(pool: Pool) -> None:
    planned = pool.planned(pool.ann, pool.bob)
    assert pool.store.run(messages.drop, planned.id, NOON, "too many attempts")
    assert pool.reason(planned) == "too many attempts"


def test_released_claims_are_free_again_and_those_past_data_are_uncertain(pool: Pool) -> None:
    claimed, begun = pool.claimed(pool.ann, pool.bob), pool.begun(pool.ann, pool.cid)
    sent = pool.sent(pool.ann, pool.bob)
    assert pool.store.run(messages.release) == 2
    assert pool.again(claimed).claimed_at is None
    assert pool.again(begun).visit_at == begun.data_at
    assert pool.again(begun).uncertain
    assert pool.again(sent) == sent
    again = pool.claim(pool.ann)
    assert again is not None
    assert again.id == claimed.id


def test_release_can_be_of_one_owner_and_of_old_claims_only(pool: Pool) -> None:
    message = pool.claimed(pool.ann, pool.bob)
    assert pool.store.run(messages.release, owner="another") == 0
    assert pool.store.run(messages.release, before=NOON) == 0
    assert pool.again(message).claimed_by == "node"
    assert pool.store.run(messages.release, sender=pool.bob.id) == 0
    assert pool.store.run(messages.release, owner="node", before=NOON + MINUTE, sender=pool.ann.id) == 1


def test_a_message_given_up_for_missing_is_not_looked_for_again_after_a_crash(pool: Pool) -> None:
    message = pool.begun(pool.ann, pool.bob)
    pool.store.run(messages.stamp, message.id, missing_at=NOON, visit_at=None)
    assert pool.store.run(messages.release) == 0


def test_many_nodes_claiming_at_once_get_each_slot_once_and_never_above_the_allowance(url: str, pool: Pool) -> None:
    senders = [pool.mailbox(f"sender{number}@one.test") for number in range(4)]
    for sender in senders:
        slots = [pool.slot(sender, pool.cid) for _ in range(12)]
        pool.store.run(days.record, [pool.day(sender, 8)], slots)
    claimed: list[Message] = []
    gate = threading.Barrier(4)

    def node(name: str) -> None:
        with Store.open(url) as store:
            gate.wait()
            while due := store.run(messages.senders_due, NOON):
                for mailbox in due:
                    claim = store.run(messages.claim, mailbox=mailbox, now=NOON, today=TODAY, owner=name, late=LATE)
                    if claim.message is not None:
                        claimed.append(claim.message)

    nodes = [threading.Thread(target=node, args=(f"node {number}",)) for number in range(4)]
    for thread in nodes:
        thread.start()
    for thread in nodes:
        thread.join(timeout=30)
    assert len({message.id for message in claimed}) == len(claimed) == 4 * 8
    assert all(pool.again(message).claimed_by == message.claimed_by for message in claimed)
