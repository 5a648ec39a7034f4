"""One mailbox at a hostile server: the operator reads one line that says what is wrong, nothing is lost, the other
mailboxes go on, and when the server behaves so does this one.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme

from tests.hostile import Manner, certified, dripping, endless, hostile, says, silent, upgrading
from warmup.model import Cause, Endpoint, Scope, Security
from warmup.store import mailboxes

from .service import NOON, due, serving
from .world import MONDAY, World

ANN, BEN, CLEO = "ann@north.test", "ben@east.test", "cleo@south.test"
LATER = MONDAY + timedelta(hours=20)  # all of Monday's mail has been read
GREETING, OFFER = b"220 mx.test ESMTP\r\n", b"250-mx.test\r\n250 "
READY = b"* OK ready\r\n"
CAPABLE = b"* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\na OK done\r\n"
NO_SMTP, NO_IMAP, SLOW = "doesn't speak SMTP", "doesn't speak IMAP", "no answer from localhost within 1 s"
CERTIFICATES = {
    "another host's": "certificate is not valid for 'localhost'",
    "expired": "certificate has expired",
    "self-signed": "unable to get local issuer certificate",
}

SMTP: dict[str, tuple[Manner, Security, str]] = {
    "endless banner": (endless(b"220-welcome\r\n"), Security.PLAIN, NO_SMTP),
    "endless answer": (says(GREETING, answer=endless(b"250-X-NOTHING\r\n")), Security.PLAIN, NO_SMTP),
    "a line of 10 MB": (says(b"220 " + b"x" * 10_000_000 + b"\r\n"), Security.PLAIN, NO_SMTP),
    "slow drip": (dripping, Security.PLAIN, SLOW),
    "slow drip within an answer": (says(GREETING, answer=dripping), Security.PLAIN, SLOW),
    "no STARTTLS any more": (says(GREETING, OFFER + b"AUTH PLAIN\r\n"), Security.STARTTLS, "offers no STARTTLS"),
}
IMAP: dict[str, tuple[Manner, Security, str]] = {
    "garbage": (says(b"\x16\x03\xff\xfe\x00\r\n"), Security.PLAIN, NO_IMAP),
    "wrong tags": (says(READY, b"zz9 OK done\r\n"), Security.PLAIN, NO_IMAP),
    "endless literal": (says(READY, b"* LIST {99999999999}\r\n"), Security.PLAIN, NO_IMAP),
    "endless line": (says(READY, answer=endless(b"* OK " + b"x" * 100_000)), Security.PLAIN, NO_IMAP),
    "endless untagged lines": (says(READY, answer=endless(b"* 1 EXISTS\r\n" * 1000)), Security.PLAIN, NO_IMAP),
    "slow drip": (dripping, Security.PLAIN, SLOW),
    "slow drip within an answer": (says(READY, CAPABLE, answer=dripping), Security.PLAIN, SLOW),
    "no STARTTLS any more": (says(READY, CAPABLE), Security.STARTTLS, "offers no STARTTLS"),
    "slipped in before TLS": (
        says(READY, CAPABLE.replace(b"AUTH=PLAIN", b"STARTTLS"), b"a OK go on\r\n* CAPABILITY AUTH=PLAIN\r\n"),
        Security.STARTTLS,
        NO_IMAP,
    ),
}


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


def impatient(world: World) -> None:
    world.config = replace(
        world.config,
        submission=replace(world.config.submission, connect=1, command=1),
        reading=replace(world.config.reading, connect=1, command=1),
    )


def trusting(world: World, folder: Path, authority: trustme.CA) -> None:
    authority.cert_pem.write_to_path(folder / "authority.pem")
    world.config = replace(world.config, authorities=folder / "authority.pem")


async def submission(world: World, server: Endpoint, why: str) -> None:
    """Ann's submission server is that one, for half an hour."""
    if why == SLOW:  # else a machine that is busy is taken for it
        impatient(world)
    good = world.pool[ANN].smtp
    world.ask(mailboxes.change, world.pool[ANN].id, smtp=server)
    due(world, [ANN, BEN, CLEO], NOON)
    world.clock.jump(NOON)
    await world.live(NOON + timedelta(minutes=4))
    assert sorted(entry.sender for entry in world.servers.ledger.accepted) == [BEN, CLEO]
    (pause,) = world.pauses
    assert (pause.cause, pause.mailbox, pause.age_lost) == (Cause.FAILURE, world.pool[ANN].id, 0)
    (held,) = world.events("held")
    assert (held.fields["mailbox"], held.fields["why"]) == (ANN, pause.note)
    assert why in pause.note
    assert len(world.events("refused", "uncertain", "bug")) == 0
    world.ask(mailboxes.change, world.pool[ANN].id, smtp=good)
    await world.live(LATER)
    assert [entry.sender for entry in world.servers.ledger.accepted][2:] == [ANN]
    finished(world)


async def access(world: World, server: Endpoint, why: str) -> None:
    """Ann's access server is that one, until she has been visited."""
    if why == SLOW:
        impatient(world)
    good = world.pool[ANN].imap
    due(world, [ANN, BEN, CLEO], NOON)
    world.clock.jump(NOON)
    await world.live(NOON + timedelta(minutes=1))
    world.ask(mailboxes.change, world.pool[ANN].id, imap=server)
    while not world.pauses and world.clock.now() < LATER:
        await world.live(world.clock.now() + timedelta(minutes=1))
    (pause,) = world.pauses
    assert (pause.scope, pause.cause, pause.mailbox) == (Scope.ACCESS, Cause.FAILURE, world.pool[ANN].id)
    (held,) = world.events("held")
    assert (held.fields["mailbox"], held.fields["why"]) == (ANN, pause.note)
    assert why in pause.note
    world.ask(mailboxes.change, world.pool[ANN].id, imap=good)
    await world.live(LATER)
    finished(world)


def finished(world: World) -> None:
    world.check_laws()
    assert [message.state for message in world.messages if message.data_at and not message.found_at] == []
    assert len(world.events("held")) == len(world.pauses) == 1
    assert not world.events("bug", "missing", "not-done")


@pytest.mark.parametrize("fault", SMTP)
async def test_a_hostile_submission_server_is_its_own_mailboxs_trouble(tmp_path: Path, fault: str) -> None:
    manner, security, why = SMTP[fault]
    async with World(tmp_path, size=3) as world, hostile(manner, security) as server:
        await submission(world, server, why)


async def test_what_is_slipped_into_a_submission_before_tls_is_never_taken_for_an_answer_in_it(
    tmp_path: Path, authority: trustme.CA
) -> None:
    tls = certified(authority, "good")
    slipped = says(GREETING, OFFER + b"STARTTLS\r\n", b"220 go on\r\n250 AUTH PLAIN\r\n", then=upgrading(tls))
    async with World(tmp_path, size=3) as world, hostile(slipped, Security.STARTTLS) as server:
        trusting(world, tmp_path, authority)
        await submission(world, server, "ehlo: localhost closed the connection or spoke out of turn")


@pytest.mark.parametrize("fault", IMAP)
async def test_a_hostile_access_server_is_its_own_mailboxs_trouble(
    tmp_path: Path, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("warmup.imap.wire._ANSWER", 4_000_000)
    manner, security, why = IMAP[fault]
    async with World(tmp_path, size=3) as world, hostile(manner, security) as server:
        await access(world, server, why)


@pytest.mark.parametrize("certificate", CERTIFICATES)
async def test_a_wrong_certificate_of_a_submission_server_is_told_and_no_password_goes_out(
    tmp_path: Path, authority: trustme.CA, certificate: str
) -> None:
    heard: list[bytes] = []
    tls = certified(authority, certificate)
    async with World(tmp_path, size=3) as world, hostile(listening(heard), Security.TLS, tls) as server:
        trusting(world, tmp_path, authority)
        await submission(world, server, CERTIFICATES[certificate])
    assert heard == []


@pytest.mark.parametrize("certificate", CERTIFICATES)
async def test_a_wrong_certificate_of_an_access_server_is_told_and_no_password_goes_out(
    tmp_path: Path, authority: trustme.CA, certificate: str
) -> None:
    heard: list[bytes] = []
    tls = certified(authority, certificate)
    async with World(tmp_path, size=3) as world, hostile(listening(heard), Security.TLS, tls) as server:
        trusting(world, tmp_path, authority)
        await access(world, server, CERTIFICATES[certificate])
    assert heard == []


@pytest.mark.parametrize("service", ["smtp", "imap"])
async def test_a_host_whose_name_is_not_found_any_more_is_waited_for_and_named(
    tmp_path: Path, service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    look_up = socket.getaddrinfo
    gone = True

    def resolving(host: str, *more: Any, **options: Any) -> Any:
        if host == "localhost" and gone:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return look_up(host, *more, **options)

    monkeypatch.setattr(socket, "getaddrinfo", resolving)
    async with World(tmp_path, size=3) as world:
        ann = world.pool[ANN]
        named = replace(getattr(ann, service), host="localhost")
        world.ask(mailboxes.change, ann.id, **{service: named})
        due(world, [ANN, BEN, CLEO], NOON)
        world.clock.jump(NOON)
        await world.live(NOON + timedelta(minutes=35))
        why = "connect: localhost has no address: Name or service not known"
        assert {fact.fields["why"] for fact in world.events("held")} == {why}
        assert {pause.cause for pause in world.pauses} == {Cause.FAILURE}
        assert {entry.sender for entry in world.servers.ledger.accepted} >= {BEN, CLEO}
        gone = False
        await world.live(LATER)
        world.check_laws()
        assert len(world.servers.ledger.accepted) == 3
        assert all(message.found_at for message in world.messages)


async def test_names_that_nobody_answers_for_keep_no_other_name_from_being_looked_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    look_up = socket.getaddrinfo
    over = threading.Event()

    def resolving(host: str, *more: Any, **options: Any) -> Any:
        if host == "silent.test":
            over.wait()
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        return look_up(host, *more, **options)

    monkeypatch.setattr(socket, "getaddrinfo", resolving)
    async with World(tmp_path, size=9) as world:
        *others, healthy = world.pool.values()
        for mailbox in others:
            server = Endpoint("silent.test", 465, Security.TLS)
            world.ask(mailboxes.change, mailbox.id, smtp=server)
        world.ask(mailboxes.change, healthy.id, smtp=replace(healthy.smtp, host="localhost"))
        due(world, list(world.pool), NOON)
        world.clock.jump(NOON)
        async with serving(world) as service:
            await service.hears("sent")
            over.set()
        assert [entry.sender for entry in world.servers.ledger.accepted] == [healthy.address]
        world.check_laws()


async def test_mailboxes_at_an_access_server_that_hangs_take_no_place_of_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("warmup.daemon.reader.AT_ONCE", 4)
    monkeypatch.setattr("warmup.daemon.reader._AT_HOST", 2)
    async with World(tmp_path, size=9) as world, hostile(silent) as server:
        due(world, list(world.pool), NOON)
        world.clock.jump(NOON)
        await world.live(NOON + timedelta(minutes=1))
        last = max(world.messages, key=lambda message: message.visit_at or NOON).recipient
        for mailbox in world.pool.values():
            if mailbox.id != last:
                world.ask(mailboxes.change, mailbox.id, imap=server)
        world.clock.jump(LATER)
        async with serving(world) as service:
            await service.hears("found")
        (found,) = world.events("found")
        assert world.pool[str(found.fields["mailbox"])].id == last


def listening(heard: list[bytes]) -> Manner:
    async def manner(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(GREETING)
        heard.append(await reader.read())

    return manner
