"""The laws, whatever happens in whatever order: never above the allowance, never in a pause, never twice."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import count

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    consumes,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from warmup.model import Message
from warmup.store import Store, days, messages, pauses

from .pool import BUSY, HOUR, LATE, MINUTE, NO, NOON, OK, TODAY, Pool, pause

ALLOWANCE = 2
_runs = count(1)


class Life(RuleBasedStateMachine):
    """One sender, with a planner that planned too much, and a node that dies and comes back."""

    store: Store
    in_hand = Bundle("in_hand")

    def __init__(self) -> None:
        super().__init__()
        run = next(_runs)
        self.pool = Pool.__new__(Pool)
        self.pool.store = self.store
        self.pool._number = run * 1000
        self.ann = self.pool.mailbox(f"ann{run}@one.test")
        self.bob = self.pool.mailbox(f"bob{run}@two.test")
        self.pool.plan(self.ann, ALLOWANCE)
        self.now = NOON
        self.data: Counter[int] = Counter()  # how often DATA was said of a message without a refusal after it
        for _ in range(2 * ALLOWANCE):
            self.plan(0)

    @rule(minutes=st.integers(-70, 20))
    def plan(self, minutes: int) -> None:
        self.pool.planned(self.ann, self.bob, self.now + minutes * MINUTE)

    @rule(minutes=st.integers(1, 30))
    def wait(self, minutes: int) -> None:
        self.now += minutes * MINUTE

    @rule(target=in_hand)
    def claim(self) -> Message | MultipleResults[Message]:
        message = self.pool.claim(self.ann, self.now)
        if message is None:
            return multiple()
        assert not self.held()
        assert self.now - LATE <= message.due_at <= self.now
        return message

    @rule(message=in_hand)
    def say_data(self, message: Message) -> None:
        if self.store.run(messages.data_begins, message.id, self.now, owner="node"):
            assert not self.held()
            self.data[message.id] += 1

    @rule(message=consumes(in_hand), end=st.sampled_from(["accepted", "refused", "back", "unsent", "uncertain"]))
    def end(self, message: Message, end: str) -> None:
        match end:
            case "accepted":
                self.store.run(messages.accepted, message.id, self.now, OK, visit_at=self.now + HOUR)
            case "refused":
                if self.store.run(messages.refused, message.id, self.now, NO, "no such user"):
                    self.data[message.id] = 0
            case "back":
                self.store.run(messages.returned, message.id, due_at=self.now + MINUTE, reason="busy")
            case "unsent":
                if self.store.run(messages.returned, message.id, reason="busy", response=BUSY, known_unsent=True):
                    self.data[message.id] = 0
            case _:
                self.store.run(messages.uncertain, message.id, self.now)

    @rule(minutes=st.integers(1, 20))
    def hold(self, minutes: int) -> None:
        self.store.run(pauses.open_, replace(pause(self.ann, until=self.now + minutes * MINUTE), since=self.now))

    @rule()
    def die(self) -> None:
        self.store.run(messages.release)

    @rule()
    def plan_again(self) -> None:
        assert self.store.run(days.record, [self.pool.day(self.ann, 99)], []) == 0

    def held(self) -> bool:
        return any(kept.covers(self.now, self.ann, self.bob) for kept in self.store.run(pauses.history, self.ann.id))

    @invariant()
    def never_twice_and_never_above_the_allowance(self) -> None:
        assert all(times <= 1 for times in self.data.values())
        known = self.store.run(messages.planned, self.ann.id, TODAY)
        gone = [message for message in known if message.sent_at or message.uncertain]
        in_hand = [message for message in known if message.claimed_at and message not in gone]
        alive = [message for message in in_hand if not message.refused_at and not message.dropped_at]
        assert len(gone) + len(alive) <= ALLOWANCE
        assert {id for id, times in self.data.items() if times} == {message.id for message in gone}


def test_claims_keep_the_laws_in_every_life(store: Store) -> None:
    run_state_machine_as_test(
        type("Life", (Life,), {"store": store}),
        settings=settings(
            max_examples=40,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )
