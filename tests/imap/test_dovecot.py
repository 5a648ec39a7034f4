"""A visit to a real server: what the scripted one is told is what Dovecot says."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime

import pytest

from tests.real.ground import Account, Ground
from warmup.errors import AccessLost, AccessRefused
from warmup.imap import Access, Timeouts, sign_in
from warmup.imap.wire import Command, Wire
from warmup.model import Endpoint, Placement, Response, Security

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("real")]

LABEL = "X-Warmup-Test"


@dataclass(frozen=True)
class Box:
    """A mailbox with a folder name and Message-IDs that no other test uses."""

    ground: Ground
    account: Account
    token: str

    def message_id(self, name: str) -> str:
        return f"<{name}.{self.token}@x.test>"

    def message(self, name: str, value: str = "right") -> bytes:
        lines = [f"Message-ID: {self.message_id(name)}", f"{LABEL}: {value}", "Subject: ( unmatched", "", "Hello", ""]
        return "\r\n".join(lines).encode()

    def put(self, folder: str, name: str, value: str = "right") -> None:
        with self.ground.reading(self.account.address) as session:
            session.append(folder, "", "", self.message(name, value))

    def flags(self, folder: str, name: str) -> set[str]:
        with self.ground.reading(self.account.address) as session:
            session.select(f'"{folder}"', readonly=True)
            (numbers,) = session.search(None, f'HEADER Message-ID "{self.message_id(name)}"')[1]
            flags = session.fetch(numbers.decode(), "(FLAGS)")[1][0]
        assert isinstance(flags, bytes)
        return set(flags.decode().partition("FLAGS (")[2].rstrip(")").split()) - {"\\Recent"}

    async def sign_in(self, security: Security, secret: str | None = None) -> Access | Response:
        port = self.ground.imaps if security is Security.TLS else self.ground.imap
        return await sign_in(
            Endpoint("127.0.0.1", port, security),
            self.account.address,
            secret or self.account.password,
            tls=self.ground.context,
            timeouts=Timeouts(),
        )


@pytest.fixture
def box(ground: Ground) -> Iterator[Box]:
    box = Box(ground, ground.mailboxes[0], secrets.token_hex(8))
    yield box
    with ground.reading(box.account.address) as session:  # as it was before
        session.delete(f'"W&AOQ-rmup {box.token}"')
        for folder in ("INBOX", "Junk", "Sent"):
            session.select(folder)
            (numbers,) = session.search(None, f'HEADER Message-ID "{box.token}"')[1]
            if numbers:
                session.store(numbers.decode().replace(" ", ","), "+FLAGS", "\\Deleted")
            session.close()


@pytest.mark.parametrize("security", [Security.TLS, Security.STARTTLS])
async def test_a_whole_visit(box: Box, security: Security) -> None:
    box.put("INBOX", "forged", "wrong")
    box.put("Junk", "junk")
    access = await box.sign_in(security)
    assert isinstance(access, Access), access
    assert (access.folders.junk, access.folders.sent) == ("Junk", "Sent")
    sought = {box.message_id(name): "right" for name in ("junk", "forged", "never")}
    found = await access.look(sought, label=LABEL)
    assert {name: sighting.placement for name, sighting in found.items()} == {box.message_id("junk"): Placement.JUNK}
    assert box.flags("Junk", "junk") == set()
    first = found[box.message_id("junk")]
    rescued = await access.rescue(first)
    assert rescued.placement is Placement.INBOX
    with pytest.raises(AccessRefused, match="no longer in Junk"):
        await access.open(first)
    assert await access.open(rescued, flag=True) == box.message("junk")
    await access.answered(rescued)
    folder = f"Wärmup {box.token}"
    filed = await access.file(rescued, folder)
    assert await access.look(sought, label=LABEL) == {box.message_id("junk"): filed}
    assert box.flags(f"W&AOQ-rmup {box.token}", "junk") == {"\\Seen", "\\Flagged", "\\Answered", "$NotJunk"}
    assert box.flags("INBOX", "forged") == set()
    await access.close()


async def test_what_lies_in_inbox_is_opened_and_filed(box: Box) -> None:
    box.put("INBOX", "forged", "wrong")
    box.put("INBOX", "mail")
    access = await box.sign_in(Security.TLS)
    assert isinstance(access, Access), access
    sought = {box.message_id(name): "right" for name in ("mail", "forged")}
    found = await access.look(sought, label=LABEL, acting=True)
    assert list(found) == [box.message_id("mail")]
    # To look for the other one, other folders were looked into.
    again = await access.look({box.message_id("mail"): "right"}, label=LABEL, acting=True)
    assert again == found
    sighting = again[box.message_id("mail")]
    assert await access.open(sighting) == box.message("mail")
    assert box.flags("INBOX", "mail") == {"\\Seen"}
    filed = await access.file(sighting, f"Wärmup {box.token}", answered=True)
    with pytest.raises(AccessRefused, match="no longer in INBOX"):
        await access.open(sighting)
    assert await access.open(filed) == box.message("mail")
    assert box.flags(f"W&AOQ-rmup {box.token}", "mail") == {"\\Seen", "\\Answered"}
    assert box.flags("INBOX", "forged") == set()
    await access.close()


async def test_marking_and_moving_take_one_turn(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    box.put("INBOX", "mail")
    access = await box.sign_in(Security.TLS)
    assert isinstance(access, Access), access
    found = await access.look({box.message_id("mail"): "right"}, label=LABEL, acting=True)
    turns: list[None] = []
    execute = Wire.execute

    async def counted(wire: Wire, *commands: Command, owed: Iterable[bytes] = ()) -> None:
        turns.append(None)
        await execute(wire, *commands, owed=owed)

    folder = f"Wärmup {box.token}"
    await access.file(found[box.message_id("mail")], folder)  # which makes the folder
    box.put("INBOX", "another")
    found = await access.look({box.message_id("another"): "right"}, label=LABEL, acting=True)
    monkeypatch.setattr(Wire, "execute", counted)
    filed = await access.file(found[box.message_id("another")], folder, answered=True)
    assert len(turns) == 1
    assert await access.open(filed) == box.message("another")
    await access.close()


async def test_a_large_mail_is_opened_and_marked_whatever_is_answered_first(box: Box) -> None:
    large = box.message("large") + (b"0123456789" * 7 + b"\r\n") * 100_000
    with box.ground.reading(box.account.address) as session:
        session.append("INBOX", "", "", large)
    access = await box.sign_in(Security.TLS)
    assert isinstance(access, Access), access
    found = await access.look({box.message_id("large"): "right"}, label=LABEL, acting=True)
    assert await access.open(found[box.message_id("large")]) == large
    assert box.flags("INBOX", "large") == {"\\Seen"}
    await access.close()


async def test_a_folder_made_anew_while_it_is_selected_is_not_touched(box: Box) -> None:
    box.put("INBOX", "mail")
    access = await box.sign_in(Security.TLS)
    assert isinstance(access, Access), access
    found = await access.look({box.message_id("mail"): "right"}, label=LABEL, acting=True)
    filed = await access.file(found[box.message_id("mail")], f"Wärmup {box.token}")
    await access.answered(filed)
    folder = f"W&AOQ-rmup {box.token}"
    with box.ground.reading(box.account.address) as session:
        session.delete(f'"{folder}"')
        session.create(f'"{folder}"')
    box.put(f'"{folder}"', "stranger")
    with pytest.raises(AccessLost):
        await access.open(filed)
    assert box.flags(folder, "stranger") == set()
    await access.close()


async def test_a_sent_copy_is_kept_once(box: Box) -> None:
    access = await box.sign_in(Security.TLS)
    assert isinstance(access, Access), access
    at = datetime(2026, 1, 5, 3, 4, 5, tzinfo=UTC)
    kept = [await access.keep(box.message("sent"), box.message_id("sent"), at) for _ in range(2)]
    assert kept == [True, False]
    assert box.flags("Sent", "sent") == {"\\Seen"}
    await access.close()


@pytest.mark.parametrize("thorough", [False, True])
async def test_a_census_finds_all_that_has_the_label(box: Box, thorough: bool) -> None:
    for folder, name, value in (("INBOX", "a", "right"), ("Junk", "b", "forged"), ("Sent", "c", "right")):
        box.put(folder, name, value)
    with box.ground.reading(box.account.address) as session:
        session.append("INBOX", "", "", f"Message-ID: {box.message_id('d')}\r\n\r\n{LABEL}: right\r\n".encode())
    access = await box.sign_in(Security.TLS)
    assert isinstance(access, Access), access
    copies = await access.census(LABEL, since=date(2026, 1, 1), thorough=thorough)
    mine = [(copy.folder, copy.message_id, copy.label) for copy in copies if box.token in copy.message_id]
    assert mine == [("INBOX", box.message_id("a"), "right"), ("Junk", box.message_id("b"), "forged")]
    assert box.flags("INBOX", "a") == set()
    assert await access.census(LABEL, since=date(2100, 1, 1), thorough=thorough) == []
    await access.close()


async def test_a_wrong_password_is_a_response(box: Box) -> None:
    said = await box.sign_in(Security.TLS, 'wr"o\\ng ünï')
    assert isinstance(said, Response)
    assert said.text == "NO [AUTHENTICATIONFAILED] Authentication failed."
