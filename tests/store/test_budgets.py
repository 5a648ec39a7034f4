"""What others send, and what they take in advance, is a part of the day: nothing of it is given to two."""

from __future__ import annotations

import threading
from itertools import count

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from warmup.store import Budget, Others, Store, budgets, days, mailboxes, messages, pauses
from warmup.store.messages import claims

from .pool import DAY, HOUR, LATE, MINUTE, NO, NOON, OK, TODAY, Pool, pause


def budget(pool: Pool, *, most: int = messages.MANY) -> Budget:
    return pool.store.run(budgets.get, pool.ann.id, TODAY, most=most)


def take(pool: Pool, number: int) -> bool:
    return pool.store.run(budgets.take, pool.ann.id, TODAY, number)


def observe(pool: Pool, seen: int | None) -> None:
    pool.store.run(budgets.observe, pool.ann.id, TODAY, seen, NOON)


def test_a_budget_is_the_days_allowance_less_what_everybody_uses(pool: Pool) -> None:
    assert budget(pool) == Budget(allowance=3, ours=0, others=Others(), planned=0)
    pool.sent(pool.ann, pool.bob)
    pool.planned(pool.ann, pool.cid)
    observe(pool, 1)
    assert budget(pool) == Budget(allowance=3, ours=1, others=Others(1, 1), planned=1)
    assert budget(pool).left == 1
    assert budget(pool, most=1).left == 0


def test_a_day_that_is_not_planned_has_nothing_to_give(pool: Pool) -> None:
    assert not pool.store.run(budgets.take, pool.bob.id, TODAY, 1)
    assert not pool.store.run(budgets.take, pool.ann.id, TODAY + DAY, 1)
    assert pool.store.run(budgets.every, {pool.bob.id: TODAY}) == {}


def test_all_is_taken_or_nothing(pool: Pool) -> None:
    assert take(pool, 2)
    assert not take(pool, 2)
    assert budget(pool).others == Others(2)
    assert budget(pool).others.reserved == 2
    assert take(pool, 1)
    assert budget(pool).left == 0


def test_what_was_taken_and_is_seen_in_sent_counts_once(pool: Pool) -> None:
    pool.store.run(days.cut, pool.ann.id, TODAY, "anew")
    pool.plan(pool.bob, 20)
    bob = pool.bob.id
    for seen, taken, total, reserved in [(3, 0, 3, 0), (3, 5, 8, 5), (5, 0, 8, 3), (8, 0, 8, 0), (9, 2, 11, 2)]:
        pool.store.run(budgets.observe, bob, TODAY, seen, NOON)
        assert not taken or pool.store.run(budgets.take, bob, TODAY, taken)
        others = pool.store.run(budgets.every, {bob: TODAY})[bob]
        assert (others.total, others.observed, others.reserved) == (total, seen, reserved)


def test_what_has_gone_from_sent_was_sent_all_the_same(pool: Pool) -> None:
    observe(pool, 2)
    observe(pool, 0)
    assert budget(pool).others == Others(2, 2)


def test_a_day_that_was_only_taken_of_was_never_looked_at(pool: Pool) -> None:
    both = {pool.ann.id: TODAY, pool.bob.id: TODAY}
    take(pool, 1)
    assert pool.store.run(budgets.looked_at, both) == {}
    observe(pool, None)
    assert budget(pool).others == Others(1, None)
    assert pool.store.run(budgets.looked_at, both) == {pool.ann.id: NOON}
    assert pool.store.run(budgets.looked_at, {pool.ann.id: TODAY - DAY, pool.bob.id: TODAY}) == {}
    assert pool.store.run(budgets.looked_at, {}) == {}


def test_what_was_taken_and_is_not_needed_is_given_back_as_far_as_it_has_not_been_sent(pool: Pool) -> None:
    take(pool, 3)
    observe(pool, 1)
    assert pool.store.run(budgets.give_back, pool.ann.id, TODAY, 5) == 2
    assert budget(pool).others == Others(1, 1)
    assert pool.store.run(budgets.give_back, pool.ann.id, TODAY, 1) == 0
    assert pool.store.run(budgets.give_back, pool.bob.id, TODAY, 1) == 0


@pytest.mark.parametrize("how", ["taken", "seen"])
def test_what_others_use_is_not_sent_by_us_and_drops_what_was_planned(pool: Pool, how: str) -> None:
    first, second = pool.planned(pool.ann, pool.bob), pool.planned(pool.ann, pool.cid, NOON + MINUTE)
    {"taken": take, "seen": observe}[how](pool, 2)
    claimed = pool.claim(pool.ann)
    assert claimed is not None
    assert claimed.id == first.id
    assert pool.claim(pool.ann, NOON + MINUTE) is None
    assert pool.reason(second) == claims.ALLOWANCE_USED


def test_what_we_have_in_hand_can_not_be_taken_until_it_comes_back(pool: Pool) -> None:
    message = pool.claimed(pool.ann, pool.bob)
    assert not take(pool, 3)
    assert pool.store.run(messages.refused, message.id, NOON, NO, "no such user")
    assert take(pool, 3)


def test_a_reservation_ends_with_its_day(pool: Pool) -> None:
    pool.plan(pool.ann, 3, TODAY + DAY)
    assert take(pool, 3)
    assert pool.store.run(budgets.get, pool.ann.id, TODAY + DAY).left == 3


def test_a_look_is_due_before_what_is_due_and_again_after_a_while(pool: Pool) -> None:
    pool.planned(pool.ann, pool.bob, NOON + HOUR)

    def due(hours: float) -> bool:
        now = NOON + hours * HOUR
        return bool(pool.store.run(budgets.unobserved, now=now, soon=now + HOUR, since=now - 2 * HOUR))

    assert not due(-0.1)
    assert due(0)
    assert pool.store.run(budgets.unobserved, now=NOON, soon=NOON + HOUR, since=NOON) == {(pool.ann.id, TODAY)}
    observe(pool, 0)
    assert not due(1)
    assert due(2)
    pool.store.run(mailboxes.remove, pool.ann.id, NOON)
    assert not due(2)


def test_no_look_is_due_where_looking_is_held(pool: Pool) -> None:
    pool.planned(pool.ann, pool.bob, NOON)
    pool.store.run(pauses.open_, pause(pool.ann))
    assert not pool.store.run(budgets.unobserved, now=NOON, soon=NOON, since=NOON)


def test_programs_and_nodes_that_take_at_once_never_get_more_than_there_is(url: str, pool: Pool) -> None:
    allowance = 20
    eve = pool.mailbox("eve@one.test")
    pool.store.run(days.record, [pool.day(eve, allowance)], [pool.slot(eve, pool.cid) for _ in range(allowance)])
    gate = threading.Barrier(6)
    granted: list[int] = []

    def program(number: int) -> None:
        with Store.open(url) as store:
            gate.wait()
            while store.run(budgets.take, eve.id, TODAY, number):
                granted.append(number)

    def node(name: str) -> None:
        with Store.open(url) as store:
            gate.wait()
            while store.run(messages.senders_due, NOON):
                claim = store.run(messages.claim, mailbox=eve.id, now=NOON, today=TODAY, owner=name, late=LATE)
                if claim.message is not None:
                    granted.append(1)

    threads = [threading.Thread(target=program, args=(number,)) for number in (1, 1, 2, 3)]
    threads += [threading.Thread(target=node, args=(f"node {number}",)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    found = pool.store.run(budgets.get, eve.id, TODAY)
    assert sum(granted) == found.ours + found.others.total == allowance
    assert found.planned == found.left == 0


ALLOWANCE = 6
_runs = count(1)


class Shared(RuleBasedStateMachine):
    """A day that we and other programs share. These take what they send, and at times send what they haven't taken."""

    store: Store

    def __init__(self) -> None:
        super().__init__()
        run = next(_runs)
        self.pool = Pool.__new__(Pool)
        self.pool.store = self.store
        self.pool._number = run * 1000
        self.ann = self.pool.mailbox(f"shared{run}@one.test")
        self.bob = self.pool.mailbox(f"with{run}@two.test")
        self.pool.plan(self.ann, ALLOWANCE)
        self.taken = 0  # and not sent yet
        self.sent = 0  # by others
        self.unasked = False  # something was sent that hadn't been taken

    @rule(number=st.integers(1, 4))
    def take(self, number: int) -> None:
        if self.store.run(budgets.take, self.ann.id, TODAY, number):
            self.taken += number
            self.never_too_much()

    @rule(number=st.integers(1, 4))
    def give_back(self, number: int) -> None:
        if not self.unasked:
            self.taken -= self.store.run(budgets.give_back, self.ann.id, TODAY, min(number, self.taken))

    @rule(number=st.integers(1, 4))
    def send_taken(self, number: int) -> None:
        number = min(number, self.taken)
        self.taken, self.sent = self.taken - number, self.sent + number

    @rule(number=st.integers(1, 2))
    def send_unasked(self, number: int) -> None:
        self.sent += number
        self.unasked = True

    @rule()
    def look(self) -> None:
        self.store.run(budgets.observe, self.ann.id, TODAY, self.sent, NOON)

    @rule(end=st.sampled_from(["accepted", "refused", "uncertain"]))
    def send(self, end: str) -> None:
        self.pool.planned(self.ann, self.bob)
        message = self.pool.claim(self.ann)
        if message is None:
            assert self.store.run(budgets.get, self.ann.id, TODAY).left == 0
            return
        self.never_too_much()
        self.store.run(messages.data_begins, message.id, NOON, owner="node")
        if end == "accepted":
            self.store.run(messages.accepted, message.id, NOON, OK, visit_at=NOON + HOUR)
        elif end == "refused":
            self.store.run(messages.refused, message.id, NOON, NO, "no such user")

    def never_too_much(self) -> None:
        """At the moment when something is granted."""
        found = self.store.run(budgets.get, self.ann.id, TODAY)
        assert found.ours + found.others.total <= ALLOWANCE

    @invariant()
    def what_is_known_of_others_is_no_less_than_the_truth(self) -> None:
        if not self.unasked:
            found = self.store.run(budgets.get, self.ann.id, TODAY)
            assert found.others.total == self.taken + self.sent
            assert found.ours + self.taken + self.sent <= ALLOWANCE


def test_a_shared_day_is_never_given_out_twice_in_any_life(store: Store) -> None:
    run_state_machine_as_test(
        type("Shared", (Shared,), {"store": store}),
        settings=settings(
            max_examples=25, stateful_step_count=30, deadline=None, suppress_health_check=[HealthCheck.too_slow]
        ),
    )
