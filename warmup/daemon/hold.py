"""Holding back: from a verdict, or from our own trouble, to a pause in the store.

An answer to what was asked before the last pause of the same began is the same trouble heard again, from what was in
flight or told afterwards: it is no further strike, and the ramp doesn't fall again.

Owns: the pause's scope, strikes, end and the days the ramp falls back. Does not own: the judgement
(`warmup.throttle`), what becomes of the message (the worker), obeying (`warmup.store.messages.claim`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from warmup.errors import OperatorError, Unbound, WireError
from warmup.model import Action, Cause, Day, Endpoint, Mailbox, Pause, Response, Scope, Stage, Verdict, chance
from warmup.placement import Rule
from warmup.store import Connection, pauses
from warmup.throttle import elsewhere, judge, scope, wait

from .office import Office

_FAILURE = timedelta(minutes=5)  # a guess: long enough for a restart, short enough to lose a slot or two
_FAILURE_LIMIT = timedelta(hours=4)
_LIMIT = timedelta(hours=24)
_PLACEMENT_LIMIT = timedelta(days=7)


async def by_verdict(
    office: Office,
    sender: Mailbox,
    said: Response,
    verdict: Verdict,
    *,
    asked: datetime,
    server: Endpoint | None = None,
    recipient: Mailbox | None = None,
    day: Day | None = None,
) -> Pause:
    """The pause a server's answer asks for, to what it was `asked`; `server` is who said it, if that isn't the sender's
    own, `recipient` who was written to, `day` the sender's, whose ramp falls.
    """
    now = office.clock.now()
    whole = Pause(
        scope=Scope.MAILBOX, mailbox=sender.id, cause=Cause.VERDICT, since=now, rule=verdict.rule, response=said
    )
    pause = _extended(whole, sender, server or sender.smtp, recipient, verdict)
    base = office.config.waits.mailbox if verdict.action is Action.FAIL_MESSAGE else verdict.wait
    fall = (day, verdict.setback) if day else None
    kept, new = await _open(office, sender, _Trouble(pause=pause, base=base, asked=asked, fall=fall))
    alerts = office.config.alerts
    week = [p for p in await office.store.do(pauses.history, sender.id) if p.since > now - alerts.within]
    holds = sum(p.cause is Cause.VERDICT and p.mailbox == sender.id and p.scope is not Scope.ACCESS for p in week)
    if new and holds >= alerts.holds:
        office.log.often_held(sender.address, holds, alerts.within)
    return kept


def _extended(whole: Pause, sender: Mailbox, server: Endpoint, recipient: Mailbox | None, verdict: Verdict) -> Pause:
    """The pause of a whole mailbox, to hold what the verdict is about."""
    said = whole.response
    assert said is not None, "it is by verdict"
    extent = scope(verdict, said.stage)
    if sender.relays:
        # Holding the host lets the mailbox go on by another. That must never get round a throttle.
        apart = elsewhere(verdict, said)
        extent = Scope.HOST if apart else Scope.MAILBOX if extent is Scope.HOST else extent
    if extent is Scope.HOST:
        return replace(whole, scope=extent, host=server.name)
    if recipient is None or extent is None:
        return whole
    match extent:
        case Scope.RECIPIENT:
            return replace(whole, scope=extent, recipient=recipient.id)
        case Scope.DOMAIN:
            return replace(whole, scope=extent, domain=sender.domain, provider=recipient.provider)
        case Scope.LANE:
            return replace(whole, scope=extent, provider=recipient.provider)
    return whole


async def by_failure(
    office: Office, mailbox: Mailbox, broken: WireError, *, asked: datetime, server: Endpoint | None = None
) -> Pause:
    """A short hold after a connection to `server`, if not the mailbox's own, that broke or was never made; ends by
    itself and sets no ramp back. A host that can't be reached is held for all its mailboxes.
    """
    server = server or mailbox.smtp
    unreached = broken.stage is Stage.CONNECT and not isinstance(broken, Unbound)
    pause = Pause(
        scope=Scope.HOST if unreached else Scope.MAILBOX,
        mailbox=mailbox.id,
        host=server.name if unreached else None,
        cause=Cause.FAILURE,
        since=office.clock.now(),
        rule="no connection",
        note=str(broken),
    )
    trouble = _Trouble(pause=pause, base=_FAILURE, asked=asked, limit=_FAILURE_LIMIT)
    kept, new = await _open(office, mailbox, trouble)
    began = await office.store.do(pauses.row_began, kept)
    if new and began is not None and kept.since - began >= office.config.alerts.unreachable:
        office.log.unreachable(mailbox.address, server, began, str(broken))
    return kept


async def by_access(office: Office, mailbox: Mailbox, said: Response) -> Pause:
    """The pause that the words of an access server ask for: sending is held too only by what is about signing in, which
    both servers share; by all else only the next visit waits.
    """
    verdict = judge(said, provider=mailbox.provider, waits=office.config.waits, rules=office.config.rules)
    if scope(verdict, Stage.LOGIN) is Scope.MAILBOX:
        return await by_verdict(office, mailbox, said, verdict, asked=office.clock.now())
    base = max(verdict.wait or _FAILURE, _FAILURE)
    return await _shut(office, mailbox, Cause.VERDICT, base, rule=verdict.rule, said=said)


async def by_visit(office: Office, mailbox: Mailbox, error: Exception) -> Pause:
    """A short hold of looking into a mailbox, after a visit that broke. It holds no sending."""
    note = str(error) if isinstance(error, WireError) else f"{type(error).__name__}: see the log"
    return await _shut(office, mailbox, Cause.FAILURE, _FAILURE, rule="the visit broke", note=note)


async def _shut(
    office: Office,
    mailbox: Mailbox,
    cause: Cause,
    base: timedelta,
    *,
    rule: str,
    note: str = "",
    said: Response | None = None,
) -> Pause:
    now = office.clock.now()
    pause = Pause(scope=Scope.ACCESS, mailbox=mailbox.id, cause=cause, since=now, rule=rule, note=note, response=said)
    kept, _ = await _open(office, mailbox, _Trouble(pause=pause, base=base, asked=now, limit=_FAILURE_LIMIT))
    return kept


async def by_placement(
    office: Office, sender: Mailbox, provider: str, rule: Rule, *, strike: int, why: str, day: Day | None
) -> Pause:
    """The pause of a lane whose mail doesn't arrive in the inbox, for the `strike`-th time in a row: accepted it is all
    the while, so nobody but the caller can count. `day` is the sender's last, if its ramp falls.
    """
    now = office.clock.now()
    whole = Pause(scope=Scope.LANE, mailbox=sender.id, provider=provider, cause=Cause.VERDICT, since=now)
    pause = replace(whole, rule="placement", note=why)
    fall = (day, rule.setback) if day else None
    trouble = _Trouble(pause=pause, base=rule.hold, asked=now, limit=_PLACEMENT_LIMIT, fall=fall, strike=strike)
    kept, _ = await _open(office, sender, trouble)
    return kept


async def until_mended(office: Office, mailbox: Mailbox, trouble: OperatorError) -> Pause:
    """A hold for what only a person can mend, such as a credential that is gone."""
    return await _ours(office, mailbox, None, rule="needs a person", note=str(trouble))


async def by_bug(office: Office, mailbox: Mailbox, error: BaseException) -> Pause:
    """A hold after a bug of ours met this mailbox; the others go on."""
    return await _ours(office, mailbox, timedelta(hours=1), rule="bug", note=f"{type(error).__name__}: see the log")


async def _ours(office: Office, mailbox: Mailbox, base: timedelta | None, *, rule: str, note: str) -> Pause:
    now = office.clock.now()
    pause = Pause(scope=Scope.MAILBOX, mailbox=mailbox.id, cause=Cause.FAILURE, since=now, rule=rule, note=note)
    kept, _ = await _open(office, mailbox, _Trouble(pause=pause, base=base, asked=now))
    return kept


@dataclass(frozen=True, slots=True, kw_only=True)
class _Trouble:
    """A pause without its strikes and its end, which depend on what came before."""

    pause: Pause
    base: timedelta | None  # the first wait; None: until a person lifts it
    asked: datetime
    limit: timedelta = _LIMIT
    fall: tuple[Day, float] | None = None  # the day whose ramp falls, to which share
    strike: int | None = None  # None: as what was accepted since the last pause says


async def _open(office: Office, mailbox: Mailbox, trouble: _Trouble) -> tuple[Pause, bool]:
    """What holds now, and whether that is news."""
    kept, new = await office.store.do(_begin, office, trouble)
    if new:
        office.log.held(mailbox.address, kept)
    return kept, new


def _begin(db: Connection, office: Office, trouble: _Trouble) -> tuple[Pause, bool]:
    """The pause, remembered; or the last one, if it is heard of again and as long. A work of the store."""
    pause = trouble.pause
    pauses.alone(db, pause)
    last = pauses.last(db, pause)
    strikes, began, again = 1, pause.since, False
    if last is not None and last.cause is pause.cause:
        again = trouble.asked <= last.since
        if again:
            strikes, began = last.strikes, last.since
        elif not pauses.accepted_since(db, last):
            strikes = last.strikes + 1
    strikes = trouble.strike or strikes
    until = _end(office, replace(pause, since=began), trouble, strikes)
    # Not longer than it was known to last; or longer, and over by now, as word of it came late.
    if last is not None and again and (last.until is None or (until and until <= max(last.until, pause.since))):
        return last, False
    age_lost = 0 if again or trouble.fall is None else _fall(db, office, *trouble.fall)
    return pauses.open_(db, replace(pause, until=until, strikes=strikes, age_lost=age_lost)), True


def _end(office: Office, pause: Pause, trouble: _Trouble, strikes: int) -> datetime | None:
    """The same for the same trouble, however often it is heard of."""
    if trouble.base is None:
        return None
    what = (pause.scope, pause.mailbox, pause.provider, pause.recipient, pause.since.isoformat())
    dice = chance(office.install.seed, *what)
    return pause.since + wait(trouble.base, strikes, dice, limit=max(trouble.limit, trouble.base))


def _fall(db: Connection, office: Office, day: Day, share: float) -> int:
    """Days a ramp falls back, from where earlier set-backs of that day have left it."""
    ramp = office.config.ramps.get(day.curve)
    if ramp is None or share >= 1:
        return 0
    lost = pauses.lost(db, since={day.mailbox: day.planned_at})
    return ramp.fall(max(0, day.age - lost.get(day.mailbox, 0)), share)
