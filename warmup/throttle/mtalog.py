"""What the log of the operator's own Postfix tells of messages: that the next server refused one, or that nobody could
be asked.

Only the cleanup server's lines name the Message-ID, and all others only the id in the queue, so what is told of a
message is understood by whoever has read the log since it came. Ids that nothing has been read of are passed over.

Owns: the lines of Postfix 2.3 and later, of any instance and service, written by a syslog, postlogd or the journal.
Does not own: where the lines are (`warmup.mta`), judging the words (`warmup.throttle.judge`), whose message it is
(`warmup.daemon`).
Sources: Postfix's log_adhoc(3), smtp_trouble.c and qmgr_active.c; postconf(5), syslog_name and enable_long_queue_ids;
RFC 3464 §2.3.3 (fates), RFC 3463 §3.5 (X.4.7).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from .report import Fate, Report, address, bare, remark, response, speaker

QUEUED = 100_000  # messages that are remembered; past that the oldest are forgotten
LONGEST = 8000  # characters of a line; syslog daemons cut at 8 KB or before

# "Nov 25 01:02:03 host postfix/smtp[123]: …" or "2026-11-25T01:02:03.000001+00:00 host postfix-out/qmgr[9]: …"; busybox
# puts "mail.info" after the host.
_LINE = re.compile(
    r"(?:<\d{1,3}>)?(?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|\d{4}-\d\d-\d\dT[\d:.,]{8,20}(?:Z|[+-]\d\d:?\d\d)?) "
    r"(?:\S{1,255}(?<!:) ){1,2}([\w./-]{1,99})\[\d{1,10}\]: (.*)",
    re.DOTALL,
)
_PROGRAM = re.compile(r"postfix(?:-[\w.-]{1,60})?/(?:[\w.-]{1,60}/)?(\w{1,30})")
_ENTRY = re.compile(r"([0-9A-F]{5,20}|[0-9B-DF-HJ-NP-TV-Zb-df-hj-np-tv-z]{10,30}): (.*)", re.DOTALL)
_MESSAGE_ID = re.compile(r"message-id=(<[^<>\s]{1,900}>)")
_EXPIRED = re.compile(r"from=<[^<>]{0,320}>, status=(?:force-)?expired, ")
_DELIVERY = re.compile(
    r"to=<([^<>]{0,320})>(?:, orig_to=<([^<>]{0,320})>)?, relay=([^,]{1,300}), .*?"
    r"(?:dsn=([245]\.\d{1,3}\.\d{1,3}), )?status=(deferred|SOFTBOUNCE|bounced) \((.*)",
    re.DOTALL,
)
_FATES = {"bounced": Fate.FAILED, "deferred": Fate.DELAYED, "SOFTBOUNCE": Fate.DELAYED}
_CLASSES = {Fate.FAILED: "5", Fate.DELAYED: "4"}

_AGAIN = re.compile(r"delivery temporarily suspended: ")  # said of others that wait for the same server
_REPLY = re.compile(r"host \S{1,600} (?:said|refused to talk to me): (.*)", re.DOTALL)
_END = re.compile(r"(?: \(in reply to [\w ()-]{1,60}\))?\)?\s{0,9}\Z")  # a line that was cut has none


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What became of a message, by its Message-ID in angle brackets."""

    message_id: str
    report: Report


@dataclass(slots=True)
class _Queued:
    """A message in the MTA's queue, and what was last told of it."""

    message_id: str
    last: Report


_UNSAID = remark("given up after too long in the queue", "4.4.7", Fate.DELAYED)
_NOTHING = Report(recipient="", action=Fate.DELAYED, response=_UNSAID, remote=None, own=True)


class MailLog:
    """A log that is read line by line, in its order. Nothing in it raises, and no line takes long."""

    def __init__(self) -> None:
        self._queue: dict[str, _Queued] = {}

    def line(self, text: str) -> Told | None:
        """What a line of a log file tells."""
        found = _LINE.match(text[:LONGEST])
        return self.entry(found[1], found[2]) if found else None

    def entry(self, identifier: str, message: str) -> Told | None:
        """What an entry of the journal tells: `postfix/smtp` and what follows it in a file."""
        program, found = _PROGRAM.fullmatch(identifier), _ENTRY.match(message[:LONGEST])
        if program is None or found is None:
            return None
        queue_id, said = found.groups()
        match program[1]:
            case "cleanup":
                self._arrived(queue_id, said)
            case "qmgr" if said.rstrip() == "removed":
                self._queue.pop(queue_id, None)
            case "qmgr" if _EXPIRED.match(said):
                return self._expired(queue_id)
        return self._delivery(queue_id, said)

    def _arrived(self, queue_id: str, said: str) -> None:
        if found := _MESSAGE_ID.match(said):
            self._queue.pop(queue_id, None)  # ids are used again
            self._queue[queue_id] = _Queued(found[1], _NOTHING)
            if len(self._queue) > QUEUED:
                del self._queue[next(iter(self._queue))]

    def _expired(self, queue_id: str) -> Told | None:
        """Given up: nothing new is said of it, so the last words stand, and that they were final is the news."""
        queued = self._queue.get(queue_id)
        if queued is None:
            return None
        return Told(message_id=queued.message_id, report=replace(queued.last, action=Fate.FAILED))

    def _delivery(self, queue_id: str, said: str) -> Told | None:
        queued, found = self._queue.get(queue_id), _DELIVERY.match(said)
        if queued is None or found is None:
            return None
        queued.last = _report(found)
        return Told(message_id=queued.message_id, report=queued.last)


def _report(found: re.Match[str]) -> Report:
    to, original, relay, status, word, reason = found.groups()
    action = _FATES[word]
    words = _END.sub("", _AGAIN.sub("", reason, 1), 1)
    status = f"{_CLASSES[action]}{(status or '')[1:] or '.0.0'}"
    host, bracket, _ = relay.partition("[")
    reply = _REPLY.match(words)
    return Report(
        recipient=address(original or to),  # the one that was written to, not what a table made of it
        action=action,
        response=response(reply[1], status, action) if reply else remark(words, status, action),
        remote=bare(host) if bracket else speaker(words),
        own=reply is None,  # even if it quotes: "SASL authentication failed; server mx… said: 535 …"
    )
