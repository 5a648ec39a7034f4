"""Holding back: from a verdict, or from our own trouble, to a pause in the store.

Owns: the pause's scope, strikes, end and the days the ramp falls back. Does not own: the judgement
(`warmup.throttle`), what becomes of the message (the worker), obeying (`warmup.store.messages.claim`).
"""

from __future__ import annotations

from datetime import datetime, timedelta

from warmup.errors import OperatorError, WireError
from warmup.model import Action, Cause, Day, Mailbox, Pause, Response, Scope, Verdict, chance
from warmup.store import Connection, pauses
from warmup.throttle import wait

from .office import Office

_FAILURE = timedelta(minutes=5)  # a guess: long enough for a restart, short enough to lose a slot or two
_FAILURE_LIMIT = timedelta(hours=4)

HOLDING = frozenset({Action.PAUSE_MAILBOX, Action.PAUSE_LANE, Action.DISABLE})


async def by_verdict(
    office: Office, mailbox: Mailbox, provider: str, said: Response, verdict: Verdict, *, day: Day | None = None
) -> Pause:
    """The pause a server's answer asks for; `provider` is who was written to, `day` the sender's, whose ramp falls."""
    lane = provider if verdict.action is Action.PAUSE_LANE else None
    fallen = await _fall(office, day, verdict.setback) if day is not None else 0
    return await _open(
        office, mailbox, lane, Cause.VERDICT, verdict.wait, rule=verdict.rule, said=said, age_lost=fallen
    )


async def _fall(office: Office, day: Day, share: float) -> int:
    """Days a ramp falls back, from where earlier set-backs of that day have left it."""
    ramp = office.config.ramps.get(day.curve)
    if ramp is None or share >= 1:
        return 0
    lost = await office.store.do(pauses.lost, since={day.mailbox: day.planned_at})
    return ramp.fall(max(0, day.age - lost.get(day.mailbox, 0)), share)


async def by_failure(office: Office, mailbox: Mailbox, broken: WireError) -> Pause:
    """A short hold after a connection that broke or was never made; ends by itself and sets no ramp back."""
    return await _open(
        office, mailbox, None, Cause.FAILURE, _FAILURE, rule="no connection", note=str(broken), limit=_FAILURE_LIMIT
    )


async def until_mended(office: Office, mailbox: Mailbox, trouble: OperatorError) -> Pause:
    """A hold for what only a person can mend, such as a credential that is gone."""
    return await _open(office, mailbox, None, Cause.FAILURE, None, rule="needs a person", note=str(trouble))


async def by_bug(office: Office, mailbox: Mailbox, error: BaseException) -> Pause:
    """A hold after a bug of ours met this mailbox; the others go on."""
    note = f"{type(error).__name__}: see the log"
    return await _open(office, mailbox, None, Cause.FAILURE, timedelta(hours=1), rule="bug", note=note)


async def _open(
    office: Office,
    mailbox: Mailbox,
    provider: str | None,
    cause: Cause,
    base: timedelta | None,
    *,
    rule: str,
    note: str = "",
    said: Response | None = None,
    age_lost: int = 0,
    limit: timedelta = timedelta(hours=24),
) -> Pause:
    now = office.clock.now()
    scope = Scope.LANE if provider else Scope.MAILBOX
    strikes = await office.store.do(_strikes, mailbox.id, scope, provider, cause)
    until: datetime | None = None
    if base is not None:
        dice = chance(office.install.seed, mailbox.address, scope, provider, cause, now.isoformat())
        until = now + wait(base, strikes, dice, limit=limit)
    pause = Pause(
        scope=scope,
        mailbox=mailbox.id,
        provider=provider,
        cause=cause,
        since=now,
        until=until,
        age_lost=age_lost,
        strikes=strikes,
        rule=rule,
        note=note,
        response=said,
    )
    kept = await office.store.do(pauses.open_, pause)
    office.log.held(mailbox.address, kept)
    return kept


def _strikes(db: Connection, mailbox: int, scope: Scope, provider: str | None, cause: Cause) -> int:
    """How many times in a row this was held for such a cause, this time included: an accepted message ends the row.
    A work of the store.
    """
    last = pauses.last(db, mailbox, scope, provider)
    if last is None or last.cause is not cause or pauses.accepted_since(db, mailbox, provider, last.since):
        return 1
    return last.strikes + 1
