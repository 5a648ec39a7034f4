"""A pause holds from its beginning to its end, or until somebody lifts it; and is remembered."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from functools import partial

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from warmup.model import Cause, Endpoint, Message, Pause, Relay, Response, Scope, Security, Stage
from warmup.store import mailboxes, messages, pauses

from .pool import DAY, HOUR, LATE, MINUTE, NOON, OK, TODAY, Pool, pause

SAID = Response(Stage.MAIL, 421, "4.7.0", "too many, [TSS04]")


def test_a_pause_comes_back_as_it_was_opened_with_a_number(pool: Pool) -> None:
    opened = Pause(
        scope=Scope.LANE,
        mailbox=pool.ann.id,
        provider="two.test",
        cause=Cause.VERDICT,
        since=NOON,
        until=NOON + HOUR,
        age_lost=2,
        strikes=3,
        rule="421",
        note="again",
        response=SAID,
    )
    kept = pool.store.run(pauses.open_, opened)
    assert kept.id > 0
    assert replace(kept, id=0) == opened
    assert pool.store.run(pauses.history) == [kept]


def test_active_are_those_that_hold_now(pool: Pool) -> None:
    ending = pool.store.run(pauses.open_, pause(pool.ann, until=NOON))
    lasting = pool.store.run(pauses.open_, pause(pool.bob))
    assert pool.store.run(pauses.active, NOON - MINUTE) == [ending, lasting]
    assert pool.store.run(pauses.active, NOON) == [lasting]


def test_one_pause_or_all_of_a_mailbox_can_be_lifted(pool: Pool) -> None:
    first, second, other = (
        pool.store.run(pauses.open_, opened)
        for opened in (pause(pool.ann), pause(pool.ann, provider="two.test"), pause(pool.bob))
    )
    assert pool.store.run(pauses.lift, NOON, id=first.id) == 1
    assert pool.store.run(pauses.lift, NOON + MINUTE, mailbox=pool.ann.id) == 1
    assert pool.store.run(pauses.active, NOON) == [other]
    assert [kept.lifted_at for kept in pool.store.run(pauses.history, pool.ann.id)] == [NOON, NOON + MINUTE]
    assert pool.store.run(pauses.lift, NOON, id=second.id) == 0


def test_the_last_pause_is_of_the_same_scope_and_lane(pool: Pool) -> None:
    pool.store.run(pauses.open_, pause(pool.ann))
    newer = pool.store.run(pauses.open_, pause(pool.ann))
    lane = pool.store.run(pauses.open_, pause(pool.ann, provider="two.test"))
    assert pool.store.run(pauses.last, pause(pool.ann)) == newer
    assert pool.store.run(pauses.last, pause(pool.ann, provider="two.test")) == lane
    assert pool.store.run(pauses.last, pause(pool.ann, provider="one.test")) is None


def test_lost_days_add_up_for_each_mailbox_from_an_instant_on(pool: Pool) -> None:
    for opened in (pause(pool.ann), replace(pause(pool.ann), age_lost=2), replace(pause(pool.ann), age_lost=3)):
        pool.store.run(pauses.open_, opened)
    assert pool.store.run(pauses.lost, since={pool.ann.id: NOON - MINUTE, pool.bob.id: NOON}) == {pool.ann.id: 5}
    assert pool.store.run(pauses.lost, since={pool.ann.id: NOON + MINUTE}) == {}
    assert pool.store.run(pauses.lost, since={}) == {}
    began = {pool.ann.id: NOON - HOUR}
    assert pool.store.run(pauses.lost, since=began, before={pool.ann.id: NOON}) == {pool.ann.id: 5}
    assert pool.store.run(pauses.lost, since=began, before={pool.ann.id: NOON - MINUTE}) == {}


def test_accepted_since_tells_providers_apart(pool: Pool) -> None:
    pool.sent(pool.ann, pool.bob)

    def heard(held: Pause) -> bool:
        return pool.store.run(pauses.accepted_since, replace(held, since=NOON))

    assert heard(pause(pool.ann))
    assert heard(pause(pool.ann, provider="one.test"))
    assert not heard(pause(pool.ann, provider="two.test"))
    assert not pool.store.run(pauses.accepted_since, replace(pause(pool.ann), since=NOON + MINUTE))
    assert not heard(pause(pool.bob))
    domain = replace(pause(pool.bob), scope=Scope.DOMAIN, domain=pool.ann.domain)
    assert heard(domain)
    assert heard(replace(domain, provider="one.test"))
    assert not heard(replace(domain, provider="two.test"))
    assert not heard(replace(domain, domain="n" + pool.ann.domain))
    host = replace(pause(pool.bob), scope=Scope.HOST, host=pool.ann.smtp.host)
    assert heard(host)
    assert not heard(replace(host, host="elsewhere.test"))
    recipient = replace(pause(pool.cid), scope=Scope.RECIPIENT, recipient=pool.bob.id)
    assert heard(recipient)
    assert not heard(replace(recipient, recipient=pool.cid.id))


def test_a_held_host_holds_what_is_to_go_by_it_and_nothing_else(pool: Pool) -> None:
    held = replace(pause(pool.bob, until=NOON + DAY), scope=Scope.HOST, mailbox=None, host="mail.test")
    kept = pool.store.run(pauses.open_, held)
    assert pool.store.run(pauses.held_hosts, NOON) == {"mail.test"}
    assert pool.store.run(pauses.held_hosts, NOON + DAY) == frozenset()
    message = pool.planned(pool.ann, pool.bob)

    def claim(via: str | None) -> Message | None:
        work = partial(messages.claim, mailbox=pool.ann.id, now=NOON, today=TODAY, owner="node", late=LATE, via=via)
        return pool.store.run(work).message

    assert claim("other.test") is not None
    assert not pool.store.run(messages.data_begins, message.id, NOON, owner="node", via="mail.test")
    assert pool.store.run(messages.data_begins, message.id, NOON, owner="node", via="other.test")
    assert pool.again(message).via == "other.test"
    pool.store.run(messages.accepted, message.id, NOON, OK, visit_at=None)
    assert not pool.store.run(pauses.accepted_since, kept)
    assert pool.store.run(pauses.accepted_since, replace(kept, host="other.test"))
    assert not pool.store.run(pauses.accepted_since, replace(kept, host=pool.ann.smtp.host))  # though it is her own
    held_back = pool.planned(pool.ann, pool.bob)
    assert claim("mail.test") is None
    assert (pool.again(held_back).reason or "").startswith("paused: ")


def test_a_relays_host_is_in_the_history_of_its_mailbox(pool: Pool) -> None:
    relay = Relay(Endpoint("Mail.Test", 465, Security.TLS))
    pool.store.run(mailboxes.change, pool.ann.id, relays=(relay,))
    kept = pool.store.run(pauses.open_, replace(pause(pool.bob), scope=Scope.HOST, mailbox=None, host="mail.test"))
    assert pool.store.run(pauses.history, pool.ann.id) == [kept]
    assert pool.store.run(pauses.history, pool.bob.id) == []
    ann = pool.store.run(mailboxes.get, pool.ann.address)
    assert not kept.stops(ann, None)
    both = pool.store.run(mailboxes.change, ann.id, smtp=replace(relay.server, port=587))
    assert kept.stops(both, None)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    scope=st.sampled_from(Scope),
    provider=st.sampled_from([None, "one.test", "two.test"]),
    theirs=st.booleans(),
    until=st.sampled_from([None, NOON - MINUTE, NOON, NOON + MINUTE]),
    lifted_at=st.sampled_from([None, NOON - MINUTE]),
)
@pytest.mark.parametrize("recipient", ["bob", "cid"])
def test_what_the_database_takes_for_a_hold_is_what_a_pause_says_it_covers(
    pool: Pool,
    recipient: str,
    scope: Scope,
    provider: str | None,
    theirs: bool,
    until: datetime | None,
    lifted_at: datetime | None,
) -> None:
    sender = pool.mailbox(f"sender{len(pool.store.run(pauses.history))}@one.test")
    sender = replace(sender, smtp=replace(sender.smtp, host="Smtp.One.Test"))
    pool.store.run(mailboxes.change, sender.id, smtp=sender.smtp)
    pool.plan(sender, 1)
    to = {"bob": pool.bob, "cid": pool.cid}[recipient]
    message = pool.planned(sender, to)
    opened = Pause(
        scope=scope,
        mailbox=sender.id if theirs else pool.ann.id,
        provider=provider if scope is Scope.DOMAIN else (provider or "one.test") if scope is Scope.LANE else None,
        domain=(sender.domain if theirs else "e.test") if scope is Scope.DOMAIN else None,
        host=("Smtp.One.Test".lower() if theirs else "two.test") if scope is Scope.HOST else None,
        recipient=(to.id if theirs else pool.ann.id) if scope is Scope.RECIPIENT else None,
        cause=Cause.VERDICT,
        since=NOON - HOUR,
        until=until,
        lifted_at=lifted_at,
    )
    kept = pool.store.run(pauses.open_, opened)
    claimed = pool.claim(sender)
    assert (claimed is None) == kept.covers(NOON, sender, to)
    if claimed is not None:
        assert claimed.id == message.id
        assert pool.store.run(messages.data_begins, message.id, NOON, owner="node")
    pool.store.run(pauses.lift, NOON, id=kept.id)  # or it would hold the next example's


def test_a_sign_in_that_works_mends_what_waited_for_a_person_and_nothing_else(pool: Pool) -> None:
    waits = replace(pause(pool.ann), until=None, cause=Cause.VERDICT)
    bobs = pool.store.run(pauses.open_, replace(pause(pool.bob), until=None, cause=Cause.FAILURE))
    timed = pool.store.run(pauses.open_, replace(pause(pool.ann), until=NOON + HOUR, cause=Cause.VERDICT))
    own = pool.store.run(pauses.open_, replace(pause(pool.ann), until=None, cause=Cause.OPERATOR))
    gone = pool.store.run(pauses.open_, replace(waits, scope=Scope.RECIPIENT, recipient=pool.bob.id))
    pool.store.run(pauses.open_, waits)
    assert pool.store.run(pauses.mended, pool.ann.id, NOON) == 1
    assert {held.id for held in pool.store.run(pauses.active, NOON)} == {bobs.id, timed.id, own.id, gone.id}


def test_a_recipient_that_is_held_is_held_for_everybody_and_may_write_itself(pool: Pool) -> None:
    full = replace(pause(pool.ann), scope=Scope.RECIPIENT, recipient=pool.bob.id, rule="mailbox full")
    kept = pool.store.run(pauses.open_, full)
    for sender, recipient, goes in (
        (pool.cid, pool.bob, False),
        (pool.cid, pool.ann, True),
        (pool.bob, pool.ann, True),
    ):
        assert kept.covers(NOON, sender, recipient) is not goes
    pool.plan(pool.cid, 5)
    pool.plan(pool.bob, 5)
    pool.planned(pool.cid, pool.bob)
    assert pool.claim(pool.cid) is None
    pool.planned(pool.bob, pool.cid)
    assert pool.claim(pool.bob) is not None
    assert pool.store.run(pauses.last, replace(full, mailbox=pool.cid.id)) == kept
    assert pool.store.run(pauses.lift, NOON, mailbox=pool.bob.id) == 1
