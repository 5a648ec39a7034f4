"""Mailboxes that open with access tokens, at a real Postfix and Dovecot, which ask a real authorization server whose
each is.

The authorization server goes by the clock of the life that is lived, so an hour of a token is an hour of that.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
import trustme

from tests.daemon.world import MONDAY, Life
from tests.need import missing
from tests.real.ground import Ground, lacking
from warmup import imap, smtp
from warmup.daemon.auditor import audit
from warmup.daemon.clock import SystemClock
from warmup.daemon.keys import Keys
from warmup.errors import TokenLost
from warmup.imap import Access
from warmup.model import Bearer, Cause, Endpoint, Mailbox, Pause, Response, Scope, Security
from warmup.oauth import packed
from warmup.secrets import Vault
from warmup.smtp import Session
from warmup.store import Store, mailboxes, pauses

from .provider import Provider

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


class Lived(Life):
    """Of `size` mailboxes whose owners have consented."""

    def __init__(self, folder: Path, ground: Ground, provider: Provider, size: int = 4) -> None:
        super().__init__(folder, provider.settings, authorities=ground.ca_file)
        ground.sweep()  # what another life has left in Sent counts as mail of the owners' own
        provider.clock = self.clock.now
        self.provider = provider
        smtps = Endpoint(ground.host, ground.smtps, Security.TLS)
        imaps = Endpoint(ground.host, ground.imaps, Security.TLS)
        for account in ground.mailboxes[:size]:
            self.register(account.address, packed(provider.consents(account.address)), smtps, imaps)
            self.ask(mailboxes.change, self.pool[account.address].id, auth="oauth:local")

    @property
    def keys(self) -> Keys:
        return Keys(Vault(self.config.credentials), lambda: self.config, self.clock.now)

    async def opens(self, keys: Keys, mailbox: Mailbox) -> tuple[bool, bool]:
        """Whether both of its servers let it in."""
        tls = self.provider.trusting

        async def submission(key: str | Bearer) -> Session | Response:
            timeouts = smtp.Timeouts(command=20)
            return await smtp.dial(mailbox.smtp, mailbox.login, key, hello="x.test", tls=tls, timeouts=timeouts)

        async def access(key: str | Bearer) -> Access | Response:
            return await imap.sign_in(mailbox.imap, mailbox.login, key, tls=tls, timeouts=imap.Timeouts(command=20))

        opened = await asyncio.gather(keys.turn(mailbox, submission), keys.turn(mailbox, access))
        for session in opened:
            if not isinstance(session, Response):
                await session.close()
        return isinstance(opened[0], Session), isinstance(opened[1], Access)

    def pauses_of(self, address: str) -> list[Pause]:
        return [pause for pause in self.pauses if pause.mailbox == self.pool[address].id]

    def sent_by(self, address: str) -> int:
        return sum(message.sent_at is not None for message in self.messages if message.sender == self.pool[address].id)

    def check(self) -> None:
        assert self.messages
        assert not [message for message in self.messages if message.refused_at or message.missing_at]


async def test_days_are_lived_on_tokens_that_last_an_hour(ground: Ground, provider: Provider, tmp_path: Path) -> None:
    provider.rotates = True
    life = Lived(tmp_path, ground, provider)
    await life.live(MONDAY + 2 * DAY)
    ground.settle()
    life.check()
    assert life.pauses == []
    assert all(life.sent_by(address) > 8 for address in life.pool)
    # Nobody asks while nothing is due, and never twice within a token's time.
    assert all(4 < provider.asked_for[address] < 48 for address in life.pool)
    assert provider.asked["refresh_token"] == sum(provider.asked_for.values())  # none was refused


async def test_a_token_that_ends_before_its_time_is_renewed_once_and_nobody_notices(
    ground: Ground, provider: Provider, tmp_path: Path
) -> None:
    provider.really = timedelta(minutes=20)
    life = Lived(tmp_path, ground, provider)
    await life.live(MONDAY + DAY)
    life.check()
    assert life.pauses == []
    assert all(life.sent_by(address) > 3 for address in life.pool)


async def test_consent_that_is_taken_back_holds_its_mailbox_for_a_person_and_nobody_is_pestered(
    ground: Ground, provider: Provider, tmp_path: Path
) -> None:
    life = Lived(tmp_path, ground, provider)
    ann = ground.mailboxes[0].address
    await life.live(MONDAY + DAY)
    before, sent = provider.asked["refresh_token"] - sum(provider.asked_for.values()), life.sent_by(ann)
    assert (before, sent > 0) == (0, True)
    provider.revoke(ann)
    await life.live(MONDAY + 2 * DAY)
    life.check()
    (held,) = life.pauses_of(ann)
    assert (held.scope, held.cause, held.until, held.age_lost) == (Scope.MAILBOX, Cause.FAILURE, None, 0)
    assert held.note == (
        f"{ann}: local refuses: invalid_grant (because of that: invalid_grant); the consent has expired or was taken "
        f"back; run: warmup mailbox authorize {ann}"
    )
    assert provider.asked["refresh_token"] - sum(provider.asked_for.values()) == 1  # in a whole day
    assert life.sent_by(ann) == sent
    assert all(life.pauses_of(address) == [] for address in life.pool if address != ann)

    Vault(life.config.credentials).put(ann, packed(provider.consents(ann)))
    life.ask(pauses.mended, life.pool[ann].id, life.clock.now())
    await life.live(MONDAY + 4 * DAY)  # the third day was planned while it was held
    assert life.sent_by(ann) > sent
    assert len(life.pauses_of(ann)) == 1


async def test_an_authorization_server_that_is_away_is_trouble_of_ours(
    ground: Ground, provider: Provider, tmp_path: Path
) -> None:
    life = Lived(tmp_path, ground, provider)
    provider.outage = MONDAY + 10 * HOUR, MONDAY + 12 * HOUR
    await life.live(MONDAY + 2 * DAY)
    assert life.pauses
    assert {pause.cause for pause in life.pauses} == {Cause.FAILURE}
    assert not [pause for pause in life.pauses if pause.until is None or pause.age_lost]
    assert {pause.note for pause in life.pauses} == {"auth: 127.0.0.1 answered 503"}
    assert len(life.pauses) < 30
    late = MONDAY + 17 * HOUR
    assert all(pause.since < late for pause in life.pauses)
    assert all(life.sent_by(address) > 3 for address in life.pool)


async def test_a_token_that_no_renewal_makes_good_waits_for_a_person(
    ground: Ground, provider: Provider, tmp_path: Path
) -> None:
    """Whoever sat at the browser was signed in as somebody else."""
    life = Lived(tmp_path, ground, provider)
    ann, ben = (account.address for account in ground.mailboxes[:2])
    Vault(life.config.credentials).put(ann, packed(provider.consents(ben)))
    await life.live(MONDAY + DAY)
    (held,) = life.pauses_of(ann)
    assert (held.cause, held.until) == (Cause.VERDICT, None)
    assert held.rule in {"sign-in refused", "IMAP: sign-in refused"}  # whichever server was first
    assert life.sent_by(ann) == 0


async def test_fifty_mailboxes_that_sign_in_to_both_servers_at_once_make_one_refresh_each(
    ground: Ground, provider: Provider, tmp_path: Path
) -> None:
    life = Lived(tmp_path, ground, provider, size=50)
    keys, pool = life.keys, list(life.pool.values())
    assert await asyncio.gather(*(life.opens(keys, mailbox) for mailbox in pool)) == [(True, True)] * 50
    assert provider.asked_for == dict.fromkeys(life.pool, 1)
    life.clock.jump(MONDAY + timedelta(minutes=58))
    assert await asyncio.gather(*(life.opens(keys, mailbox) for mailbox in pool)) == [(True, True)] * 50
    assert provider.asked_for == dict.fromkeys(life.pool, 2)
    # All of them end at once, before their time: each is refused by both servers, and renewed once for both.
    for address in life.pool:
        provider.end(address)
    assert await asyncio.gather(*(life.opens(keys, mailbox) for mailbox in pool)) == [(True, True)] * 50
    assert provider.asked_for == dict.fromkeys(life.pool, 3)


async def test_a_server_that_knows_only_the_older_mechanism_is_spoken_to_by_that(
    provider: Provider, authority: trustme.CA, tmp_path: Path
) -> None:
    if reason := lacking():
        missing(reason)
    with Ground(2, tokens=f"{provider.base}/introspect", mechanisms="xoauth2", authority=authority) as older:
        life = Lived(tmp_path, older, provider, size=2)
        for length in (40, 1500):
            provider.length = length
            for mailbox in life.pool.values():
                assert await life.opens(life.keys, mailbox) == (True, True)
        assert "method=XOAUTH2" in older.log()
        assert "method=OAUTHBEARER" not in older.log()
        provider.revoke(older.mailboxes[0].address)
        provider.outage = life.clock.now(), life.clock.now() + DAY
        with pytest.raises(TokenLost):
            await life.opens(life.keys, next(iter(life.pool.values())))


async def test_an_audit_signs_in_with_tokens_too(ground: Ground, provider: Provider, tmp_path: Path) -> None:
    life = Lived(tmp_path, ground, provider)
    await life.live(MONDAY + DAY)
    ground.settle()
    with Store.open(life.config.database) as store:
        vault, now = Vault(life.config.credentials), life.clock.now()
        provider.clock = SystemClock().now  # as the audit's own
        report = await audit(life.config, store, vault, since=MONDAY - DAY, now=now)
    assert (report.findings, report.whole) == ([], True)
