"""An audit on a real Postfix and Dovecot: a pool that lived a few days is clean, and what is planted is found."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from pathlib import Path

from tests.daemon.world import MONDAY, Life
from warmup.audit import Kind
from warmup.daemon.auditor import Report, audit
from warmup.model import Endpoint, Message, Security
from warmup.secrets import Vault
from warmup.store import Store

from .ground import Ground, share

DAY = timedelta(days=1)


async def audited(life: Life, later: timedelta = timedelta(0)) -> Report:
    with Store.open(life.config.database) as store:
        vault, now = Vault(life.config.credentials), life.clock.now() + later
        return await audit(life.config, store, vault, since=MONDAY - DAY, now=now)


def double(ground: Ground, address: str, message: Message, to: str) -> bytes:
    """Puts another copy of what its recipient has into one of its folders, and gives it."""
    with ground.reading(address) as session:
        for folder in ("INBOX", "Warmup"):
            session.select(folder)
            (found,) = session.search(None, f'HEADER Message-ID "{message.message_id}"')[1]
            if found:
                raw = session.fetch(found.decode(), "(BODY.PEEK[])")[1][0]
                assert isinstance(raw, tuple)
                session.append(to, "", "", raw[1])
                return raw[1]
    raise AssertionError(f"{message.message_id} is nowhere")


async def test_an_audit_of_real_servers(ground: Ground, tmp_path: Path) -> None:
    ground.sweep()
    life = Life(tmp_path, authorities=ground.ca_file)
    people = ground.mailboxes[:4]
    for account in people:
        smtp = Endpoint(ground.host, ground.smtps, Security.TLS)
        imap = Endpoint(ground.host, ground.imaps, Security.TLS)
        life.register(account.address, account.password, smtp, imap)
    with ground.junking(share(0.25)):
        await life.live(MONDAY + 2 * DAY)
    ground.settle()
    report = await audited(life)
    sent = sum(message.sent_at is not None for message in life.messages)
    assert (report.findings, report.whole) == ([], True)
    assert report.counts["present"] == sent > 20

    message = next(message for message in life.messages if message.opened_at)
    addresses = {mailbox.id: address for address, mailbox in life.pool.items()}
    recipient = addresses[message.recipient]
    other = next(a.address for a in people if a.address not in {recipient, addresses[message.sender]})
    raw = double(ground, recipient, message, "Junk")
    with ground.reading(other) as session:
        session.append("INBOX", "", "", raw)
        session.append("INBOX", "", "", b"Message-ID: <x@evil.test>\r\nX-Warmup: 0123\r\n\r\nHello\r\n")
    report = await audited(life)
    # Which of the two had it first depends on which was looked into first.
    kinds = Counter(finding.kind for finding in report.findings)
    assert kinds == {Kind.DOUBLED: 2, Kind.OUTSIDE: 1, Kind.FORGED: 1}
    assert {finding.mailbox for finding in report.findings} == {recipient, other}
    assert {finding.message_id for finding in report.findings} == {message.message_id, None}
