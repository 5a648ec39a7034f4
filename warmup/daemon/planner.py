"""Planning: whenever a mailbox has entered a new local day, its day is planned and written down.

A circle of the pool at a time, each a work of its own: memory doesn't grow with the pool, whoever else writes waits for
one circle at most, and a crash leaves each mailbox's day planned whole or not at all.

Owns: gathering what a plan depends on, the allowance of a day and why it is what it is.
Does not own: curves (`warmup.curves`), the plan (`warmup.plan`), obeying it (`warmup.daemon.sender`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from warmup.config import Config
from warmup.curves import Ramp
from warmup.model import Cause, Day, Mailbox, Message, Pause, Scope, Slot, chance
from warmup.plan import Exchange, Pool, Seat, circles, draw_of, local_date, plan_day
from warmup.store import Connection, Others, budgets, days, mailboxes, messages, nodes, pauses

from .office import Office

OWED_FOR = timedelta(days=5)  # a guess: who hasn't answered a colleague by then won't
_REMEMBERED = timedelta(days=60)  # of who wrote to whom; a pool's round is shorter


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of a circle at one instant: all a plan depends on besides the configuration and the seed."""

    pool: Sequence[Mailbox]
    strangers: Sequence[Mailbox]  # of other circles, who wait for an answer
    last_day: Mapping[int, Day]  # on which each mailbox sent; those that never did are left out
    lost: Mapping[int, int]  # days the ramps fell back since then, that day included
    fell: Collection[int]  # whose ramp fell back on that day itself
    pauses: Sequence[Pause]
    owed: Sequence[Message]
    last_written: Mapping[tuple[int, int], datetime]
    inbound: Mapping[tuple[int, date], int]  # by (recipient, date in its own zone)
    others: Mapping[int, Others]  # what other programs use of the days already


@dataclass(frozen=True, slots=True)
class Circle:
    """The `number`-th of those that the pool is drawn into; it may be the `only` one."""

    number: int
    members: Sequence[int]
    only: bool


def gather(db: Connection, pool: Sequence[Mailbox], dates: Mapping[int, date], now: datetime, *, only: bool) -> Facts:
    """The facts at `now` about those of a circle, the `pool`, who are about to live the local `dates`. A work of the
    store. It may be the `only` circle.
    """
    here = {mailbox.id for mailbox in pool}
    owed = messages.owed(db, dates, since=now - OWED_FOR)
    strangers = mailboxes.some(db, {message.sender for message in owed} - here)
    last = days.last_sent(db, before=dates)
    began = {number: day.planned_at for number, day in last.items()}
    ended = {box.id: _midnight(last[box.id].local_date + timedelta(days=1), box.zone) for box in pool if box.id in last}
    # Where there are several circles chance sees to it that few who meet have written to each other lately.
    written = messages.last_written(db, dates, since=now - _REMEMBERED) if only else {}
    return Facts(
        pool=pool,
        strangers=list(strangers.values()),
        last_day=last,
        lost=pauses.lost(db, since=began),
        fell=pauses.lost(db, since=began, before=ended),
        pauses=pauses.active(db, now, {*here, *strangers}),
        owed=owed,
        last_written=written,
        inbound=_inbound(db, [*pool, *strangers.values()], now),
        others=budgets.every(db, dates),
    )


def _inbound(db: Connection, recipients: Sequence[Mailbox], now: datetime) -> dict[tuple[int, date], int]:
    """What has been sent, or is to be sent, to each of them on the day it is where they are, and on the next: whoever
    plans today lives in at most two of their days.
    """
    by_zone: dict[str, list[int]] = {}
    for mailbox in recipients:
        by_zone.setdefault(mailbox.zone, []).append(mailbox.id)
    found: dict[tuple[int, date], int] = {}
    for zone, some in by_zone.items():
        for on in (local_date(now, zone) + timedelta(days=ahead) for ahead in (0, 1)):
            begins, ends = _midnight(on, zone), _midnight(on + timedelta(days=1), zone)
            counts = messages.inbound(db, some, since=begins, until=ends)
            found |= {(number, on): count for number, count in counts.items()}
    return found


def lay_out(
    facts: Facts, circle: int, dates: Mapping[int, date], config: Config, *, now: datetime, seed: str
) -> tuple[list[Day], tuple[Slot, ...]]:
    """The days of those who are in `dates`, and their slots, planned in the circle of this number. Pure."""
    here = {mailbox.id: mailbox for mailbox in facts.pool}
    planned = [_day(here[number], day, facts, config, now=now, seed=seed) for number, day in sorted(dates.items())]
    seats = [Seat(here[day.mailbox], day.local_date, left) for day in planned if (left := _left(day, facts)) > 0]
    habits, hours = config.policy.habits, config.policy.hours
    owed = []
    for message in facts.owed:
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
        strangers=facts.strangers,
        circle=circle,
        owed=owed,
        last_written=facts.last_written,
        inbound=facts.inbound,
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
    """Plan the local day it is at `now` for every mailbox that has no plan for it, all in one work of the store."""
    circles_due = circles_to_plan(db, now, seed)
    return [planned for circle in circles_due for planned in plan_circle(db, circle, config, now, seed)]


def circles_to_plan(db: Connection, now: datetime, seed: str) -> list[Circle]:
    """The circles in which somebody has no plan for the local day it is at `now`. A work of the store."""
    new = days.unplanned(db, {zone: local_date(now, zone) for zone in mailboxes.zones(db)})
    if not new:
        return []
    drawn = circles(mailboxes.numbers(db), draw_of(now), seed)
    return [
        Circle(number, members, len(drawn) == 1)
        for number, members in enumerate(drawn, start=1)
        if not new.isdisjoint(members)
    ]


def plan_circle(db: Connection, circle: Circle, config: Config, now: datetime, seed: str) -> list[Planned]:
    """Plan the local day it is at `now` for those of a circle who have no plan for it. A work of the store, so a day is
    planned whole or not at all.
    """
    nodes.at_length(db)
    known = mailboxes.some(db, circle.members)
    here = {number: mailbox for number, mailbox in known.items() if mailbox.removed_at is None}
    today = {number: local_date(now, mailbox.zone) for number, mailbox in here.items()}
    done = days.planned(db, today)
    dates = {number: day for number, day in today.items() if number not in done}
    if not dates:
        return []
    facts = gather(db, list(here.values()), dates, now, only=circle.only)
    planned, slots = lay_out(facts, circle.number, dates, config, now=now, seed=seed)
    days.record(db, planned, slots)
    count = Counter(slot.sender for slot in slots)
    return [Planned(here[day.mailbox].address, day, count[day.mailbox]) for day in planned]


class Planner:
    """Plans days as they begin."""

    def __init__(self, office: Office) -> None:
        self._office = office

    async def tick(self) -> None:
        """Plan every mailbox whose local day has no plan yet, and those that joined since."""
        office = self._office
        now, seed = office.clock.now(), office.install.seed
        for circle in await office.store.do(circles_to_plan, now, seed):
            for planned in await office.store.do(plan_circle, circle, office.config, now, seed):
                office.log.planned(planned.address, planned.day, planned.slots)

    async def next(self) -> datetime | None:
        """When the next local day begins anywhere in the pool."""
        return next_day(await self._office.store.do(mailboxes.zones), self._office.clock.now())


def next_day(zones: Iterable[str], now: datetime) -> datetime | None:
    """The first local midnight after `now` in any of these zones."""
    return min((_midnight(local_date(now, zone) + timedelta(days=1), zone) for zone in zones), default=None)
