"""The daemon examines the domains of the pool, and holds one for what is wrong with it, where that is wanted."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from tests.dns.zones import KEY, txt
from tests.nameserver import NameServer, Serve, Zones
from warmup.daemon.doctor import Doctor, noted
from warmup.daemon.office import Office
from warmup.daemon.run import opened
from warmup.dns import Level, Resolver
from warmup.model import Cause, Pause, Scope
from warmup.sandbox import Account, Sandbox
from warmup.store import pauses

from .world import Life

FINE = f"""
@ MX 10 mx
mx A 192.0.2.10
@ TXT "v=spf1 mx -all"
_dmarc TXT "v=DMARC1; p=reject; rua=mailto:d@north.lab"
s1._domainkey {txt(f"v=DKIM1; p={KEY}")}
"""
NO_SPF = FINE.replace('@ TXT "v=spf1 mx -all"', "")
ACCOUNTS = [Account("ann@north.lab", "word-of-ann"), Account("ben@south.lab", "word-of-ben")]
SETTINGS = '[doctor]\nblocklists = []\nrequire = ["spf", "dkim"]\n'


class Practice:
    """A pool, and a doctor who asks a name server that can be replaced."""

    def __init__(self, life: Life, serve: Serve) -> None:
        self.life = life
        self._serve = serve
        self.server: NameServer | None = None

    def publish(self, zones: Zones) -> None:
        self.server = self._serve({"south.lab": FINE} | dict(zones))

    async def day(self, *, later: timedelta = timedelta(minutes=1)) -> list[Pause]:
        """All that is due then is examined; what holds afterwards."""
        self.life.clock.jump(self.life.clock.now() + later)
        assert self.server is not None
        with self.office() as office:
            doctor = Doctor(office, Resolver([self.server.address], seconds=1))
            for _ in ACCOUNTS:
                await doctor.tick()
                await doctor.idle()
        assert not self.life.events("bug"), self.life.events("bug")[0].fields["traceback"]
        return self.life.ask(pauses.active, self.life.clock.now())

    @contextmanager
    def office(self) -> Iterator[Office]:
        with opened(self.life.config, self.life.clock, self.life.facts.append, {}) as office:
            yield office

    def examined(self) -> list[object]:
        """The domains, in the order they were examined."""
        return [fact.fields["domain"] for fact in self.life.events("examined")]


@pytest.fixture
async def practice(tmp_path: Path, nameserver: Serve) -> AsyncIterator[Practice]:
    life = Life(tmp_path, SETTINGS)
    servers = Sandbox(ACCOUNTS, clock=life.clock.now)
    await servers.start()
    for account in ACCOUNTS:
        life.register(account.address, account.password, servers.smtp, servers.imap)
    yield Practice(life, nameserver)
    await servers.stop()


async def test_every_domain_is_examined_once_a_day(practice: Practice) -> None:
    practice.publish({"north.lab": FINE})
    assert await practice.day() == []
    assert practice.examined() == ["north.lab", "south.lab"]
    await practice.day(later=timedelta(hours=12))
    assert practice.examined() == ["north.lab", "south.lab"]
    await practice.day(later=timedelta(hours=18))
    assert sorted(map(str, practice.examined())) == ["north.lab"] * 2 + ["south.lab"] * 2


async def test_what_is_required_and_wrong_holds_the_domain_until_it_is_mended(practice: Practice) -> None:
    practice.publish({"north.lab": NO_SPF})
    (held,) = await practice.day()
    assert (held.scope, held.domain, held.cause, held.rule) == (Scope.DOMAIN, "north.lab", Cause.FAILURE, "doctor: spf")
    assert held.note == "north.lab has no SPF record; over with the next clean examination, one an hour"
    assert held.until is None
    assert practice.life.events("held")[0].fields["mailbox"] == "*@north.lab"
    assert practice.life.events("finding")[0].fields["code"] == "spf-missing"

    assert [pause.id for pause in await practice.day(later=timedelta(hours=2))] == [held.id]

    practice.publish({"north.lab": None})  # its name server fails, and that proves nothing
    assert [pause.id for pause in await practice.day(later=timedelta(hours=2))] == [held.id]

    practice.publish({"north.lab": FINE})
    assert await practice.day(later=timedelta(hours=2)) == []
    assert practice.life.events("healed")[0].fields["rule"] == "doctor: spf"


async def test_what_was_found_last_is_kept(practice: Practice) -> None:
    practice.publish({"north.lab": NO_SPF})
    await practice.day()
    first = practice.life.clock.now()
    (north, at, found), (south, _, fine) = practice.life.ask(noted, {"north.lab", "south.lab", "west.lab"})
    assert (north, south, at) == ("north.lab", "south.lab", first)
    assert [(one.code, one.level) for one in found if one.level is Level.ERROR] == [("spf-missing", Level.ERROR)]
    assert not [one for one in fine if one.level is Level.ERROR]
    practice.publish({"north.lab": FINE})
    await practice.day(later=timedelta(hours=2))
    ((_, at, found),) = practice.life.ask(noted, {"north.lab"})
    assert at == practice.life.clock.now()
    assert not [one for one in found if one.level is Level.ERROR]


async def test_nothing_is_sent_by_a_domain_that_is_held(practice: Practice) -> None:
    practice.publish({"north.lab": NO_SPF})
    await practice.day()
    await practice.life.live(practice.life.clock.now() + timedelta(days=2))
    sent = {message.sender for message in practice.life.messages if message.sent_at}
    assert sent == {practice.life.pool["ben@south.lab"].id}


async def test_a_name_server_that_fails_holds_nothing(practice: Practice) -> None:
    practice.publish({"north.lab": None})
    assert await practice.day() == []


async def test_mail_that_a_receiver_found_unsigned_holds_the_domain_for_a_day(practice: Practice) -> None:
    practice.publish({"north.lab": FINE})
    await practice.life.live(practice.life.clock.now() + timedelta(days=2))
    held = {pause.domain: pause for pause in await practice.day()}
    assert held.keys() == {"north.lab", "south.lab"}
    pause = held["north.lab"]
    assert pause.rule == "doctor: dkim"
    assert pause.note == "a message from north.lab to south.lab wasn't signed for north.lab"
    assert pause.until == pause.since + timedelta(days=1)
    # Nothing has been sent since, so nothing new is known; and the mailbox is as it was.
    assert await practice.day(later=timedelta(hours=30)) == []
    assert not [message for message in practice.life.messages if message.sent_at and message.sent_at > pause.since]


async def test_without_a_requirement_nothing_is_held(tmp_path: Path, practice: Practice) -> None:
    practice.life.config = Life(tmp_path, SETTINGS.replace('["spf", "dkim"]', "[]")).config
    practice.publish({"north.lab": NO_SPF})
    assert await practice.day() == []
    assert practice.life.events("finding")


async def test_names_that_nobody_can_have_are_not_examined(tmp_path: Path, practice: Practice) -> None:
    practice.publish({"north.lab": FINE})
    smtp, imap = practice.life.pool["ann@north.lab"].smtp, practice.life.pool["ann@north.lab"].imap
    practice.life.register("cleo@home.test", "word-of-cleo", smtp, imap)
    await practice.day()
    assert "home.test" not in practice.examined()
