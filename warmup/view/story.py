"""What happened, told from the store: a summary of a pool's life, and the tale of one mailbox's day.

Owns: the telling. Does not own: the facts (`warmup.store`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from warmup.errors import OperatorError
from warmup.model import Cause, Day, Mailbox, Pause, Scope
from warmup.plan import local_date
from warmup.store import Connection, Others, Tally, budgets, days, mailboxes, messages, pauses

from . import held

_AROUND = timedelta(days=6)  # a week and a working week, so that a bend can be seen


def summary(db: Connection, now: datetime) -> list[str]:
    """The pool's life so far, in a few lines. A work of the store, as `of_day`."""
    pool = mailboxes.every(db)
    tallies = messages.tally(db, today={mailbox.id: local_date(now, mailbox.zone) for mailbox in pool})
    total = {field.name: sum(getattr(tally, field.name) for tally in tallies.values()) for field in fields(Tally)}
    causes = Counter(pause.cause for pause in pauses.history(db))
    return [
        f"{len(pool)} mailboxes sent {total['sent']} messages; "
        f"{total['uncertain']} uncertain, {total['missing']} missing",
        f"found: {total['inbox']} in the inbox, {total['junk']} in Junk ({total['rescued']} rescued), "
        f"{total['other']} elsewhere",
        f"opened: {total['opened']}; answered: {total['answered']}",
        f"held: {causes[Cause.VERDICT]} by a server's answer, {causes[Cause.FAILURE]} by failures, "
        f"{causes[Cause.OPERATOR]} by the operator",
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tale:
    """What one mailbox did on one of its days, why it did no more, and what came of it."""

    mailbox: Mailbox
    day: Day
    sent: int
    answers: int
    others: Others
    holds: Sequence[Pause]  # those that began on that day
    unsent: Mapping[tuple[str, str], int]  # by reason and receiving provider
    around: Sequence[tuple[Day, int]]  # the days about it on which something was allowed, each with what was sent

    def lines(self) -> list[str]:
        """As it is told to people."""
        day, reason = self.day, f" ({self.day.reason})" if self.day.reason else ""
        near = ", ".join(f"{other.local_date:%a} {sent}/{other.allowance}" for other, sent in self.around)
        return [
            f"{self.mailbox.address} on {day.local_date:%A %d %B %Y}: sending day {day.age + 1} of curve "
            f"{day.curve!r}, {day.volume} messages",
            f"  allowed {day.allowance}{reason}, sent {self.sent}, {self.answers} of them answers",
            *self._used(),
            *(line for pause in self.holds for line in self._held(pause)),
            *(f"  {count} to {provider} not sent: {why}" for (why, provider), count in self.unsent.items()),
            f"  sent/allowed around it: {near or 'nothing was allowed'}",
        ]

    def row(self) -> dict[str, object]:
        """As it is told to programs."""
        day = self.day
        return {
            "mailbox": self.mailbox.address,
            "date": day.local_date,
            "age": day.age,
            "curve": day.curve,
            "volume": day.volume,
            "allowance": day.allowance,
            "why": day.reason,
            "sent": self.sent,
            "answers": self.answers,
            "observed": self.others.observed,
            "reserved": self.others.reserved,
            "held": [_row(pause) for pause in self.holds],
            "unsent": [
                {"reason": reason, "to": provider, "count": count} for (reason, provider), count in self.unsent.items()
            ],
            "around": [
                {"date": other.local_date, "sent": sent, "allowance": other.allowance} for other, sent in self.around
            ],
        }

    def _used(self) -> Iterator[str]:
        if self.others.total:
            seen, taken = self.others.observed or 0, self.others.reserved
            yield f"  other programs used {self.others.total} of it: {seen} seen in Sent, {taken} taken in advance"

    def _held(self, pause: Pause) -> Iterator[str]:
        zone = ZoneInfo(self.mailbox.zone)
        at = f"  {pause.since.astimezone(zone):%H:%M %Z}"
        to = f" to {pause.provider}" if pause.provider else ""
        what = {
            Scope.MAILBOX: "the whole mailbox",
            Scope.LANE: f"the lane{to}",
            Scope.RECIPIENT: "one recipient, for everybody,",
            Scope.DOMAIN: f"every mailbox of {pause.domain}{to}",
            Scope.HOST: f"every mailbox at {pause.host}",
            Scope.ACCESS: "reading",
        }[pause.scope]
        if pause.response:
            yield f"{at}  the server said at {pause.response}"
        elif pause.note:
            yield f"{at}  {pause.note}"
        end = f"{pause.until.astimezone(zone):%a %d %B %H:%M %Z}" if pause.until else "a person lifts it"
        strikes = "" if pause.cause is Cause.OPERATOR else f", strike {pause.strikes}"
        yield f"{at}  {what} was held until {end} ({held.by(pause)}{strikes})"
        if pause.lifted_at:
            yield f"{at}  and let go at {pause.lifted_at.astimezone(zone):%a %d %B %H:%M %Z}"
        if pause.age_lost and pause.mailbox == self.mailbox.id:
            yield f"{at}  the ramp fell back by {pause.age_lost} sending days"


def of_day(db: Connection, mailbox: Mailbox, on: date) -> Tale:
    """The tale of a day. Raises `OperatorError` if that was never planned."""
    lived = days.history(db, mailbox.id)
    this = next(((day, sent) for day, sent in lived if day.local_date == on), None)
    if this is None:
        raise OperatorError(f"{mailbox.address} has no plan for {on}: the daemon makes one when the day begins")
    slots = messages.planned(db, mailbox.id, on)
    providers = {other.id: other.provider for other in mailboxes.every(db, removed=True)}
    ended = (slot for slot in slots if slot.dropped_at or slot.refused_at)
    unsent = Counter((slot.reason or slot.state, providers.get(slot.recipient, "?")) for slot in ended)
    return Tale(
        mailbox=mailbox,
        day=this[0],
        sent=this[1],
        answers=sum(slot.parent is not None and slot.sent_at is not None for slot in slots),
        others=budgets.every(db, {mailbox.id: on}).get(mailbox.id, Others()),
        holds=[pause for pause in pauses.history(db, mailbox.id) if local_date(pause.since, mailbox.zone) == on],
        unsent=dict(sorted(unsent.items())),
        around=[(day, sent) for day, sent in lived if day.allowance and abs(day.local_date - on) <= _AROUND],
    )


def _row(pause: Pause) -> dict[str, object]:
    return {
        "scope": pause.scope,
        "lane": pause.provider,
        "cause": pause.cause,
        "since": pause.since,
        "until": pause.until,
        "lifted_at": pause.lifted_at,
        "rule": pause.rule,
        "strikes": pause.strikes,
        "days_lost": pause.age_lost,
        "says": str(pause.response) if pause.response else pause.note,
    }
