"""A notice as e-mail, from one mailbox of the pool to another.

To nobody else: that mail leaves for registered mailboxes alone is kept in code, and no setting changes it. It is plain
mail, without the label, and counts against its sender's day as what other programs take of it.

Owns: that mail. Does not own: speaking SMTP (`warmup.smtp`), the sums (`warmup.store.budgets`), the hold
(`warmup.daemon.hold`), trying again (`warmup.daemon.herald`).
Sources: RFC 5322 §3.6, RFC 3834 §5 (Auto-Submitted).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTPUTF8
from email.utils import format_datetime
from functools import partial

from warmup.address import wire
from warmup.errors import NotSent, OperatorError, TokenLost, Uncertain
from warmup.model import Action, Endpoint, Mailbox, Response, digest
from warmup.notify import Channel, Notice, Untold
from warmup.plan import local_date
from warmup.smtp import Timeouts, dial
from warmup.store import Connection, budgets, days, mailboxes, messages, pauses
from warmup.throttle import judge, scope

from . import hold
from .office import Office
from .trust import SUBMISSION

_ACCEPTED = range(200, 300)


async def mail(office: Office, channel: Channel, notice: Notice) -> None:
    """Send it. What was taken of the sender's day is given back, unless the server has the mail, or may have it.

    A refusal holds what any refusal of its words holds, so that trying again meets the hold and not the server. Raises
    `Untold`; hopeless, where the wire broke after the final dot: it may have arrived, and nothing is sent twice.
    """
    now = office.clock.now()
    try:
        way = await office.store.do(_taken, office, channel, now)
    except OperatorError as error:
        raise Untold(str(error)) from None
    spent = False
    try:
        said = await _sent(office, way, _text(way.sender, way.recipient, notice, now))
        spent = said.code in _ACCEPTED
    except Uncertain as broken:
        spent = True
        raise Untold(f"{way.sender.address}: {broken}; it may have arrived", hopeless=True) from None
    except (NotSent, TokenLost) as broken:
        await hold.by_failure(office, way.sender, broken, asked=now, server=way.by)
        raise Untold(f"{way.sender.address}: {broken}") from None
    except OperatorError as error:
        raise Untold(str(error)) from None
    finally:
        if not spent:
            await office.store.do(budgets.give_back, way.sender.id, local_date(now, way.sender.zone), 1)
    if not spent:
        await _refused(office, way, said, now)


@dataclass(frozen=True, slots=True)
class _Way:
    sender: Mailbox
    recipient: Mailbox
    by: Endpoint


async def _sent(office: Office, way: _Way, text: bytes) -> Response:
    """The server's last word."""
    submission = office.config.submission
    dialled = partial(
        dial,
        way.by,
        way.sender.login,
        hello=submission.hello,
        tls=office.tls_to(SUBMISSION),
        timeouts=Timeouts(
            connect=submission.connect, command=submission.command, data=submission.data, dot=submission.dot
        ),
        source=way.sender.source,
    )
    session = await office.keys.turn(way.sender, dialled)
    if isinstance(session, Response):
        return session
    try:
        said = await session.envelope(way.sender.address, way.recipient.address, text)
        if said.positive:
            await office.store.do(_free, way, office.clock.now())  # a pause may have begun while the server thought
            said = await session.data(text)
        return said
    finally:
        await session.close()


async def _refused(office: Office, way: _Way, said: Response, now: datetime) -> None:
    """Hold what the server's words ask for. Always raises `Untold`."""
    verdict = judge(said, provider=way.sender.provider, waits=office.config.waits, rules=office.config.rules)
    if scope(verdict, said.stage) is not None:
        day = await office.store.do(days.get, way.sender.id, local_date(now, way.sender.zone))
        await hold.by_verdict(
            office, way.sender, said, verdict, asked=now, server=way.by, recipient=way.recipient, day=day
        )
    raise Untold(f"{way.sender.address}: {said}", hopeless=verdict.action is Action.FAIL_MESSAGE)


def _free(db: Connection, way: _Way, now: datetime) -> None:
    """Raises `Untold` if the mail mustn't go now. A work of the store, as the next one."""
    held = any(pause.covers(now, way.sender, way.recipient) for pause in pauses.active(db, now))
    if held or way.by.name in pauses.held_hosts(db, now):
        raise Untold(f"{way.sender.address} is held itself")


def _taken(db: Connection, office: Office, channel: Channel, now: datetime) -> _Way:
    """The way to go, with one message taken of the sender's day. Raises `Untold`."""
    sender, recipient = mailboxes.get(db, channel.sender), mailboxes.get(db, channel.recipient)
    held_hosts = pauses.held_hosts(db, now)
    way = _Way(sender, recipient, next((by for by in sender.submission if by.name not in held_hosts), sender.smtp))
    _free(db, way, now)
    ramp = office.config.ramps.get(sender.curve or office.config.curve)
    most = ramp.top if ramp else messages.MANY
    if not budgets.take(db, sender.id, local_date(now, sender.zone), 1, most=most):
        raise Untold(f"{sender.address} may send nothing more today")
    return way


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
