"""A stranger writes to a mailbox of the pool, with all he may have learnt of us: his mail is never opened, answered or
moved, and what he wants to slip into a header of ours never becomes a line of it.
"""

from __future__ import annotations

import email
import sqlite3
from collections.abc import Callable
from datetime import timedelta
from email.message import Message as Mail
from pathlib import Path

import pytest

from warmup.model import Message
from warmup.sandbox.mail import Mail as Kept

from .service import NOON, due
from .world import MONDAY, World

ANN, BEN = "ann@north.test", "ben@east.test"
LATER = MONDAY + timedelta(hours=20)  # all of Monday's mail has been read
SETTINGS = """
[mail]
file_after = "1h"
"""
Forger = Callable[[Mail], None]


def set_field(mail: Mail, name: str, value: str | None) -> None:
    del mail[name]
    if value is not None:
        mail[name] = value


def two_labels(mail: Mail) -> None:
    mail["X-Warmup"] = "0" * 32


def another_id(mail: Mail) -> None:
    """Ours lies there too, so this isn't one whose Message-ID was replaced on the way."""
    set_field(mail, "Message-ID", "<strange@evil.test>")


def answers(mail: Mail) -> None:
    """An answer in a thread of ours, from whom we wrote to, as it seems."""
    set_field(mail, "In-Reply-To", mail["Message-ID"])
    set_field(mail, "References", mail["Message-ID"])
    set_field(mail, "Message-ID", "<answer@evil.test>")
    set_field(mail, "X-Warmup", None)
    set_field(mail, "Subject", "Re: " + mail["Subject"])


FORGERIES: dict[str, Forger] = {
    "our Message-ID and no label": lambda mail: set_field(mail, "X-Warmup", None),
    "our Message-ID and a label of his": lambda mail: set_field(mail, "X-Warmup", "f" * 32),
    "our Message-ID and two labels": two_labels,
    "our label and a Message-ID of his": another_id,
    "our message, word for word": lambda mail: None,
    "a thread of ours": answers,
}


def forged(raw: bytes, forger: Forger) -> bytes:
    mail = email.message_from_bytes(raw)
    forger(mail)
    return mail.as_bytes()


@pytest.mark.parametrize("folder", ["INBOX", "Junk"])
async def test_a_strangers_mail_is_never_opened_answered_or_moved_whatever_of_ours_it_forges(
    tmp_path: Path, folder: str
) -> None:
    async with World(tmp_path, size=3, settings=SETTINGS) as world:
        due(world, [account.address for account in world.accounts], NOON, NOON + timedelta(hours=2))
        world.clock.jump(NOON)
        await world.live(NOON + timedelta(minutes=1))
        box = world.servers.box(ANN)
        (ours,) = box["INBOX"].mails.values()
        strange: list[Kept] = [
            box[folder].add(forged(ours.raw, forger), world.clock.now()) for forger in FORGERIES.values()
        ]
        before = [(mail.raw, set(mail.flags)) for mail in strange]
        await world.live(LATER)
        assert [box[folder].mails.get(mail.uid) for mail in strange] == strange
        assert [(mail.raw, mail.flags) for mail in strange] == before
        done: list[Message] = [m for m in world.messages if m.recipient == world.pool[ANN].id]
        assert [message.state for message in done] == ["filed", "filed"]
        assert len(world.servers.ledger.accepted) == 6
        assert not world.pauses
        world.check_laws()


@pytest.mark.parametrize("column", ["name", "address", "login"], ids=["a display name", "an address", "a user name"])
async def test_what_was_slipped_into_the_database_becomes_no_line_of_a_header_or_a_command(
    tmp_path: Path, column: str
) -> None:
    evil = "Ann\r\nBcc: eve@evil.test" if column == "name" else f"{ANN}\r\nRCPT TO:<eve@evil.test>"
    async with World(tmp_path, size=3) as world:
        due(world, [account.address for account in world.accounts], NOON)
        ann = world.pool[ANN].id
        with sqlite3.connect(tmp_path / "warmup.db") as database:
            database.execute(f"UPDATE mailbox SET {column} = ? WHERE id = ?", (evil, ann))
        database.close()
        world.clock.jump(NOON)
        await world.live(LATER)
        assert {entry.sender for entry in world.servers.ledger.accepted} <= {BEN, "cleo@south.test"}
        assert BEN in {entry.sender for entry in world.servers.ledger.accepted}
        assert not [entry for entry in world.servers.ledger.accepted if "eve" in entry.recipient]
        for account in world.accounts:
            for mail in world.servers.box(account.address)["INBOX"].mails.values():
                assert b"eve@evil.test" not in mail.raw
        (message,) = (message for message in world.messages if message.sender == ann)
        assert message.sent_at is None
        assert message.reason
