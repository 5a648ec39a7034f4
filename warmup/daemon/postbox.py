"""A notice as e-mail, from one mailbox of the pool to another.

To nobody else: that mail leaves for registered mailboxes alone is kept in code, and no setting changes it. It is plain
mail, without the label, and counts against its sender's day as what other programs take of it.

Owns: that mail. Does not own: speaking SMTP (`warmup.smtp`), the sums (`warmup.store.budgets`), trying again
(`warmup.daemon.herald`).
Sources: RFC 5322 §3.6, RFC 3834 §5 (Auto-Submitted).
"""

from __future__ import annotations

from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTPUTF8
from email.utils import format_datetime
from functools import partial

from warmup.address import wire
from warmup.errors import OperatorError, WireError
from warmup.model import Mailbox, Response, digest
from warmup.notify import Channel, Notice, Untold
from warmup.plan import local_date
from warmup.smtp import Timeouts, dial
from warmup.store import Connection, budgets, mailboxes, messages, pauses

from .office import Office

_ACCEPTED = range(200, 300)


async def mail(office: Office, channel: Channel, notice: Notice) -> None:
    """Send it. Raises `Untold`."""
    try:
        said = await _sent(office, channel, notice, office.clock.now())
    except (WireError, OperatorError) as error:
        raise Untold(str(error)) from None
    if said.code not in _ACCEPTED:
        raise Untold(f"{channel.sender}: {said}")


async def _sent(office: Office, channel: Channel, notice: Notice, now: datetime) -> Response:
    """The server's last word. What was taken of the day is given back if it doesn't take the mail, or before that."""
    sender, recipient = await office.store.do(_taken, office, channel, now)
    submission, text = office.config.submission, _text(sender, recipient, notice, now)
    timeouts = Timeouts(
        connect=submission.connect, command=submission.command, data=submission.data, dot=submission.dot
    )
    dialled = partial(dial, sender.smtp, sender.login, hello=submission.hello, tls=office.tls, timeouts=timeouts)
    took = False
    try:
        session = await office.keys.turn(sender, dialled)
        if isinstance(session, Response):
            return session
        try:
            said = await session.envelope(sender.address, recipient.address, text)
            if said.positive:
                took = True  # or may have, if the wire breaks
                said = await session.data(text)
                took = said.code in _ACCEPTED
            return said
        finally:
            await session.close()
    finally:
        if not took:
            await office.store.do(budgets.give_back, sender.id, local_date(now, sender.zone), 1)


def _taken(db: Connection, office: Office, channel: Channel, now: datetime) -> tuple[Mailbox, Mailbox]:
    """Sender and recipient, with one message taken of the sender's day. A work of the store. Raises `Untold`."""
    sender, recipient = mailboxes.get(db, channel.sender), mailboxes.get(db, channel.recipient)
    for pause in pauses.active(db, now):
        if pause.covers(now, sender, recipient):
            raise Untold(f"{sender.address} is held itself")
    ramp = office.config.ramps.get(sender.curve or office.config.curve)
    most = ramp.top if ramp else messages.MANY
    if not budgets.take(db, sender.id, local_date(now, sender.zone), 1, most=most):
        raise Untold(f"{sender.address} may send nothing more today")
    return sender, recipient


def _text(sender: Mailbox, recipient: Mailbox, notice: Notice, now: datetime) -> bytes:
    message = EmailMessage(policy=SMTPUTF8)
    message["From"] = sender.address
    message["To"] = recipient.address
    message["Date"] = format_datetime(now)
    message["Message-ID"] = f"<{digest(notice.key, now.isoformat())}@{wire(sender.address).rpartition('@')[2]}>"
    message["Subject"] = "".join(sign if sign.isprintable() else " " for sign in f"warmup: {notice.text}")[:200]
    message["Auto-Submitted"] = "auto-generated"
    message.set_content("\n".join(filter(None, (notice.text, "", notice.more))) + "\n", cte="quoted-printable")
    return message.as_bytes(policy=SMTPUTF8.clone(linesep="\r\n", utf8=False))
