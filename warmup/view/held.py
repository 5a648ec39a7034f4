"""A pause in words and as a row: what it holds, who put it there, when it is over, what can be done.

Owns: the telling. Does not own: pauses (`warmup.store.pauses`), the advice (`warmup.throttle`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from warmup.config import Config
from warmup.model import Cause, Mailbox, Pause, Scope
from warmup.throttle import Advice, judge

from .people import People
from .plain import text


def told(pause: Pause) -> str:
    """In a sentence, beside the mailbox that it is about."""
    why = str(pause.response) if pause.response else pause.note
    return f"{_extent(pause)} held by {by(pause)} {until(pause)}" + (f": {why}" if why else "")


def what(pause: Pause, people: People) -> str:
    """Who is held, and to whom if not to everybody."""
    return _from(pause, people) + (f" → {pause.provider}" if pause.provider else "")


def by(pause: Pause) -> str:
    """Who holds, or by what rule."""
    if pause.cause is Cause.OPERATOR:
        return "the operator"
    return f"rule {pause.rule!r}" if pause.cause is Cause.VERDICT else f"a failure ({pause.rule})"


def until(pause: Pause) -> str:
    return f"until {text(pause.until)}" if pause.until else f"until {ended([pause])}"


def ended(holds: Iterable[Pause]) -> str:
    """What ends them that have no end of their own: a person, if there is one that nothing else ends."""
    examined = all(pause.examined for pause in holds if pause.until is None)
    return "an examination is clean" if examined else "a person ends it"


def row(pause: Pause, people: People) -> dict[str, object]:
    """As it is told to programs, and shown as a line of a table."""
    said = pause.response
    return {
        "id": pause.id,
        "scope": pause.scope,
        "what": what(pause, people),
        "mailbox": people[pause.mailbox].address if pause.mailbox is not None else None,
        "recipient": people[pause.recipient].address if pause.recipient is not None else None,
        "provider": pause.provider,
        "domain": pause.domain,
        "host": pause.host,
        "cause": pause.cause,
        "by": by(pause) + (f": {pause.note}" if pause.cause is Cause.OPERATOR and pause.note else ""),
        "rule": pause.rule or None,
        "since": pause.since,
        "until": pause.until,
        "next_try": pause.until or ended([pause]),
        "lifted_at": pause.lifted_at,
        "strikes": pause.strikes,
        "days_lost": pause.age_lost,
        "stage": said.stage if said else None,
        "says": str(said) if said else pause.note or None,
    }


def of(mailbox: Mailbox, holds: Iterable[Pause]) -> list[Pause]:
    """Those among them that hold something of what a mailbox sends, is sent or reads."""
    return [
        one
        for one in holds
        if one.recipient == mailbox.id
        or one.stops(mailbox, one.provider)
        or one.host in {server.name for server in mailbox.submission}
        or (one.scope is Scope.ACCESS and one.mailbox == mailbox.id)
    ]


def advice(pause: Pause, people: People, config: Config) -> Iterable[Advice]:
    """By the rule that spoke then or, if there is none of that name any more, by what today's make of the words."""
    if pause.cause is Cause.FAILURE:
        return [config.rules.topics.by_name[Cause.FAILURE]]
    if pause.response is None:
        return []
    whose = pause.provider or (people[pause.mailbox].provider if pause.mailbox is not None else None)
    verdict = judge(pause.response, provider=whose, waits=config.waits, rules=config.rules)
    return config.rules.advice(replace(verdict, rule=pause.rule), whose)


def _from(pause: Pause, people: People) -> str:
    if pause.recipient is not None:
        return f"all → {people[pause.recipient].address}"
    if pause.domain is not None:
        return f"*@{pause.domain}"
    if pause.host is not None:
        return f"all at {pause.host}"
    assert pause.mailbox is not None, "else it would hold nothing"
    address = people[pause.mailbox].address
    return f"reading {address}" if pause.scope is Scope.ACCESS else address


def _extent(pause: Pause) -> str:
    to = f" to {pause.provider}" if pause.provider else ""
    return {
        Scope.MAILBOX: "mailbox",
        Scope.LANE: f"lane{to}",
        Scope.RECIPIENT: "mail to it" if pause.mailbox is None else "one recipient",
        Scope.DOMAIN: f"domain {pause.domain}{to}",
        Scope.HOST: f"host {pause.host}",
        Scope.ACCESS: "reading it",
    }[pause.scope]
