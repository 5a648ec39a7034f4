"""The ground keeps its promises, so that a test that stands on it may blame the program."""

from __future__ import annotations

import contextlib
import imaplib
import shutil
import smtplib
import ssl
import subprocess
import sys
from collections.abc import Iterator
from uuid import uuid4

import pytest

from tests.need import wait_until
from tests.servers import living

from .ground import Account, Ground, sent_by, share


def letter(sender: str, recipient: str, *, message_id: str = "", junk: bool = False) -> bytes:
    lines = [
        f"From: {sender}",
        f"To: {recipient}",
        f"Message-ID: {message_id or f'<{uuid4().hex}@alpha.test>'}",
        *(["X-Sandbox-Folder: Junk"] if junk else []),
        "Subject: a walk",
        "",
        "At four?",
        "",
    ]
    return "\r\n".join(lines).encode()


@contextlib.contextmanager
def submitting(ground: Ground, account: Account) -> Iterator[smtplib.SMTP]:
    with smtplib.SMTP_SSL(ground.host, ground.smtps, context=ground.context, timeout=10) as session:
        session.login(account.address, account.password)
        yield session


def send(ground: Ground, *letters: bytes, sender: int = 0, recipient: int = 1) -> str:
    """Submits letters and waits until they lie somewhere; returns where, for each folder with mail, how many."""
    account, to = ground.mailboxes[sender], ground.mailboxes[recipient].address
    with submitting(ground, account) as session:
        for text in letters or (letter(account.address, to),):
            session.sendmail(account.address, [to], text)
    ground.settle()
    return ", ".join(f"{folder} {count}" for folder, count in ground.counts(to).items())


@pytest.fixture
def swept(ground: Ground) -> Ground:
    ground.sweep()
    return ground


def test_what_is_submitted_lies_in_the_recipients_inbox_once_and_unread(swept: Ground) -> None:
    ann, ben = swept.mailboxes[:2]
    assert send(swept) == "INBOX 1"
    assert b"\r\n\r\nAt four?\r\n" in swept.messages(ben.address)[0]
    assert len(swept.messages(ben.address, criteria="UNSEEN")) == 1, "a look leaves no trace"
    assert swept.counts(ann.address) == {}
    assert "status=sent" in swept.log()


def test_starttls_is_demanded_at_submission_and_then_the_login_works(ground: Ground) -> None:
    ann = ground.mailboxes[0]
    with smtplib.SMTP(ground.host, ground.submission, timeout=10) as session:
        session.ehlo()
        assert not session.has_extn("auth")
        session.starttls(context=ground.context)
        session.login(ann.address, ann.password)


def test_starttls_is_offered_at_imap(ground: Ground) -> None:
    ann = ground.mailboxes[0]
    with imaplib.IMAP4(ground.host, ground.imap, timeout=10) as session:
        session.starttls(ground.context)
        session.login(ann.address, ann.password)


def test_who_does_not_know_the_authority_does_not_trust_the_certificate(ground: Ground) -> None:
    stranger = ssl.create_default_context()
    with pytest.raises(ssl.SSLCertVerificationError):
        smtplib.SMTP_SSL(ground.host, ground.smtps, context=stranger, timeout=10)
    with pytest.raises(ssl.SSLCertVerificationError):
        imaplib.IMAP4_SSL(ground.host, ground.imaps, ssl_context=stranger, timeout=10)


def test_a_wrong_password_is_refused_at_both_servers(ground: Ground) -> None:
    ann = Account(ground.mailboxes[0].address, "wrong")
    with pytest.raises(smtplib.SMTPAuthenticationError, match="535"), submitting(ground, ann):
        pass
    with (
        imaplib.IMAP4_SSL(ground.host, ground.imaps, ssl_context=ground.context, timeout=10) as session,
        pytest.raises(imaplib.IMAP4.error, match="AUTHENTICATIONFAILED"),
    ):
        session.login(ann.address, ann.password)


def test_nobody_sends_as_another_nor_to_a_stranger_nor_out_of_the_ground(ground: Ground) -> None:
    ann, ben = ground.mailboxes[:2]
    with submitting(ground, ann) as session:
        session.mail(ben.address)
        assert session.rcpt(ben.address)[0] == 553
        session.rset()
        session.mail(ann.address)
        assert session.rcpt("nobody@bravo.test")[0] == 550
        assert session.rcpt("someone@example.com")[0] == 554
    names = (
        "default_transport",
        "relay_transport",
        "local_transport",
        "relayhost",
        "transport_maps",
        "smtp_bind_address",
    )
    asked = ["/usr/sbin/postconf", "-c", str(ground.root / "conf"), "-h", *names]
    *ways, relay, exception, source = subprocess.run(asked, capture_output=True, text=True).stdout.splitlines()
    assert [way.partition(":")[0] for way in ways] == ["error", "error", "error"]
    assert relay == ""
    assert exception == f"inline:{{far.test=smtp:[127.0.0.1]:{ground.beyond}}}"
    assert source == "127.0.0.1"


def test_a_header_sends_a_message_to_junk(swept: Ground) -> None:
    ann, ben = (account.address for account in swept.mailboxes[:2])
    assert send(swept, letter(ann, ben, junk=True), letter(ann, ben)) == "INBOX 1, Junk 1"


def test_one_senders_mail_goes_to_junk_for_a_while(swept: Ground) -> None:
    with swept.junking(sent_by(swept.mailboxes[0].address)):
        assert send(swept) == "Junk 1"
        assert send(swept, sender=2) == "INBOX 1, Junk 1"
    assert send(swept) == "INBOX 2, Junk 1"


def test_a_share_of_all_mail_goes_to_junk(swept: Ground) -> None:
    ann, ben = (account.address for account in swept.mailboxes[:2])
    with swept.junking(share(0.25)):
        found = send(swept, *(letter(ann, ben, message_id=f"<{digit:x}0@alpha.test>") for digit in range(16)))
    assert found == "INBOX 12, Junk 4"


def test_folders_have_their_special_use(ground: Ground) -> None:
    with ground.reading(ground.mailboxes[0].address) as session:
        rows = b"\n".join(row for row in session.list()[1] if isinstance(row, bytes)).decode()
    for use in ("Drafts", "Sent", "Junk", "Trash", "Archive"):
        assert f'\\{use}) "/" {use}' in rows


def test_a_stopped_ground_leaves_neither_process_nor_file(ground: Ground) -> None:
    other = Ground(size=9)
    with other:
        groups = [master.pid for master in other.servers.masters]
        assert all(living(group) for group in groups)
        assert other.mailboxes[8].address == "ann1@alpha.test"
        assert send(other, sender=8) == "INBOX 1"
    assert not any(living(group) for group in groups)
    assert not other.root.exists()


def test_the_ground_does_not_outlive_its_owner(ground: Ground) -> None:
    program = """if True:
        from tests.real.ground import Ground
        ground = Ground()
        ground.start()
        print(ground.root, *(master.pid for master in ground.servers.masters), flush=True)
        input()
    """
    with subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as owner:
        assert owner.stdout
        root, *groups = owner.stdout.readline().decode().split()
        owner.kill()
    wait_until(lambda: not any(living(int(group)) for group in groups), "both servers have ended")
    shutil.rmtree(root)
