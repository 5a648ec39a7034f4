"""Where messages arrived is counted by sender and receiving provider, and only once it is known."""

from __future__ import annotations

from warmup.model import Message, Placement, Response, Stage
from warmup.placement import Counts
from warmup.store import messages

from .pool import DAY, HOUR, NOON, TODAY, Pool

GONE = Response(Stage.DSN, 550, "5.1.1", "no such user")


def found(pool: Pool, message: Message, placement: Placement) -> None:
    pool.store.run(messages.stamp, message.id, found_at=NOON, placement=placement, folder=str(placement))


def test_every_lane_is_counted_apart_with_what_it_lost(pool: Pool) -> None:
    pool.plan(pool.bob, 1)
    pool.plan(pool.ann, 5, TODAY + DAY)
    pool.opened(pool.ann, pool.bob)
    found(pool, pool.sent(pool.ann, pool.cid), Placement.JUNK)
    found(pool, pool.sent(pool.bob, pool.cid), Placement.OTHER)
    pool.store.run(messages.stamp, pool.sent(pool.ann, pool.cid).id, missing_at=NOON, visit_at=None)
    lanes = {
        (pool.ann.id, "one.test"): Counts(inbox=1),
        (pool.ann.id, "two.test"): Counts(junk=1, missing=1),
        (pool.bob.id, "two.test"): Counts(other=1),
    }
    assert pool.store.run(messages.placements, NOON - HOUR) == lanes
    assert pool.store.run(messages.placements, NOON, sender=pool.bob.id) == {(pool.bob.id, "two.test"): Counts(other=1)}
    only = pool.store.run(messages.placements, NOON, sender=pool.ann.id, provider="one.test")
    assert only == {(pool.ann.id, "one.test"): Counts(inbox=1)}
    assert pool.store.run(messages.placements, NOON + HOUR) == {}
    assert pool.store.run(messages.placements_by_day, TODAY) == {
        (pool.ann.id, TODAY): Counts(inbox=1, junk=1, missing=1),
        (pool.bob.id, TODAY): Counts(other=1),
    }
    assert pool.store.run(messages.placements_by_day, TODAY + DAY) == {}


def test_what_came_back_is_counted_apart_from_what_is_missing(pool: Pool) -> None:
    back = pool.sent(pool.ann, pool.bob)
    assert pool.store.run(messages.bounced, back.id, NOON, GONE, "no such user")
    assert pool.store.run(messages.placements, NOON) == {(pool.ann.id, "one.test"): Counts(bounced=1)}


def test_what_is_on_its_way_or_may_never_have_gone_is_not_counted(pool: Pool) -> None:
    pool.sent(pool.ann, pool.bob)
    lost = pool.begun(pool.ann, pool.bob)  # nobody knows whether it was accepted
    pool.store.run(messages.stamp, lost.id, missing_at=NOON, visit_at=None)
    pool.planned(pool.ann, pool.bob)
    assert pool.store.run(messages.placements, NOON - DAY) == {}
