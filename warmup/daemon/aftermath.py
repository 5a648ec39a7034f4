"""Aftermath: what we are told of a message after a server had accepted it.

A submission server accepts first, so what the receiver refuses comes back later: as a notification in the sender's
INBOX, or as a line in the log of the operator's own MTA. Both end here, in front of the same judge, with the lane of
whoever refused. Only what names a Message-ID of ours counts, which nobody but its servers and its recipient can know.

Owns: what becomes of the message and of the ramp. Does not own: reading notifications and logs (`warmup.throttle`),
finding them (`warmup.daemon.reader`, `warmup.daemon.listener`), the pause (`warmup.daemon.hold`).
Sources: RFC 3464 §2.3.3 (failed, delayed), §4 (notifications can be forged).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from warmup.model import Action, Day, Kind, Mailbox, Message, Response, Scope, Stage, Verdict
from warmup.plan import local_date
from warmup.store import Connection, days, mailboxes, messages
from warmup.throttle import judge, scope
from warmup.throttle.report import Fate, Report

from . import hold
from .office import Office


@dataclass(frozen=True, slots=True)
class _Case:
    """The message that a report is about, with what is to be known of it."""

    message: Message
    sender: Mailbox
    recipient: Mailbox
    day: Day | None  # the sender's newest: today's, or the message's own


async def told(office: Office, message_id: str, report: Report, *, inbox: Mailbox | None = None) -> bool:
    """Whether a report is about a message of ours that hasn't arrived; if so, it is acted on. `inbox` is where it lay:
    only its owner's messages are meant then, and a delay has lasted for hours: the lane is slowed whatever the words.
    """
    if report.action not in {Fate.FAILED, Fate.DELAYED}:
        return False
    case = await office.store.do(_case, office, message_id)
    if case is None or (inbox is not None and case.sender.id != inbox.id):
        return False
    message, said = case.message, report.response
    known = message.response == said and (report.action is Fate.DELAYED or message.missing_at is not None)
    if known or message.found_at is not None or message.refused_at is not None:
        return False
    verdict = _verdict(office, case, report)
    if report.action is Fate.FAILED:
        await office.store.do(messages.bounced, message.id, office.clock.now(), said, f"came back: {verdict.rule}")
        office.log.bounced(case.sender.address, message, said, verdict)
    else:
        await office.store.do(messages.delayed, message.id, said, f"delayed: {verdict.rule}")
        office.log.delayed(case.sender.address, message, said, verdict)
        if inbox is not None and verdict.action is Action.RETRY_LATER:
            verdict = replace(verdict, action=Action.PAUSE_LANE, wait=office.config.waits.lane)
    await _hold(office, case, said, verdict)
    return True


def _verdict(office: Office, case: _Case, report: Report) -> Verdict:
    config = office.config
    verdict = judge(report.response, provider=case.recipient.provider, waits=config.waits, rules=config.rules)
    elsewhere = report.recipient not in {"", case.recipient.address}  # it went on from there, to whom we don't know
    if report.own or (elsewhere and scope(verdict, Stage.DSN) is Scope.RECIPIENT):
        action = Action.FAIL_MESSAGE if report.action is Fate.FAILED else Action.RETRY_LATER
        return replace(verdict, action=action, setback=1.0, kind=Kind.TROUBLE, wait=config.waits.retry)
    return verdict


async def _hold(office: Office, case: _Case, said: Response, verdict: Verdict) -> None:
    if scope(verdict, said.stage) is None:
        return
    asked = case.message.sent_at or case.message.data_at
    assert asked is not None, "a server had it"
    await hold.by_verdict(office, case.sender, said, verdict, asked=asked, recipient=case.recipient, day=case.day)
    if verdict.kind is Kind.QUOTA and case.day is not None:
        await office.store.do(days.cut, case.sender.id, case.day.local_date, f"cut: {verdict.rule}")


def _case(db: Connection, office: Office, message_id: str) -> _Case | None:
    """None if it isn't ours, or no server ever had it. A work of the store."""
    message = messages.called(db, message_id)
    if message is None or message.data_at is None:
        return None
    people = mailboxes.some(db, [message.sender, message.recipient])
    sender, recipient = people[message.sender], people[message.recipient]
    today = local_date(office.clock.now(), sender.zone)
    day = days.get(db, sender.id, today) or days.get(db, sender.id, message.local_date)
    return _Case(message, sender, recipient, day)
