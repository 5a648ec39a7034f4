"""Sending: what is due goes out, one mailbox's messages one after the other over one connection.

A mailbox with relays goes by the server whose turn it is and whose host isn't held. That is all there is of failover:
trouble of a host holds that host, and the message, of which nothing has gone out, is due at once by another.

The order is the law. A claim is written before dialling, `data_at` before DATA, and then both are on the disk. A wire
that breaks after the final dot began leaves the message *uncertain*, as does a power failure before the 250 is on the
disk, and it is never sent again, only looked for. Every check (allowance, pauses, pool, day) happens in the claim.

Owns: that order, and what becomes of a message by each outcome. Does not own: the checks (`warmup.store.messages`),
which server (`warmup.plan.route`), speaking SMTP (`warmup.smtp`), judging (`warmup.throttle`), the pause
(`warmup.daemon.hold`).
Sources: RFC 5321 §4.5.3.2, RFC 1047 (after the final dot).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence, Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from warmup.errors import NotSent, OperatorError, StoreError, TokenLost, Uncertain
from warmup.model import Action, Endpoint, Kind, Mailbox, Message, Pause, Response, Scope, Verdict, chance
from warmup.plan import local_date
from warmup.smtp import Session, Timeouts, dial
from warmup.store import Connection, days, mailboxes, messages, pauses
from warmup.throttle import judge, scope, wait

from . import hold
from .correspondence import compose, letter, turns
from .crew import Crew
from .office import Office
from .trust import SUBMISSION
from .ways import Ways, free

_AT_ONCE_AGAIN = 3  # attempts that mean nothing, such as an idle connection closed, before a wait
_KEEP_WITHIN = timedelta(hours=4)  # a copy in Sent may wait for the next visit that long
_MARK_AFTER = timedelta(hours=1)  # what it answers is marked as answered, if no visit comes before
_SETTLE_AFTER = timedelta(minutes=10)  # RFC 5321 §4.5.3.2.6: as long as a server may take to say 250


class Sender:
    """Sends what is due."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._crew = Crew(self._crashed)
        self._ways = Ways(office)

    async def tick(self) -> None:
        """Begin with those who have something due, aren't being served and whose turn it is."""
        self._crew.check()
        await self._ways.look()
        await self._call()

    @property
    def busy(self) -> Set[int]:
        """The mailboxes that it has in hand."""
        return {key for key in self._crew.keys if isinstance(key, int)}

    async def idle(self) -> None:
        """Until all that was due at the last look has been served."""
        await self._crew.idle()
        while not self._ways.empty and not self._crew.stopping:
            await self._call()
            await self._crew.idle()

    async def stop(self, seconds: float) -> int:
        """Claim nothing more, and let what is in hand end within `seconds`; how many had to be cut short."""
        return await self._crew.stop(seconds)

    async def _call(self) -> None:
        for mailbox in await self._ways.call():
            if not self._crew.begin(mailbox.id, partial(self._serve, mailbox)):
                self._ways.leave(mailbox)  # a crash of it is still being told of: it is due again at the next look

    async def _crashed(self, key: Hashable, error: Exception) -> None:
        assert isinstance(key, int)
        mailbox = await self._office.store.do(_abandoned, key)
        if mailbox is not None:  # else it was purged while its messages were in hand, which surprises, and is no bug
            self._office.log.bug(f"sending for mailbox {key}", error)
            await hold.by_bug(self._office, mailbox, error)

    async def _serve(self, sender: Mailbox) -> None:
        """By one server after the other, for as long as one's trouble leaves another."""
        ways, more = self._ways, True
        try:
            async with ways.alone(sender):
                while more and not self._crew.stopping:
                    by = await ways.choose(sender)
                    async with ways.to(by, sender):
                        more = await self._visit(sender, by)
        finally:
            ways.leave(sender)

    async def _visit(self, sender: Mailbox, by: Endpoint) -> bool:
        """Send what is due by one server; whether to go on by another."""
        office = self._office
        session: Session | None = None
        try:
            taken = await self._next(sender, by, None)
            while taken is not None:
                for message in taken.dropped:
                    office.log.dropped(sender.address, message)
                if taken.order is None:
                    return False
                session, sent = await _Submission(office, taken.order).go(session)
                taken = await self._next(sender, by, sent, more=taken.more)
            return True
        finally:
            if session is not None:
                await session.close()

    async def _next(self, sender: Mailbox, by: Endpoint, sent: _Sent | None, *, more: bool = True) -> _Taken | None:
        """As `_take`, after writing down what was sent, in the same work; nothing if the mailbox is to be left, or if
        no `more` was due beside what was sent: what has become due since is for the next look.
        """
        office, going_on = self._office, more or sent is None
        taken: _Taken | None = _Taken((), None)
        if going_on and not self._crew.stopping and office.share.serves(sender.id):
            try:
                taken = await office.store.lightly(_take, office, sender, by, office.clock.now(), after=sent)
            except StoreError:
                raise
            except Exception:
                if sent is not None:  # taking the next is at fault, and this one was sent
                    await office.store.lightly(sent.stamp)
                raise
        elif sent is not None:
            await office.store.lightly(sent.stamp)
        if sent is not None:
            sent.tell()
        return taken


@dataclass(frozen=True, slots=True)
class _Order:
    """A claimed message with all that is needed to write it."""

    message: Message
    sender: Mailbox
    recipient: Mailbox
    turns: Sequence[Message]
    by: Endpoint  # the submission server


@dataclass(frozen=True, slots=True)
class _Taken:
    """What to send next, if anything may go; and what was dropped on the way since it may not."""

    dropped: Sequence[Message]
    order: _Order | None
    more: bool = False  # whether another one was due


@dataclass(frozen=True, slots=True)
class _Sent:
    """A message that the server has accepted: how that is written down, and what is to be told then."""

    stamp: Callable[[Connection], object]
    tell: Callable[[], None]


def _take(
    db: Connection, office: Office, sender: Mailbox, by: Endpoint, now: datetime, *, after: _Sent | None = None
) -> _Taken | None:
    """Claim the next message that may go by a server, `after` another was sent. None if it may go, but by another."""
    if after is not None:
        after.stamp(db)
    if sender.relays and by.name in pauses.held_hosts(db, now) and free(db, office, sender, now):
        return None
    config = office.config
    today, late = local_date(now, sender.zone), config.submission.late
    ramp = config.ramps.get(sender.curve or config.curve)
    most = ramp.top if ramp else messages.MANY  # a cap lowered since the day was planned holds at once
    claim = messages.claim(
        db,
        mailbox=sender.id,
        now=now,
        today=today,
        owner=office.node,
        late=late,
        apart=config.policy.gap,
        most=most,
        via=by.name,
    )
    if (message := claim.message) is None:
        return _Taken(claim.dropped, None)
    recipient = mailboxes.some(db, [message.recipient])[message.recipient]
    order = _Order(message, sender, recipient, turns(db, [message]).get(message.thread, ()), by)
    return _Taken(claim.dropped, order, claim.more)


def _abandoned(db: Connection, number: int) -> Mailbox | None:
    """The mailbox whose sending crashed, if it is still known, with nothing left in hand."""
    messages.release(db, sender=number)
    return mailboxes.some(db, [number]).get(number)


class _Submission:
    """One claimed message and what becomes of it."""

    def __init__(self, office: Office, order: _Order) -> None:
        self._office = office
        self._order = order
        self._sender = order.sender
        self._recipient = order.recipient
        self._by = order.by
        self._message = order.message
        self._id = order.message.id
        assert order.message.claimed_at is not None
        self._claimed = order.message.claimed_at

    async def go(self, session: Session | None) -> tuple[Session | None, _Sent | None]:
        """Send it over `session`, or over a new one. The session that can be used next, if any; and, if the server took
        it, what is to be written down before anything else.
        """
        try:
            text = self._text()
        except ValueError as error:
            await self._drop(f"can't be written: {error}", None)
            return session, None
        try:
            said: Response | None
            if session is None or not session.usable:
                opened = await self._dial()
                session, said = (opened, None) if isinstance(opened, Session) else (None, opened)
            if session is not None:
                said = await self._transact(session, text)
        except (NotSent, TokenLost) as broken:
            await self._unreachable(broken)
            return None, None
        except Uncertain as broken:
            await self._uncertain(broken)
            return None, None
        except StoreError:
            raise
        except OperatorError as trouble:
            await hold.until_mended(self._office, self._sender, trouble)
            await self._return(str(trouble))
            return None, None
        return session, None if said is None else await self._settle(said)

    def _text(self) -> bytes:
        """Raises `ValueError` if the conversation's template was taken away, or shortened, while it went on."""
        people = {self._sender.id: self._sender, self._recipient.id: self._recipient}
        config = self._office.config
        order = letter(self._message, self._order.turns, people, self._office.install, config.label)
        return compose(order, config.corpus, config.style)

    async def _dial(self) -> Session | Response:
        office, submission = self._office, self._office.config.submission
        dialled = partial(
            dial,
            self._by,
            self._sender.login,
            hello=submission.hello,
            tls=office.tls_to(SUBMISSION),
            timeouts=Timeouts(
                connect=submission.connect, command=submission.command, data=submission.data, dot=submission.dot
            ),
            source=self._sender.source,
        )
        return await office.keys.turn(self._sender, dialled)

    async def _transact(self, session: Session, text: bytes) -> Response | None:
        """The server's last word; None when the message mustn't go any more, since a pause began, somebody left or the
        day went by while the server thought.
        """
        office = self._office
        said = await session.envelope(self._sender.address, self._recipient.address, text)
        if not said.positive:
            return said
        now = office.clock.now()
        today = local_date(now, self._sender.zone) == self._message.local_date
        mine = {"owner": office.node, "via": self._by.name}
        if not today or not await office.store.quickly(messages.data_begins, self._id, now, **mine):
            await self._return("held at the last moment")
            return None
        return await session.data(text)

    async def _settle(self, said: Response) -> _Sent | None:
        """The server has answered: accepted, or by the verdict on its refusal."""
        office = self._office
        verdict = judge(said, provider=self._sender.provider, waits=office.config.waits, rules=office.config.rules)
        if verdict.action is Action.ACCEPTED:
            return self._accepted(said)
        office.log.refused(self._sender.address, self._recipient.address, self._message, said, verdict)
        if scope(verdict, said.stage) is not None:
            await self._held(said, verdict)
        elif verdict.action is Action.FAIL_MESSAGE:
            await self._failed(said, verdict)
        else:  # to be tried again; what means nothing at once, but not for ever
            now = verdict.action is Action.IGNORE and self._message.attempts < _AT_ONCE_AGAIN
            base = verdict.wait or office.config.waits.retry
            dice = chance(office.install.seed, self._message.message_id, self._message.attempts)
            later = timedelta(0) if now else wait(base, self._message.attempts, dice)
            await self._again(office.clock.now() + later, f"refused for now: {verdict.rule}", said)
        return None

    async def _failed(self, said: Response, verdict: Verdict) -> None:
        office, now = self._office, self._office.clock.now()
        await office.store.do(messages.refused, self._id, now, response=said, reason=verdict.rule, owner=office.node)

    def _accepted(self, said: Response) -> _Sent:
        office, now = self._office, self._office.clock.now()

        def stamp(db: Connection) -> bool:
            return messages.accepted(
                db,
                self._id,
                now,
                said,
                visit_at=self._read_at(now),
                ask_at=now + office.config.reading.asks[0],
                keep_at=now + _KEEP_WITHIN if office.config.reading.sent_copy else None,
                parent_visit_at=now + _MARK_AFTER,
            )

        return _Sent(
            stamp, partial(office.log.sent, self._sender, self._recipient.address, self._message, said, self._by)
        )

    async def _held(self, said: Response, verdict: Verdict) -> None:
        """A hold, and what becomes of the message that brought it on: it is dropped, since late warm-up mail is worth
        nothing; unless the hold is a short one of the server's own trouble, or its recipient is gone for good.
        """
        office, local_date = self._office, self._message.local_date
        day = await office.store.do(days.get, self._sender.id, local_date)
        assert day is not None, "a slot belongs to a planned day"
        pause = await hold.by_verdict(
            office,
            self._sender,
            said,
            verdict,
            asked=self._claimed,
            server=self._by,
            recipient=self._recipient,
            day=day,
        )
        if verdict.action in {Action.REDUCE_CONNECTIONS, Action.RETRY_LATER} and pause.until is not None:
            await self._again(await self._next_try(pause), f"refused for now: {verdict.rule}", said)
        elif verdict.action is Action.DROP_RECIPIENT:
            await self._failed(said, verdict)
        else:
            await self._drop(f"held back: {verdict.rule}", said)
        if verdict.kind is Kind.QUOTA:
            await office.store.do(days.cut, self._sender.id, local_date, f"cut: {verdict.rule}")

    async def _drop(self, reason: str, said: Response | None) -> None:
        office, now = self._office, self._office.clock.now()
        await office.store.do(messages.drop, self._id, now, reason, said, known_unsent=True, owner=office.node)

    async def _return(self, reason: str) -> None:
        """Back to what is due, nothing of it having been tried."""
        await self._office.store.do(messages.returned, self._id, reason=reason, owner=self._office.node)

    async def _unreachable(self, broken: NotSent | TokenLost) -> None:
        pause = await hold.by_failure(self._office, self._sender, broken, asked=self._claimed, server=self._by)
        await self._again(await self._next_try(pause), str(broken), None)

    async def _next_try(self, pause: Pause) -> datetime:
        """When what met a hold that ends by itself may go: at once, if only a host is held and there is another."""
        assert pause.until is not None
        now = self._office.clock.now()
        if self._sender.relays and pause.scope is Scope.HOST:
            other = await self._office.store.do(free, self._office, self._sender, now)
            return now if other else pause.until
        return pause.until

    async def _again(self, due: datetime, reason: str, said: Response | None) -> None:
        """Back to what is due, later on the same working day; if that is over by then, it is dropped."""
        office = self._office
        span = office.config.policy.hours.span(self._message.local_date, self._sender.zone)
        if span is None or due >= span.closes:
            await self._drop(f"{reason}; the day was over", said)
        else:
            await office.store.do(
                messages.returned,
                self._id,
                due_at=due,
                reason=reason,
                response=said,
                known_unsent=True,
                owner=office.node,
            )

    async def _uncertain(self, broken: Uncertain) -> None:
        office = self._office
        visit_at = office.clock.now() + _SETTLE_AFTER
        await office.store.do(messages.uncertain, self._id, visit_at, reason=str(broken))
        office.log.uncertain(self._sender.address, self._recipient.address, self._message, str(broken))
        await hold.by_failure(office, self._sender, broken, asked=self._claimed, server=self._by)

    def _read_at(self, sent: datetime) -> datetime:
        """When the recipient looks: as the plan supposed, if it was sent when the plan said."""
        policy = self._office.config.policy
        read = policy.habits.read_at(self._message.message_id, self._message.due_at, policy.hours, self._recipient)
        return max(read, sent + timedelta(minutes=1))
