"""What the owner of a mailbox on a real server sent by another program leaves less for us."""

from __future__ import annotations

import imaplib
from collections import Counter
from datetime import datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

from tests.daemon.world import MONDAY, Life
from warmup.model import Endpoint, Security
from warmup.store import Others, budgets, days, messages

from .ground import Account, Ground

OWN = 3  # mails, to two people each


async def test_the_owners_mail_in_a_real_sent_folder_is_counted_and_ours_beside_it_is_not(
    ground: Ground, tmp_path: Path
) -> None:
    ground.sweep()
    life = Life(tmp_path, authorities=ground.ca_file)
    accounts = ground.mailboxes[:4]
    for account in accounts:
        smtp, imap = (Endpoint(ground.host, port, Security.TLS) for port in (ground.smtps, ground.imaps))
        life.register(account.address, account.password, smtp, imap)
    ann = accounts[0]
    for number in range(OWN):
        _put(ground, ann, MONDAY + timedelta(hours=6, minutes=number))
    _put(ground, ann, MONDAY - timedelta(hours=2))  # yesterday, in the mailbox's zone
    await life.live(MONDAY + timedelta(hours=22))
    sent = Counter(message.sender for message in life.messages if message.sent_at)
    pool, today = life.pool, MONDAY.date()
    found = life.ask(budgets.every, {mailbox.id: today for mailbox in pool.values()})
    assert found == {mailbox.id: Others(0, 0) for mailbox in pool.values()} | {pool[ann.address].id: Others(6, 6)}
    for address, mailbox in pool.items():
        day = life.ask(days.get, mailbox.id, today)
        assert day is not None
        assert sent[mailbox.id] <= max(0, day.allowance - found[mailbox.id].total)
        if address != ann.address:
            assert ground.counts(address)["Sent"] == sum(
                message.kept_at is not None for message in life.ask(messages.planned, mailbox.id, today)
            )
    assert sum(sent.values()) > 5
    with ground.reading(ann.address) as session:
        session.select("Sent", readonly=True)
        assert session.search(None, "UNSEEN")[1][0].split() == [str(n).encode() for n in range(1, OWN + 2)]
    ground.sweep()


def _put(ground: Ground, account: Account, at: datetime) -> None:
    """A mail that its owner sent by another program, as that keeps it."""
    lines = ["To: Friend <friend@elsewhere.test>", "Bcc: another@elsewhere.test", f"Date: {format_datetime(at)}"]
    with ground.reading(account.address) as session:
        session.append("Sent", "", imaplib.Time2Internaldate(at), "\r\n".join([*lines, "", "Hello"]).encode())
