"""The whole road on a real Postfix and Dovecot: fourteen virtual days, and then the servers are asked."""

from __future__ import annotations

import email
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from email import policy
from email.message import EmailMessage
from pathlib import Path

from tests.daemon.world import MONDAY, Life
from warmup.model import Endpoint, Message, Placement, Security

from .ground import Ground, share

_SETTINGS = """
[curves.gentle]
kind = "linear"
start = 2
step = 1
ceiling = 5
[hours]
days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
[replies]
rate = 0.5
"""
_DAYS = 14


async def test_fourteen_days_on_real_servers(ground: Ground, tmp_path: Path) -> None:
    ground.sweep()
    life = Life(tmp_path, _SETTINGS, database="sqlite:///warmup.db", curve="gentle", authorities=ground.ca_file)
    for number, account in enumerate(ground.mailboxes):
        smtps, imaps = (ground.smtps, ground.imaps) if number % 2 else (ground.submission, ground.imap)
        security = Security.TLS if number % 2 else Security.STARTTLS
        smtp, imap = Endpoint(ground.host, smtps, security), Endpoint(ground.host, imaps, security)
        life.register(account.address, account.password, smtp, imap)
    with ground.junking(share(0.25)):
        await life.live(MONDAY + timedelta(days=_DAYS))
    ground.settle()
    sent = {message.message_id: message for message in life.messages if message.sent_at}
    assert len(sent) > 300
    assert not [message for message in life.messages if message.refused_at or message.missing_at]
    assert not life.pauses
    lying = list(_lying(ground))
    _found_opened_and_recorded_once(life, sent, lying)
    _threads_are_right(sent, lying)
    _everything_sent_is_kept(ground, sent)


def _lying(ground: Ground) -> Iterator[tuple[str, str, EmailMessage]]:
    """Every message at every recipient: address, folder, message. What lies in Sent was kept there by its sender."""
    for account in ground.mailboxes:
        for folder in ground.counts(account.address):
            if folder != "Sent":
                for raw in ground.messages(account.address, folder):
                    yield (
                        account.address,
                        folder,
                        email.message_from_bytes(raw, policy=policy.default),
                    )


def _found_opened_and_recorded_once(
    life: Life, sent: dict[str, Message], lying: list[tuple[str, str, EmailMessage]]
) -> None:
    addresses = {mailbox.id: address for address, mailbox in life.pool.items()}
    at_servers = Counter((str(mail["Message-ID"]), address) for address, _, mail in lying)
    in_store = Counter((message.message_id, addresses[message.recipient]) for message in sent.values())
    assert at_servers == in_store  # each once, at its recipient, and nothing else anywhere
    read = [message for message in sent.values() if message.found_at]
    assert len(read) > 0.9 * len(sent)
    assert all(message.opened_at for message in read)
    junk = [message for message in read if message.placement is Placement.JUNK]
    assert {message.message_id for message in junk} == {m.message_id for m in read if m.message_id[1] in "0123"}
    assert all(message.rescued_at for message in junk)
    assert not {str(mail["Message-ID"]) for _, folder, mail in lying if folder == "Junk"} & {m.message_id for m in read}
    filed = {str(mail["Message-ID"]) for _, folder, mail in lying if folder == "Warmup"}
    assert filed == {message.message_id for message in read if message.filed_at}
    assert filed


def _threads_are_right(sent: dict[str, Message], lying: list[tuple[str, str, EmailMessage]]) -> None:
    answers = [message for message in sent.values() if message.parent]
    assert len(answers) > 60
    mails = {str(mail["Message-ID"]): mail for _, _, mail in lying}
    for message in sent.values():
        mail = mails[message.message_id]
        assert mail["In-Reply-To"] == message.parent
        if message.parent is not None:
            parent = mails[message.parent]
            assert str(mail["References"]).split() == [*str(parent["References"] or "").split(), message.parent]
            assert sent[message.parent].answered_at is not None


def _everything_sent_is_kept(ground: Ground, sent: dict[str, Message]) -> None:
    kept: Counter[str] = Counter()
    for account in ground.mailboxes:
        for raw in ground.messages(account.address, "Sent"):
            kept[str(email.message_from_bytes(raw)["Message-ID"])] += 1
    assert set(kept.values()) == {1}
    assert {message.message_id for message in sent.values() if message.kept_at} == set(kept)
    assert len(kept) > 0.9 * len(sent)
