"""Reading: each mailbox is visited when it has something to look at, and one visit does all of it.

Nothing is polled: when a message was accepted is known, so when its recipient looks for it is planned. What hasn't
arrived is looked for again after growing waits and is declared missing in the end.

Owns: the visit, and what becomes of a message by what is found. Does not own: speaking IMAP and proving that a message
is ours (`warmup.imap`), when people read (`warmup.plan.reading`), judging refusals (`warmup.throttle`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable, Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import partial
from typing import Unpack

from warmup.errors import AccessLost, AccessRefused, OperatorError, StoreError, TokenLost
from warmup.imap import Access, Errand, Farewell, Sighting, Timeouts, hearing, looking, sign_in
from warmup.model import (
    Bookmark,
    Message,
    Placement,
    Response,
    Stage,
    chance,
)
from warmup.store import Connection, bookmarks, mailboxes, messages, pauses
from warmup.throttle.dsn import bounce

from . import aftermath, hold, observer
from .agenda import AHEAD, AT_ONCE, Agenda, agenda, due
from .correspondence import compose, letter
from .crew import Crew
from .office import Office
from .trust import ACCESS

_AT_HOST = 50  # of them, so that servers that hang leave places for the others
_FRESH = timedelta(seconds=2)  # a guess: how old what is known of a mailbox may be when a visit to it begins
_LONGEST = 1800.0  # seconds of a visit; a guess: a server may be slow with each of a hundred commands
_SLOW = Response(Stage.FETCH, 0, None, "NO [LIMIT] the server said [THROTTLED]: it is slow on purpose")
_PAGES = 20  # of notifications, in one visit
_TOLD_BEFORE = timedelta(days=2)  # of the first look, or of one after the folder was made anew
_ANSWER_WITHIN = timedelta(days=5)  # what isn't answered by then is filed without an answer


class Reader:
    """Visits mailboxes."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._crew = Crew(self._crashed)
        self._found: int | None = None  # mailboxes that were due at the last look
        self._observed: datetime | None = None  # when it was looked for those whose Sent folder is to be counted

    async def tick(self) -> None:
        """Begin a visit to every mailbox in which something is due and nobody is looking."""
        self._crew.check()
        office, share = self._office, self._office.share
        busy, counting = frozenset(self._crew.keys), office.config.reading.count_sent
        now, last = office.clock.now(), self._observed
        for_that = counting and (last is None or abs(now - last) >= observer.AGAIN)
        hosts, agendas = await office.store.look(self._found, due, now, counting, share.shards, busy, for_that=for_that)
        self._found = len(hosts)
        self._observed = now if for_that else last
        for number, host in hosts.items():
            if share.serves(number):
                self._crew.begin(number, partial(self._in_turn, number, host, agendas.get(number)))

    @property
    def busy(self) -> Set[int]:
        """The mailboxes that it has in hand."""
        return {key for key in self._crew.keys if isinstance(key, int)}

    async def idle(self) -> None:
        await self._crew.idle()

    async def stop(self, seconds: float) -> int:
        """Let the visits under way end within `seconds`; how many had to be cut short."""
        return await self._crew.stop(seconds)

    async def _crashed(self, key: Hashable, error: Exception) -> None:
        assert isinstance(key, int)
        self._office.log.bug(f"reading mailbox {key}", error)
        mailbox = (await self._office.store.do(mailboxes.some, [key])).get(key)
        if mailbox is not None:
            await hold.by_visit(self._office, mailbox, error)

    async def _in_turn(self, number: int, host: str, known: Agenda | None) -> None:
        places = self._office.places
        async with (
            places.one(("visits", host), _AT_HOST, number, everywhere=False),
            places.one(("reading", ""), AT_ONCE, number, everywhere=False),
        ):
            if not self._crew.stopping:
                await self._visit(number, known)

    async def _visit(self, number: int, known: Agenda | None) -> None:
        office = self._office
        if known is None or office.clock.now() - known.at > _FRESH:  # it had to wait for its turn
            known = await office.store.do(agenda, number, office.clock.now(), office.config.reading.count_sent)
        if known is None:
            return
        mailbox = known.mailbox
        try:
            access = await self._sign_in(known)
            if isinstance(access, Response):
                await hold.by_access(office, mailbox, access)
                return
            try:
                async with asyncio.timeout(_LONGEST):
                    await _Visit(office, known, access).go()
            finally:
                await access.close()
        except TimeoutError:
            await hold.by_visit(office, mailbox, AccessLost(Stage.FETCH, f"not done within {_LONGEST:g} s"))
        except (AccessRefused, Farewell) as said:
            await hold.by_access(office, mailbox, Response(said.stage, 0, None, said.why))
        except (AccessLost, TokenLost) as broken:
            await hold.by_visit(office, mailbox, broken)
        except StoreError:
            raise
        except OperatorError as trouble:
            await hold.until_mended(office, mailbox, trouble)
        else:
            await self._visited(known, access)

    async def _visited(self, agenda: Agenda, access: Access) -> None:
        """It came to its end. What it couldn't see, or was slow, is waited for."""
        office, mailbox = self._office, agenda.mailbox
        if access.unseen is not None:
            await hold.by_access(office, mailbox, Response(Stage.SELECT, 0, None, access.unseen))
        elif agenda.visit.troubled:
            await office.store.do(pauses.visited, mailbox.id, office.clock.now())
        if access.throttled:
            await hold.by_access(office, mailbox, _SLOW)

    async def _sign_in(self, agenda: Agenda) -> Access | Response:
        office, reading, mailbox = self._office, self._office.config.reading, agenda.mailbox
        signed_in = partial(
            sign_in,
            mailbox.imap,
            mailbox.login,
            tls=office.tls_to(ACCESS),
            timeouts=Timeouts(connect=reading.connect, command=reading.command),
            errand=_errand(agenda),
        )
        return await office.keys.turn(mailbox, signed_in)


class _Visit:
    """One visit: everything that is due in one mailbox, over one connection.

    What it sees and does is written down at its end, in one work of the store, however it ends. Cut short before that,
    or forgotten, the next one does it again, and nothing comes of it: what was seen and opened is there still. Only
    where a message was is seen once, so that is written down, and on the disk, before we move it.
    """

    def __init__(self, office: Office, agenda: Agenda, access: Access) -> None:
        self._office = office
        self._agenda = agenda
        self._mailbox = agenda.mailbox
        self._access = access
        self._notes = _Notes()

    async def go(self) -> None:
        try:
            await self._go()
        finally:
            await self._write_down(light=True)

    async def _go(self) -> None:
        office, inbound = self._office, self._agenda.visit.inbound
        sought = {message.message_id: office.install.token(message.message_id) for message in inbound}
        seen = await self._access.look(sought, label=office.config.label, acting=True) if sought else {}
        for message in inbound:
            sighting = seen.get(message.message_id)
            if sighting is not None:
                try:
                    await self._attend(message, sighting)
                except StoreError:  # no trouble of this message's
                    raise
                except AccessRefused as refused:  # the others of this visit go on
                    office.log.not_done(self._mailbox.address, f"{message.message_id}: {refused}")
                    self._give_up_or_wait(message, str(refused))
                except Exception as trouble:
                    # If it is this message that breaks the visit, it mustn't keep the others from being seen for ever.
                    self._give_up_or_wait(message, str(trouble))
                    raise
            elif message.found_at is None:
                self._not_there(message)
            else:  # moved or deleted by its owner, whose right that is
                self._stamp(message, filed_at=self._now, visit_at=None, reason="no longer in the mailbox")
        if self._agenda.inbox is not None:
            await self._hear(self._agenda.inbox)
        for message, thread in self._agenda.outbound:
            await self._keep(message, thread)
        if self._agenda.counting is not None:
            self._notes.count = await observer.count(office, self._mailbox, self._agenda.counting, self._access)

    async def _hear(self, inbox: Bookmark) -> None:
        """What the mailbox was told of its messages that are on their way."""
        office = self._office
        since = _since(inbox)
        for _ in range(_PAGES):
            now = self._now
            heard = await self._access.notices(validity=int(inbox.edition), after=int(inbox.position), since=since)
            for text in heard.texts:
                notice = bounce(text)
                if notice is not None and notice.message_id is not None:
                    for report in notice.reports:
                        await aftermath.told(office, notice.message_id, report, inbox=self._mailbox)
            inbox = replace(inbox, edition=str(heard.validity), position=str(heard.upto), read_at=now)
            self._notes.inbox = inbox
            if not heard.more:
                break
            await self._write_down()
        self._notes.asked_at = now

    async def _attend(self, message: Message, sighting: Sighting) -> None:
        """Record where it was found, rescue, open, mark as answered, file: each when its time has come."""
        if message.found_at is None:
            self._found(message, sighting)
        if sighting.placement is Placement.JUNK:
            await self._write_down()
            sighting = await self._access.rescue(sighting)
            self._rescued(message)
        elif sighting.placement is Placement.INBOX and message.placement is Placement.JUNK and not message.rescued_at:
            self._rescued(message)  # by a visit that was cut short before it could say so
        if message.opened_at is None and self._left_unread(message):
            await self._finish(message, message.found_at or self._now, sighting)
        elif message.opened_at is None:
            await self._open(message, sighting)
        elif message.answered_at is not None or self._now + AHEAD >= self._file_at(message, message.opened_at):
            await self._finish(message, message.opened_at, sighting)
        else:  # the configuration has it lie longer than when it was opened
            self._stamp(message, visit_at=self._file_at(message, message.opened_at))

    def _found(self, message: Message, sighting: Sighting) -> None:
        log, address, placement, folder = self._office.log, self._mailbox.address, sighting.placement, sighting.folder
        if message.uncertain:
            self._notes.tell.append(partial(log.settled, address, message))
        self._notes.tell.append(partial(log.found, address, message, placement, folder))
        self._stamp(message, found_at=self._now, placement=placement, folder=folder)

    def _rescued(self, message: Message) -> None:
        self._stamp(message, rescued_at=self._now)
        self._notes.tell.append(partial(self._office.log.rescued, self._mailbox.address, message))

    def _left_unread(self, message: Message) -> bool:
        share = self._office.config.reading.unread
        return not message.answer_wanted and chance("unread", message.message_id).random() < share

    async def _open(self, message: Message, sighting: Sighting) -> None:
        flag = chance("flag", message.message_id).random() < self._office.config.reading.flagged
        await self._access.open(sighting, flag=flag)
        self._stamp(message, opened_at=self._now, visit_at=self._file_at(message, self._now))
        self._notes.tell.append(partial(self._office.log.opened, self._mailbox.address, message))

    async def _finish(self, message: Message, read: datetime, sighting: Sighting) -> None:
        """Put it away, some time after it was opened; or found, where nobody opens it."""
        answered, file_at = message.answered_at is not None, read + self._office.config.reading.file_after
        if self._now + AHEAD < file_at:
            if answered:
                await self._access.answered(sighting)
            self._stamp(message, visit_at=file_at)
            return
        folder = self._office.config.reading.folder
        if message.found_at is None:
            await self._write_down()
        await self._access.file(sighting, folder, answered=answered)
        self._stamp(message, filed_at=self._now, visit_at=None)
        self._notes.tell.append(partial(self._office.log.filed, self._mailbox.address, message, folder))

    def _not_there(self, message: Message) -> None:
        """Not arrived yet: look again later, and in the end call it missing."""
        looks = self._office.config.reading.looks
        if message.visits < len(looks):
            self._stamp(message, visits=message.visits + 1, visit_at=self._now + looks[message.visits])
            return
        why = f"Junk could not be looked into: {self._access.unseen}" if self._access.unseen else None
        self._stamp(message, visits=message.visits + 1, visit_at=None, missing_at=self._now, reason=why)
        self._notes.tell.append(partial(self._office.log.missing, self._mailbox.address, message, why))

    def _give_up_or_wait(self, message: Message, why: str) -> None:
        """What is to be done with a message that is there can't be."""
        looks = self._office.config.reading.looks
        if message.visits < len(looks):
            self._stamp(message, visits=message.visits + 1, visit_at=self._now + looks[message.visits])
        else:
            self._stamp(message, visits=message.visits + 1, visit_at=None, filed_at=self._now, reason=why)

    async def _keep(self, message: Message, thread: Sequence[Message]) -> None:
        """A copy in Sent, as a mail program would have kept it, unless the server keeps its own."""
        config = self._office.config
        assert message.sent_at is not None
        try:
            order = letter(message, thread, self._agenda.people, self._office.install, config.label)
            await self._access.keep(compose(order, config.corpus, config.style), message.message_id, message.sent_at)
        except (AccessLost, AccessRefused, ValueError) as error:
            # A full folder, a template that is gone: a copy is no reason to try again and again, nor is a broken wire.
            self._office.log.not_done(self._mailbox.address, f"no copy in Sent: {error}")
            self._stamp(message, keep_at=None)
            if isinstance(error, AccessLost):
                raise
        else:
            self._stamp(message, kept_at=self._now, keep_at=None)

    def _file_at(self, message: Message, opened: datetime) -> datetime:
        """When its way ends; one that wants an answer waits for it, and is visited as soon as it is answered."""
        return opened + (_ANSWER_WITHIN if message.answer_wanted else self._office.config.reading.file_after)

    @property
    def _now(self) -> datetime:
        return self._office.clock.now()

    def _stamp(self, message: Message, **stamps: Unpack[messages.Stamps]) -> None:
        self._notes.stamps.setdefault(message.id, {}).update(stamps)

    async def _write_down(self, *, light: bool = False) -> None:
        """What is known by now, and tell of it. It may be `light` where nothing is moved after it."""
        notes, self._notes, store = self._notes, _Notes(), self._office.store
        if notes.any:
            write = store.lightly if light else store.quickly
            in_vain = await write(_written, self._office, self._agenda, notes)
            for tell in notes.tell:
                tell()
            if notes.count is not None and in_vain:
                self._office.log.uncounted(self._mailbox.address, notes.count.why)


@dataclass(slots=True)
class _Notes:
    """What a visit has to write down: `stamps` by the number of the message, and what there is to `tell` then."""

    stamps: dict[int, messages.Stamps] = field(default_factory=dict)
    tell: list[Callable[[], None]] = field(default_factory=list)
    inbox: Bookmark | None = None
    asked_at: datetime | None = None
    count: observer.Count | None = None

    @property
    def any(self) -> bool:
        return bool(self.stamps or self.inbox or self.count)


def _errand(agenda: Agenda) -> Errand | None:
    """What a visit will ask of INBOX first."""
    if inbound := agenda.visit.inbound:
        return Errand("SELECT", looking([message.message_id for message in inbound]))
    if (mark := agenda.inbox) is not None:
        return Errand("EXAMINE", hearing(validity=int(mark.edition), after=int(mark.position), since=_since(mark)))
    return None


def _since(inbox: Bookmark) -> date:
    return inbox.read_at.date() - _TOLD_BEFORE


def _written(db: Connection, office: Office, agenda: Agenda, notes: _Notes) -> bool:
    """Whether others' mail in Sent was to be counted for the first time of the day, and couldn't be."""
    messages.stamp_each(db, notes.stamps)
    if notes.inbox is not None:
        bookmarks.put(db, notes.inbox)
    if notes.asked_at is not None:
        messages.asked(db, agenda.visit.asking, notes.asked_at, office.config.reading.asks)
    return notes.count is not None and observer.observe(db, office, agenda.mailbox, notes.count)
