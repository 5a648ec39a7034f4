"""Watching where mail arrives: once an hour, every lane; and what follows where too little of it is in the inbox.

A hold is over by itself, since while it lasts nothing can show that placement is better. What is sent after it are the
probes: they alone count from then on. If they are placed no better the next hold is twice as long; once enough of them
are placed well it is told, and the next one would be the first again.

Owns: when to look, what is told, the strikes. Does not own: the counts (`warmup.store`), the judgement
(`warmup.placement`), the pause (`warmup.daemon.hold`).
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

from warmup.model import Bookmark, Day, Mailbox
from warmup.placement import Counts, Reaction, Rule, doubtful
from warmup.plan import local_date
from warmup.store import Connection, bookmarks, days, mailboxes, messages

from .hold import by_placement
from .office import Office

_EVERY = timedelta(hours=1)
_FINE, _TOLD, _HELD = "fine", "told", "held"  # how a lane stands, as its bookmark's edition has it


@dataclass(frozen=True, slots=True)
class _Lane:
    """A lane with what is known of it: `state` as it was judged last, how many `strikes` in a row, what counts now."""

    sender: Mailbox
    provider: str
    state: str
    strikes: int
    counts: Counts


class Postmaster:
    """Looks at where mail arrives."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._next: datetime | None = None

    async def tick(self) -> None:
        """Judge every lane, if that wasn't done within the hour."""
        office, rule = self._office, self._office.config.placement
        now = office.clock.now()
        if rule.reaction is Reaction.OFF or (self._next is not None and now < self._next):
            return
        self._next = now + _EVERY
        # Beside the writer, which sends wait for: a week of a large pool takes a second or two to count.
        lanes = await asyncio.to_thread(office.store.read, _lanes, rule, now)
        fallen: set[int] = set()  # a ramp falls once, however many of its lanes are held
        for lane in lanes:
            if doubtful(lane.counts, rule):
                await self._low(lane, rule, now, falls=lane.sender.id not in fallen)
                fallen.add(lane.sender.id)
            elif lane.state != _FINE and _good(lane.counts, rule):
                office.log.placement_better(lane.sender.address, lane.provider, lane.counts)
                await office.store.do(bookmarks.put, _mark(lane, _FINE, 0, now))

    async def _low(self, lane: _Lane, rule: Rule, now: datetime, *, falls: bool) -> None:
        office, sender, counts = self._office, lane.sender, lane.counts
        if lane.state == _FINE:
            office.log.placement_low(sender.address, lane.provider, counts)
        if rule.reaction is not Reaction.HOLD:
            if lane.state != _TOLD:
                await office.store.do(bookmarks.put, _mark(lane, _TOLD, 0, now))
            return
        strike = lane.strikes + 1
        day = await office.store.do(_last_day, sender, now) if falls else None
        why = f"{counts.inbox} of {counts.looked_for} in the inbox ({counts.between}), wanted: {100 * rule.below:.0f} %"
        await office.store.do(bookmarks.put, _mark(lane, _HELD, strike, now))
        await by_placement(office, sender, lane.provider, rule, strike=strike, why=why, day=day)


def _good(counts: Counts, rule: Rule) -> bool:
    share = counts.share
    return share is not None and counts.looked_for >= rule.messages and share >= rule.below


def _lanes(db: Connection, rule: Rule, now: datetime) -> list[_Lane]:
    """Every lane on which something was sent lately. A work of the store, as the next one."""
    pool = {mailbox.id: mailbox for mailbox in mailboxes.every(db)}
    since = now - rule.within
    found = []
    for (number, provider), counts in sorted(messages.placements(db, since).items()):
        if number in pool:
            mark = bookmarks.get(db, _source(number, provider))
            state, strikes = (mark.edition, int(mark.position)) if mark else (_FINE, 0)
            if mark is not None and state == _HELD:  # what was sent before the hold has been judged
                afresh = messages.placements(db, max(since, mark.read_at), sender=number, provider=provider)
                counts = afresh.get((number, provider), Counts())
            found.append(_Lane(pool[number], provider, state, strikes, counts))
    return found


def _last_day(db: Connection, sender: Mailbox, now: datetime) -> Day | None:
    """The day whose ramp falls: today, or the last one on which it sent, if today isn't planned yet."""
    on = local_date(now, sender.zone)
    return days.get(db, sender.id, on) or days.last_sent(db, before={sender.id: on}).get(sender.id)


def _source(sender: int, provider: str) -> str:
    return f"placement {sender} {provider}"


def _mark(lane: _Lane, state: str, strikes: int, now: datetime) -> Bookmark:
    source = _source(lane.sender.id, lane.provider)
    return Bookmark(source=source, edition=state, position=str(strikes), read_at=now)
