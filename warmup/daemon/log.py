"""What happened, told once: one function per fact an operator cares about, one line per fact.

Owns: the wording of the log and its two forms, key=value and JSON. Does not own: where lines go (the caller passes a
`tell`), or history (`warmup.store`; `warmup log` reads it there).
Sources: logfmt for key=value; systemd's sd-daemon(3) for the level before a line ("<4>"); pipe(7) for what a pipe
takes at once.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from select import PIPE_BUF, select

from warmup.dns import Finding
from warmup.dns import Level as Grade
from warmup.model import Day, Endpoint, Mailbox, Message, Pause, Placement, Response, Verdict
from warmup.placement import Counts
from warmup.store import SHARDS

from .clock import Clock

_WRONG = (Grade.ERROR, Grade.WARNING)
_PATIENCE = 1.0  # seconds in which whoever reads the log has to make room; a guess


class Level(IntEnum):
    """syslog's, those we use (RFC 5424 §6.2.1)."""

    ERROR = 3
    WARNING = 4
    INFO = 6


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that happened: `event` is its name, `fields` its particulars in the order they are told."""

    at: datetime
    level: Level
    event: str
    fields: Mapping[str, object]


def as_text(fact: Fact) -> str:
    """2026-11-03T09:15:00Z sent mailbox=ann@example.org to=…"""
    stamp = fact.at.isoformat(timespec="seconds").replace("+00:00", "Z")
    pairs = (f"{name}={_quoted(str(value))}" for name, value in fact.fields.items() if value is not None)
    return " ".join((stamp, fact.event, *pairs))


def as_json(fact: Fact) -> str:
    told = {name: _plain(value) for name, value in fact.fields.items() if value is not None}
    return json.dumps({"at": fact.at.isoformat(), "level": fact.level.name.lower(), "event": fact.event} | told)


def lines(form: str, *, journal: bool) -> Callable[[Fact], None]:
    """Tells facts to standard error; in the `journal` each line begins with its level. Never stands still for it: what
    nobody takes, since a pipe is full, its reader gone or the disk full, is left out, and how much that was told later.
    """
    render = as_json if form == "json" else as_text
    unheard = 0

    def line(fact: Fact) -> str:
        return (f"<{fact.level:d}>" if journal else "") + render(fact) + "\n"

    def tell(fact: Fact) -> None:
        nonlocal unheard
        before = line(Fact(fact.at, Level.WARNING, "unheard", {"lines": unheard})) if unheard else ""
        # Waited for once: a thousand lines mustn't cost a thousand times as much.
        unheard = 0 if _taken(before + line(fact), 0.0 if unheard else _PATIENCE) else unheard + 1

    return tell


def _taken(text: str, patience: float) -> bool:
    """Whether standard error took it all, each piece within `patience`."""
    try:
        descriptor = sys.stderr.fileno()
    except OSError:  # a buffer
        print(text, end="", file=sys.stderr)
        return True
    except (AttributeError, ValueError):  # None, or closed
        return False
    octets = text.encode("utf-8", "backslashreplace")
    with suppress(OSError):
        for start in range(0, len(octets), PIPE_BUF):
            if not select([], [descriptor], [], patience)[1]:
                return False
            os.write(descriptor, octets[start : start + PIPE_BUF])
        return True
    return False


def _quoted(value: str) -> str:
    return json.dumps(value, ensure_ascii=False) if not value or any(c in ' "=\\\n\t' for c in value) else value


def _plain(value: object) -> object:
    return value if isinstance(value, int | float | str) else str(value)


class Log:
    """Facts of the daemon. Addresses are shown, secrets never reach it."""

    def __init__(self, clock: Clock, tell: Callable[[Fact], None]) -> None:
        self._clock = clock
        self._tell = tell
        self._also: list[Callable[[Fact], None]] = []

    def also(self, hear: Callable[[Fact], None]) -> None:
        """Have somebody else hear of every fact too."""
        self._also.append(hear)

    def _say(self, event: str, *, level: Level = Level.INFO, **fields: object) -> None:
        fact = Fact(self._clock.now(), level, event, fields)
        self._tell(fact)
        for hear in self._also:
            hear(fact)

    def started(self, database: str, mailboxes: int, node: str, loop: str) -> None:
        self._say("started", database=database, mailboxes=mailboxes, node=node, loop=loop)

    def standing_by(self, why: str) -> None:
        """Another daemon is at work; this one waits for its end."""
        self._say("standing-by", why=why)

    def shared(self, shards: int, nodes: int, *, leads: bool) -> None:
        """What of the pool this node serves, of how many it is one, and whether it does what is to be done once."""
        self._say("shared", shards=f"{shards} of {SHARDS}", nodes=nodes, leads="yes" if leads else "no")

    def stopping(self, seconds: float) -> None:
        self._say("stopping", within=f"{seconds:g}s")

    def stopped(self, cut_short: int) -> None:
        """`cut_short` tasks were still at work when the time was up."""
        self._say("stopped", level=Level.WARNING if cut_short else Level.INFO, cut_short=cut_short)

    def reloaded(self, source: object, waiting: Sequence[str]) -> None:
        """`waiting` are the settings that changed and count from the next start only."""
        self._say("reloaded", config=source, after_a_restart=", ".join(waiting) or None)

    def reload_refused(self, why: str) -> None:
        self._say("reload-refused", level=Level.ERROR, why=why, kept="the configuration from before")

    def recovered(self, claims: int) -> None:
        """Claims that nobody finished, since a run crashed or was cut short, were given back or are being settled."""
        if claims:
            self._say("recovered", level=Level.WARNING, claims=claims)

    def stalled(self, why: str) -> None:
        """The database can't be used; nothing is sent, read or planned until it can."""
        self._say("stalled", level=Level.ERROR, why=why, until="the database can be used again")

    def resumed(self, since: datetime) -> None:
        self._say("resumed", level=Level.WARNING, stalled_since=since)

    def planned(self, address: str, day: Day, slots: int) -> None:
        self._say(
            "planned",
            mailbox=address,
            day=day.local_date,
            age=day.age,
            volume=day.volume,
            allowance=day.allowance,
            slots=slots,
            why=day.reason or None,
        )

    def sent(self, sender: Mailbox, recipient: str, message: Message, said: Response, by: Endpoint) -> None:
        self._say(
            "sent",
            mailbox=sender.address,
            to=recipient,
            id=message.message_id,
            by=by.name if sender.relays else None,
            reply=message.parent is not None or None,
            said=said,
        )

    def refused(self, sender: str, recipient: str, message: Message, said: Response, verdict: Verdict) -> None:
        self._say(
            "refused",
            level=Level.WARNING,
            mailbox=sender,
            to=recipient,
            id=message.message_id,
            said=said,
            action=verdict.action,
            rule=verdict.rule,
        )

    def dropped(self, sender: str, message: Message) -> None:
        """It was due and may not be sent any more: in a hold, too late, above the allowance, out of the pool."""
        self._say("dropped", mailbox=sender, id=message.message_id, why=message.reason)

    def uncertain(self, sender: str, recipient: str, message: Message, why: str) -> None:
        """Accepted or not, nobody can say; it is looked for at the receiving end and never sent again."""
        self._say("uncertain", level=Level.WARNING, mailbox=sender, to=recipient, id=message.message_id, why=why)

    def settled(self, recipient: str, message: Message) -> None:
        """An uncertain message was found: it had been accepted."""
        self._say("settled", mailbox=recipient, id=message.message_id)

    def held(self, address: str, pause: Pause) -> None:
        """`address` is the mailbox that is held, or that met what holds others too."""
        self._say(
            "held",
            level=Level.WARNING,
            mailbox=address,
            scope=pause.scope,
            lane=pause.provider,
            domain=pause.domain,
            host=pause.host,
            until=pause.until or ("an examination is clean" if pause.examined else "a person lifts it"),
            rule=pause.rule or None,
            said=pause.response,
            why=pause.note or None,
            set_back=f"{pause.age_lost} days" if pause.age_lost else None,
        )

    def shown(self, url: str) -> None:
        """The dashboard can be looked at."""
        self._say("shown", at=url)

    def often_held(self, address: str, holds: int, within: timedelta) -> None:
        """The ramp may be too steep, or the mailbox's reputation spoilt."""
        self._say("often-held", level=Level.ERROR, mailbox=address, holds=holds, within=within)

    def unreachable(self, address: str, server: Endpoint, since: datetime, why: str) -> None:
        """Since then nothing but failures: no ramp falls for it, but somebody should look."""
        self._say("unreachable", level=Level.ERROR, mailbox=address, server=server, since=since, why=why)

    def bounced(self, sender: str, message: Message, said: Response, verdict: Verdict) -> None:
        """A server that had accepted it told us that it was refused further on."""
        self._told("bounced", sender, message, said, verdict)

    def delayed(self, sender: str, message: Message, said: Response, verdict: Verdict) -> None:
        """A server that had accepted it told us that it goes on trying, and what keeps it from delivering."""
        self._told("delayed", sender, message, said, verdict)

    def _told(self, event: str, sender: str, message: Message, said: Response, verdict: Verdict) -> None:
        particulars = {"id": message.message_id, "said": said, "action": verdict.action, "rule": verdict.rule}
        self._say(event, level=Level.WARNING, mailbox=sender, **particulars)

    def deaf(self, why: str) -> None:
        """The MTA's log can't be read. Notifications in inboxes are read all the same."""
        self._say("deaf", level=Level.ERROR, why=why)

    def uncounted(self, address: str, why: str) -> None:
        """Sent can't be looked into: what the owner sends by other programs isn't known today, and doesn't count."""
        self._say("uncounted", level=Level.WARNING, mailbox=address, why=why)

    def not_done(self, address: str, why: str) -> None:
        """Something of a visit couldn't be done; the rest went on."""
        self._say("not-done", level=Level.WARNING, mailbox=address, why=why)

    def found(self, recipient: str, message: Message, placement: Placement, folder: str) -> None:
        level = Level.INFO if placement is Placement.INBOX else Level.WARNING
        self._say("found", level=level, mailbox=recipient, id=message.message_id, placement=placement, folder=folder)

    def rescued(self, recipient: str, message: Message) -> None:
        self._say("rescued", mailbox=recipient, id=message.message_id)

    def opened(self, recipient: str, message: Message) -> None:
        self._say("opened", mailbox=recipient, id=message.message_id)

    def filed(self, recipient: str, message: Message, folder: str) -> None:
        self._say("filed", mailbox=recipient, id=message.message_id, folder=folder)

    def missing(self, recipient: str, message: Message, why: str | None = None) -> None:
        self._say(
            "missing", level=Level.WARNING, mailbox=recipient, id=message.message_id, looks=message.visits, why=why
        )

    def placement_low(self, address: str, provider: str, counts: Counts) -> None:
        """Less of a mailbox's mail to a receiving provider arrives in the inbox than is wanted, and not by chance."""
        self._placed("placement-low", Level.WARNING, address, provider, counts)

    def placement_better(self, address: str, provider: str, counts: Counts) -> None:
        self._placed("placement-better", Level.INFO, address, provider, counts)

    def _placed(self, event: str, level: Level, address: str, provider: str, counts: Counts) -> None:
        inbox = f"{counts.inbox}/{counts.looked_for}"
        self._say(event, level=level, mailbox=address, lane=provider, inbox=inbox, between=counts.between)

    def examined(self, domain: str, findings: Sequence[Finding]) -> None:
        """How the world sees a domain: what is wrong, a line each, and how much that is."""
        for finding in findings:
            if finding.level in _WRONG:
                level = Level.ERROR if finding.level is Grade.ERROR else Level.WARNING
                self._say("finding", level=level, domain=domain, code=finding.code, what=finding.what, fix=finding.fix)
        errors, warnings = (sum(finding.level is grade for finding in findings) for grade in _WRONG)
        self._say("examined", domain=domain, errors=errors, warnings=warnings)

    def examined_in_vain(self, domain: str, why: str) -> None:
        self._say("examined-in-vain", level=Level.WARNING, domain=domain, why=why)

    def healed(self, domain: str, pause: Pause) -> None:
        """What held a domain by an examination is over."""
        self._say("healed", domain=domain, rule=pause.rule, since=pause.since)

    def told(self, channel: str, about: str) -> None:
        """The operator was told."""
        self._say("told", channel=channel, about=about)

    def untold(self, channel: str, about: str, why: str) -> None:
        """The operator couldn't be told, and it isn't tried any more."""
        self._say("untold", level=Level.WARNING, channel=channel, about=about, why=why)

    def bug(self, where: str, error: BaseException) -> None:
        """What nobody expected, with its traceback: please report it."""
        trace = "".join(traceback.format_exception(error))
        self._say("bug", level=Level.ERROR, where=where, error=f"{type(error).__name__}: {error}", traceback=trace)
