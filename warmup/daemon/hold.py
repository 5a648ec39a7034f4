"""Holding back: from a verdict, or from our own trouble, to a pause in the store.

Owns: the pause's scope, strikes, end and the days the ramp falls back. Does not own: the judgement
(`warmup.throttle`), what becomes of the message (the worker), obeying (`warmup.store.messages.claim`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from warmup.errors import OperatorError, WireError
from warmup.model import Action, Cause, Day, Mailbox, Pause, Response, Scope, Verdict, chance
from warmup.store import Connection, mailboxes, pauses
from warmup.throttle import wait

from .office import Office

_FAILURE = timedelta(minutes=5)  # a guess: long enough for a restart, short enough to lose a slot or two
_OFTEN, _OFTEN_WITHIN = 3, timedelta(days=7)  # holds by a server's answer after which the operator is told
_FAILURE_LIMIT = timedelta(hours=4)

_OF_RECIPIENT = frozenset({Action.PAUSE_RECIPIENT, Action.DROP_RECIPIENT})

_HOLDING = frozenset(
    {
        Action.PAUSE_MAILBOX,
        Action.PAUSE_LANE,
        Action.REDUCE_CONNECTIONS,  # a mailbox has one connection at most: it waits
        Action.DISABLE,
        Action.FIX_CONFIG,
        *_OF_RECIPIENT,
    }
)


def holding(said: Response, verdict: Verdict) -> bool:
    """Whether more is held than the message at hand. Before MAIL no message has been named, so whatever the server says
    there is said to the mailbox, and the next message would hear it too.
    """
    if verdict.action in _HOLDING:
        return True
    return said.stage.before_mail and verdict.action in {Action.RETRY_LATER, Action.FAIL_MESSAGE}


@dataclass(frozen=True, slots=True)
class _Held:
    """What a pause is about to hold."""

    mailbox: Mailbox
    scope: Scope = Scope.MAILBOX
    provider: str | None = None
    recipient: int | None = None


async def by_verdict(
    office: Office,
    sender: Mailbox,
    said: Response,
    verdict: Verdict,
    *,
    recipient: Mailbox | None = None,
    day: Day | None = None,
) -> Pause:
    """The pause a server's answer asks for; `recipient` is who was written to, `day` the sender's, whose ramp falls.

    Words about the sender's domain hold the lane of every mailbox of that domain.
    """
    fallen = await _fall(office, day, verdict.setback) if day is not None else 0
    base = office.config.waits.mailbox if verdict.action is Action.FAIL_MESSAGE else verdict.wait
    held = _held(sender, recipient, said, verdict)
    pause = await _open(office, held, Cause.VERDICT, base, rule=verdict.rule, said=said, age_lost=fallen)
    week = [p for p in await office.store.do(pauses.history, sender.id) if p.since > pause.since - _OFTEN_WITHIN]
    if sum(p.cause is Cause.VERDICT for p in week) >= _OFTEN:
        office.log.often_held(sender.address, len(week))
    if verdict.domain and held.scope is Scope.LANE:
        for other in await office.store.do(mailboxes.every):
            if other.domain == sender.domain and other.id != sender.id:
                shared = replace(held, mailbox=other)
                await _open(office, shared, Cause.VERDICT, verdict.wait, rule=verdict.rule, said=said)
    return pause


def _held(sender: Mailbox, recipient: Mailbox | None, said: Response, verdict: Verdict) -> _Held:
    if recipient is not None and verdict.action in _OF_RECIPIENT:
        return _Held(sender, Scope.RECIPIENT, recipient=recipient.id)
    if recipient is not None and verdict.action is Action.PAUSE_LANE and not said.stage.before_mail:
        return _Held(sender, Scope.LANE, provider=recipient.provider)
    return _Held(sender)


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
        office, _Held(mailbox), Cause.FAILURE, _FAILURE, rule="no connection", note=str(broken), limit=_FAILURE_LIMIT
    )


async def until_mended(office: Office, mailbox: Mailbox, trouble: OperatorError) -> Pause:
    """A hold for what only a person can mend, such as a credential that is gone."""
    return await _open(office, _Held(mailbox), Cause.FAILURE, None, rule="needs a person", note=str(trouble))


async def by_bug(office: Office, mailbox: Mailbox, error: BaseException) -> Pause:
    """A hold after a bug of ours met this mailbox; the others go on."""
    note = f"{type(error).__name__}: see the log"
    return await _open(office, _Held(mailbox), Cause.FAILURE, timedelta(hours=1), rule="bug", note=note)


async def _open(
    office: Office,
    held: _Held,
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
    strikes = await office.store.do(_strikes, held, cause)
    until: datetime | None = None
    if base is not None:
        what = (held.scope, held.provider, held.recipient, cause, now.isoformat())
        until = now + wait(
            base, strikes, chance(office.install.seed, held.mailbox.address, *what), limit=max(limit, base)
        )
    pause = Pause(
        scope=held.scope,
        mailbox=held.mailbox.id,
        provider=held.provider,
        recipient=held.recipient,
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
    office.log.held(held.mailbox.address, kept)
    return kept


def _strikes(db: Connection, held: _Held, cause: Cause) -> int:
    """How many times in a row this was held for such a cause, this time included: an accepted message ends the row.
    A work of the store.
    """
    mailbox = held.mailbox.id
    last = pauses.last(db, mailbox, held.scope, held.provider, held.recipient)
    if last is None or last.cause is not cause:
        return 1
    if pauses.accepted_since(db, mailbox, held.provider, last.since, recipient=held.recipient):
        return 1
    return last.strikes + 1
