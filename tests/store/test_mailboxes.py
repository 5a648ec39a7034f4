"""Mailboxes are registered once, keep their history when removed, and leave nothing when purged."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy.exc import IntegrityError

from warmup.errors import UsageError
from warmup.model import Endpoint, Relay, Security
from warmup.store import budgets, days, mailboxes, messages, pauses

from .pool import DAY, IMAP, NOON, SMTP, TODAY, Pool, pause


def test_a_mailbox_comes_back_as_it_was_added(pool: Pool) -> None:
    assert pool.store.run(mailboxes.get, "ann@one.test") == pool.ann
    assert (pool.ann.smtp, pool.ann.imap, pool.ann.added_at) == (SMTP, IMAP, NOON - DAY)


def test_an_address_is_registered_once(pool: Pool) -> None:
    with pytest.raises(UsageError, match=r"ann@one\.test is registered already"):
        pool.mailbox("ann@one.test")


def test_a_mailbox_that_is_not_there_is_named(pool: Pool) -> None:
    with pytest.raises(UsageError, match=r"no mailbox zoe@one\.test; warmup mailbox list shows them"):
        pool.store.run(mailboxes.get, "zoe@one.test")


def test_fields_can_be_changed_and_others_can_not(pool: Pool) -> None:
    smtp = Endpoint("mail.test", 465, Security.TLS)
    changed = pool.store.run(mailboxes.change, pool.ann.id, zone="Asia/Tokyo", smtp=smtp, curve="steep")
    assert changed == replace(pool.ann, zone="Asia/Tokyo", smtp=smtp, curve="steep")
    assert pool.store.run(mailboxes.change, pool.ann.id) == changed
    with pytest.raises(AssertionError, match="address"):
        pool.store.run(mailboxes.change, pool.ann.id, address="zoe@one.test")  # type: ignore[call-arg]


def test_a_mailbox_has_a_password_until_its_owner_consents(pool: Pool) -> None:
    assert (pool.ann.auth, pool.ann.oauth) == ("password", None)
    changed = pool.store.run(mailboxes.change, pool.ann.id, auth="oauth:google")
    assert (changed.auth, changed.oauth) == ("oauth:google", "google")
    assert pool.store.run(mailboxes.get, "ann@one.test") == changed
    for wrong in ("", "oauth", "oauth:", "kerberos"):
        with pytest.raises(IntegrityError):
            pool.store.run(mailboxes.change, pool.ann.id, auth=wrong)


def test_a_removed_mailbox_is_not_listed_and_comes_back_with_its_number_and_history(pool: Pool) -> None:
    sent = pool.sent(pool.ann, pool.bob)
    pool.store.run(mailboxes.remove, pool.ann.id, NOON)
    assert pool.store.run(mailboxes.every) == [pool.bob, pool.cid]
    gone = pool.store.run(mailboxes.get, "ann@one.test", removed=True)
    assert gone == replace(pool.ann, removed_at=NOON)
    assert pool.store.run(mailboxes.every, removed=True) == [gone, pool.bob, pool.cid]
    assert pool.store.run(mailboxes.some, [pool.ann.id, pool.bob.id, 0]) == {pool.ann.id: gone, pool.bob.id: pool.bob}
    with pytest.raises(UsageError):
        pool.store.run(mailboxes.get, "ann@one.test")
    pool.store.run(mailboxes.remove, pool.ann.id, NOON + DAY)
    assert pool.store.run(mailboxes.get, "ann@one.test", removed=True) == gone
    assert pool.mailbox("ann@one.test") == pool.ann
    assert pool.again(sent) == sent


def test_a_purged_mailbox_leaves_nothing_not_even_its_number(pool: Pool) -> None:
    zoe = pool.mailbox("zoe@one.test")
    pool.plan(zoe, 3)
    for sender, recipient in ((zoe, pool.bob), (pool.ann, zoe)):
        pool.sent(sender, recipient)
    pool.store.run(pauses.open_, pause(zoe))
    pool.store.run(budgets.observe, zoe.id, TODAY, 1, NOON)
    other = pool.sent(pool.ann, pool.bob)
    pool.store.run(mailboxes.purge, zoe.id)
    assert pool.store.run(mailboxes.every, removed=True) == [pool.ann, pool.bob, pool.cid]
    assert pool.store.run(messages.planned, None, TODAY) == [other]
    assert pool.store.run(days.history, zoe.id) == []
    assert pool.store.run(pauses.history) == []
    assert pool.mailbox("zoe@one.test").id > zoe.id


def test_relays_keep_their_order_and_go_with_their_mailbox(pool: Pool) -> None:
    other, third = (Endpoint(host, 587, Security.STARTTLS) for host in ("b.test", "a.test"))
    relays = (Relay(other, 30), Relay(third))
    ann = pool.store.run(mailboxes.change, pool.ann.id, relays=relays, source="127.0.0.2")
    assert (ann.relays, ann.source, ann.submission) == (relays, "127.0.0.2", (SMTP, other, third))
    assert pool.store.run(mailboxes.every) == [ann, pool.bob, pool.cid]
    assert pool.store.run(mailboxes.some, [ann.id, pool.bob.id]) == {ann.id: ann, pool.bob.id: pool.bob}
    assert pool.store.run(mailboxes.change, ann.id, name="Ann B.").relays == relays
    assert pool.store.run(mailboxes.change, ann.id, relays=(Relay(third, 100),)).relays == (Relay(third, 100),)
    pool.store.run(mailboxes.remove, ann.id, NOON)
    assert pool.mailbox(ann.address) == pool.ann  # as it is registered again, without
    pool.store.run(mailboxes.change, ann.id, relays=relays)
    pool.store.run(mailboxes.purge, ann.id)
    assert pool.store.run(mailboxes.every, removed=True) == [pool.bob, pool.cid]


def test_what_must_never_be_stored_is_refused_by_the_database(pool: Pool) -> None:
    with pytest.raises(IntegrityError):
        pool.planned(pool.ann, pool.ann)
    with pytest.raises(IntegrityError):
        pool.store.run(mailboxes.change, pool.ann.id, smtp=Endpoint("mail.test", 0, Security.TLS))
    with pytest.raises(IntegrityError):
        pool.planned(pool.ann, replace(pool.bob, id=999))
    for wrong in (Relay(SMTP, 101), Relay(SMTP, -1), Relay(Endpoint("mail.test", 0, Security.TLS))):
        with pytest.raises(IntegrityError):
            pool.store.run(mailboxes.change, pool.ann.id, relays=(wrong,))
