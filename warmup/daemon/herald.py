"""Telling the operator what happens, beside everything else: no message waits for it.

What was heard in the log and what holds, or holds no more, becomes notices; each channel tells its own in their order,
tries again after growing waits, and gives one up in the end. All of it is in memory: what wasn't told when the daemon
ends is in the log, and what held already when it began isn't told again.

Owns: when, trying again, mail, the weekly summary. Does not own: what is worth telling and how often (`warmup.notify`),
the log's words (`warmup.daemon.log`).
Sources: RFC 3834 §5 (Auto-Submitted).
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Hashable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial

from warmup.config import Notify
from warmup.model import Bookmark, Cause, Pause, Scope
from warmup.notify import Channel, Desk, Kind, Notice, Untold, of_fact, tell
from warmup.store import Connection, bookmarks, pauses
from warmup.view import held, pool
from warmup.view.people import People, everybody

from .crew import Crew
from .log import Fact
from .office import Office
from .postbox import mail

_WAITS = (10.0, 60.0, 600.0, 3600.0)  # seconds until a notice is tried again; a guess
_MOST_WAITING = 200  # notices of one channel; the oldest goes first
_HOUR = 8  # UTC, at which a day's summary is told
_WEEKLY = "weekly summary"  # the bookmark's source


class Herald:
    """Hears, and tells. `waits` are the seconds until it is tried again."""

    def __init__(self, office: Office, waits: Sequence[float] = _WAITS) -> None:
        self._office = office
        self._waits = waits
        self._crew = Crew(self._crashed)
        self._settings: Notify | None = None
        self._desks: dict[str, Desk] = {}
        self._queues: dict[str, deque[Notice]] = {}
        self._began = office.clock.now()
        self._holding: Mapping[str, Pause] | None = None

    def hear(self, fact: Fact) -> None:
        """A fact of the log."""
        if self._office.config.notify.channels:
            notice = of_fact(fact.event, fact.fields, fact.at)
            if notice is not None:
                if fact.event in {"resumed", "placement-better"}:
                    self._over(notice.key.replace("resumed", "stalled").replace("-better", "-low"))
                self._post(notice)

    async def tick(self) -> None:
        """Look at what holds, and whether a summary is due. Of several nodes all look, so that any can go on with it;
        the one that leads tells.
        """
        self._crew.check()
        office, settings = self._office, self._office.config.notify
        if not settings.channels:
            return
        now = office.clock.now()
        holding, people = await office.store.do(_holding, now)
        if office.share.leads:
            await self._compare(holding, people, now)
        self._holding = holding

    async def _compare(self, holding: Mapping[str, Pause], people: People, now: datetime) -> None:
        office, before = self._office, self._holding
        if before is None:
            before = {key: pause for key, pause in holding.items() if pause.since < self._began}
        for key, pause in holding.items():
            if key not in before and _worth(pause):
                self._post(_begun(key, pause, people, now))
        for key, pause in before.items():
            if key not in holding and _worth(pause):
                self._over(f"hold {key}")
                self._post(_ended(key, pause, people, now))
        summary = await office.store.do(_summary, office, now)
        if summary is not None:
            self._post(summary)

    async def idle(self) -> None:
        await self._crew.idle()

    async def stop(self) -> int:
        """Put it down at once."""
        return await self._crew.stop(0)

    def _over(self, key: str) -> None:
        for desk in self._desks.values():
            desk.forget(key)

    def _post(self, notice: Notice) -> None:
        settings = self._office.config.notify
        if settings != self._settings:
            self._settings = settings
            self._desks = {
                one.name: Desk(one.events, again=settings.again, most=settings.most) for one in settings.channels
            }
        for channel in settings.channels:
            admitted = self._desks[channel.name].admit(notice)
            if admitted is not None:
                self._queues.setdefault(channel.name, deque(maxlen=_MOST_WAITING)).append(admitted)
                self._crew.begin(channel.name, partial(self._deliver, channel))

    async def _deliver(self, channel: Channel) -> None:
        queue = self._queues[channel.name]
        while queue and not self._crew.stopping:
            notice = queue.popleft()
            for wait in (*self._waits, None):
                try:
                    await told(self._office, channel, notice)
                except Untold as why:
                    if wait is None or why.hopeless:
                        self._office.log.untold(channel.name, notice.text, str(why))
                        break
                    await asyncio.sleep(wait)
                else:
                    self._office.log.told(channel.name, notice.text)
                    break

    async def _crashed(self, key: Hashable, error: Exception) -> None:
        self._office.log.bug(f"telling {key}", error)


async def told(office: Office, channel: Channel, notice: Notice) -> None:
    """Tell it once, by whatever way. Raises `Untold`."""
    if channel.kind == "mail":
        await mail(office, channel, notice)
    else:
        await asyncio.to_thread(tell, channel, notice, tls=office.tls, now=office.clock.now())


def _worth(pause: Pause) -> bool:
    """Not the short holds of our own trouble, which are told when they last (`unreachable`), nor of reading."""
    return pause.scope is not Scope.ACCESS and (pause.cause is not Cause.FAILURE or pause.until is None)


def _holding(db: Connection, now: datetime) -> tuple[dict[str, Pause], People]:
    """What holds, by what it is. A work of the store, as the next one."""
    people = everybody(db)
    return {f"{pause.scope} {held.what(pause, people)}": pause for pause in pauses.active(db, now)}, people


def _summary(db: Connection, office: Office, now: datetime) -> Notice | None:
    """The weekly summary, if it is its day and it wasn't told yet."""
    weekly = office.config.notify.weekly
    mark = bookmarks.get(db, _WEEKLY)
    if weekly is None or now.weekday() != weekly or now.hour < _HOUR:
        return None
    if mark is not None and now - mark.read_at < timedelta(days=1):
        return None
    bookmarks.put(db, Bookmark(source=_WEEKLY, edition="", position="", read_at=now))
    rows = pool.rows(db, office.config, now)
    lines = [pool.line(row) for row in rows]
    text = f"the week: {pool.summary(rows, served=True)}"
    return Notice(kind=Kind.WEEKLY, key=_WEEKLY, at=now, text=text, more="\n".join(lines))


def _begun(key: str, pause: Pause, people: People, now: datetime) -> Notice:
    needed = pause.until is None and not pause.examined and pause.cause is not Cause.OPERATOR
    said = f": {pause.response or pause.note}" if pause.response or pause.note else ""
    text = f"{held.what(pause, people)}: held by {held.by(pause)} {held.until(pause)}{said}"
    kind = Kind.DISABLED if needed else Kind.PAUSE
    return Notice(kind=kind, key=f"hold {key}", at=now, text=text, fields={"pause": pause.id, "rule": pause.rule})


def _ended(key: str, pause: Pause, people: People, now: datetime) -> Notice:
    text = f"{held.what(pause, people)}: no longer held (was by {held.by(pause)})"
    return Notice(kind=Kind.RECOVERY, key=f"over {key} {pause.id}", at=now, text=text, fields={"pause": pause.id})
