"""Planning: whenever a mailbox has entered a new local day, its day is planned and written down.

Owns: gathering what a plan depends on, the allowance of a day and why it is what it is.
Does not own: curves (`warmup.curves`), the plan (`warmup.plan`), obeying it (`warmup.daemon.sender`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from warmup.config import Config
from warmup.curves import Ramp
from warmup.model import Cause, Day, Mailbox, Message, Pause, Scope, Slot, chance
from warmup.plan import Exchange, Pool, Seat, local_date, plan_day
from warmup.store import Connection, Others, budgets, days, mailboxes, messages, nodes, pauses

from .office import Office

OWED_FOR = timedelta(days=5)  # a guess: who hasn't answered a colleague by then won't
_REMEMBERED = timedelta(days=60)  # of who wrote to whom; a pool's round is shorter


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of the pool at one instant: all a plan depends on besides the configuration and the seed."""

    pool: Sequence[Mailbox]
    last_day: Mapping[int, Day]  # on which each mailbox sent; those that never did are left out
    lost: Mapping[int, int]  # days the ramps fell back since then, that day included
    fell: Collection[int]  # whose ramp fell back on that day itself
    pauses: Sequence[Pause]
    owed: Sequence[Message]
    last_written: Mapping[tuple[int, int], datetime]
    inbound: Sequence[tuple[int, datetime]]
    others: Mapping[int, Others]  # what other programs use of the days already


def gather(db: Connection, dates: Mapping[int, date], now: datetime) -> Facts:
    """The facts at `now` about mailboxes that are about to live the local `dates`. A work of the store."""
    pool = mailboxes.every(db)
    last = days.last_sent(db, before=dates)
    began = {number: day.planned_at for number, day in last.items()}
    ended = {box.id: _midnight(last[box.id].local_date + timedelta(days=1), box.zone) for box in pool if box.id in last}
    return Facts(
        pool=pool,
        last_day=last,
        lost=pauses.lost(db, since=began),
        fell=pauses.lost(db, since=began, before=ended),
        pauses=pauses.active(db, now),
        owed=messages.owed(db, since=now - OWED_FOR),
        last_written=messages.last_written(db, since=now - _REMEMBERED),
        inbound=messages.inbound(db, since=now - timedelta(days=2)),
        others=budgets.every(db, dates),
    )


def lay_out(
    facts: Facts, dates: Mapping[int, date], config: Config, *, now: datetime, seed: str
) -> tuple[list[Day], tuple[Slot, ...]]:
    """The days of the mailboxes in `dates` and their slots. Pure."""
    here = {mailbox.id: mailbox for mailbox in facts.pool}
    planned = [_day(here[number], day, facts, config, now=now, seed=seed) for number, day in sorted(dates.items())]
    seats = [Seat(here[day.mailbox], day.local_date, left) for day in planned if (left := _left(day, facts)) > 0]
    habits, hours = config.policy.habits, config.policy.hours
    owed = []
    for message in facts.owed:
        if message.recipient in here:
            due = message.sent_at or message.due_at
            reader = here[message.recipient]
            read = message.opened_at or habits.read_at(message.message_id, due, hours, reader)
            owed.append(
                Exchange(
                    message.message_id,
                    message.sender,
                    message.recipient,
                    message.thread,
                    message.scenario,
                    message.turn,
                    habits.answerable_at(message.message_id, read, reader),
                )
            )
    pool = Pool(
        mailboxes=facts.pool,
        owed=owed,
        last_written=facts.last_written,
        inbound=Counter((number, local_date(at, here[number].zone)) for number, at in facts.inbound if number in here),
        held=_held_lanes(facts.pauses, seats),
        closed={pause.recipient for pause in facts.pauses if pause.recipient and pause.until is None},
    )
    return planned, plan_day(seats, pool, config.policy, now=now, seed=seed).slots


def _left(day: Day, facts: Facts) -> int:
    return day.allowance - facts.others.get(day.mailbox, Others()).total


def _day(mailbox: Mailbox, day: date, facts: Facts, config: Config, *, now: datetime, seed: str) -> Day:
    """What one mailbox may send on one day, and why not what its curve says."""
    curve = mailbox.curve or config.curve
    ramp = config.ramps.get(curve)
    age = _age(mailbox.id, facts, day, ramp)
    volume = ramp.volume(age) if ramp else 0
    hold = _whole_day(facts.pauses, mailbox, _midnight(day + timedelta(days=1), mailbox.zone))
    if ramp is None:
        allowance, reason = 0, f"the configuration has no curve {curve!r}"
    elif config.policy.hours.span(day, mailbox.zone) is None:
        allowance, reason = 0, "a day off"
    elif hold:
        by = "the operator" if hold.cause is Cause.OPERATOR else hold.rule
        allowance, reason = 0, f"held by {by} until {hold.until or 'a person lifts it'}"
    else:
        allowance = ramp.allowance(age, chance(seed, mailbox.address, day, "allowance"))
        reason = "" if allowance == volume else "daily variation"
    return Day(
        mailbox=mailbox.id,
        local_date=day,
        age=age,
        curve=curve,
        volume=volume,
        allowance=allowance,
        planned_at=now,
        reason=reason,
    )


def _age(mailbox: int, facts: Facts, day: date, ramp: Ramp | None) -> int:
    """The age of a ramp on `day`: one more than on the day it last sent, unless it fell back on that day, less what it
    fell since, and less what an idle time costs. So every day's row holds all that came before it.
    """
    last = facts.last_day.get(mailbox)
    if last is None:
        return 0
    clean = 0 if mailbox in facts.fell else 1
    idle = (day - last.local_date).days - 1
    return ramp.age(last.age + clean, facts.lost.get(mailbox, 0), idle) if ramp else last.age


def _whole_day(pauses: Sequence[Pause], mailbox: Mailbox, end: datetime) -> Pause | None:
    """The pause that holds all this mailbox would send until its day's `end`."""
    holds = (pause for pause in pauses if pause.stops(mailbox, None))
    return next((pause for pause in holds if pause.until is None or pause.until >= end), None)


def _held_lanes(pauses: Sequence[Pause], seats: Sequence[Seat]) -> set[tuple[int, str]]:
    """Lanes that are held for the whole day. A shorter pause drops what falls due in it."""
    here = {seat.mailbox.id: seat for seat in seats}
    held = set[tuple[int, str]]()
    for pause in pauses:
        if pause.provider is not None:
            seat = here.get(pause.mailbox or 0)
            for one in seats if pause.scope is Scope.DOMAIN else filter(None, [seat]):
                lasts = pause.until is None or pause.until >= _ends(one)
                if lasts and pause.stops(one.mailbox, pause.provider):
                    held.add((one.mailbox.id, pause.provider))
    return held


def _ends(seat: Seat) -> datetime:
    return _midnight(seat.local_date + timedelta(days=1), seat.mailbox.zone)


def _midnight(day: date, zone: str) -> datetime:
    return datetime.combine(day, time(0), ZoneInfo(zone)).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Planned:
    """A day that was planned, with the number of its slots."""

    address: str
    day: Day
    slots: int


def plan_new_days(db: Connection, config: Config, now: datetime, seed: str) -> list[Planned]:
    """Plan the local day it is at `now` for every mailbox that has no plan for it. A work of the store, so a day is
    planned whole or not at all.
    """
    nodes.at_length(db)
    pool = {mailbox.id: mailbox for mailbox in mailboxes.every(db)}
    today = {mailbox.id: local_date(now, mailbox.zone) for mailbox in pool.values()}
    done = days.planned(db, today)
    dates = {number: day for number, day in today.items() if number not in done}
    if not dates:
        return []
    planned, slots = lay_out(gather(db, dates, now), dates, config, now=now, seed=seed)
    days.record(db, planned, slots)
    count = Counter(slot.sender for slot in slots)
    return [Planned(pool[day.mailbox].address, day, count[day.mailbox]) for day in planned]


class Planner:
    """Plans days as they begin."""

    def __init__(self, office: Office) -> None:
        self._office = office

    async def tick(self) -> None:
        """Plan every mailbox whose local day has no plan yet, and those that joined since."""
        office = self._office
        for planned in await office.store.do(plan_new_days, office.config, office.clock.now(), office.install.seed):
            office.log.planned(planned.address, planned.day, planned.slots)

    async def next(self) -> datetime | None:
        """When the next local day begins anywhere in the pool."""
        return next_day(await self._office.store.do(mailboxes.every), self._office.clock.now())


def next_day(pool: Sequence[Mailbox], now: datetime) -> datetime | None:
    """The first local midnight after `now` among the zones of `pool`."""
    zones = {mailbox.zone for mailbox in pool}
    return min((_midnight(local_date(now, zone) + timedelta(days=1), zone) for zone in zones), default=None)
