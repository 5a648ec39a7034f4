"""What is read out of a server's words: the codes in them, the wait they name, and the words alone.

Owns: reading. Does not own: what the words mean (`warmup.throttle.rules`).
Sources: RFC 5321 §4.2.1 (multi-line replies), RFC 3463 §2 and RFC 2034 §4 (enhanced codes).
"""

from __future__ import annotations

import re
from datetime import timedelta

from warmup.model import Response, Stage

LONGEST = 700  # characters that are judged; the longest explanation known has half as many
SHORTEST_WAIT, LONGEST_WAIT = timedelta(seconds=30), timedelta(hours=24)  # what we obey of waits that servers name

_ENHANCED = r"[245]\.\d{1,3}\.\d{1,3}"
_REPLY = re.compile(
    rf"\s{{0,9}}(?:[a-z][\w-]{{0,20}};\s{{0,9}})?([2-5]\d\d)(?:[-\s]{{1,9}}(?:({_ENHANCED})(?![\w.]))?|$)", re.I
)
# Within words: not a part of an IP address or of a longer number such as Yahoo's 4.16.55.1.
_STRAY = re.compile(rf"(?<![\w.])({_ENHANCED})(?!\w|\.\w)")
# What a further line of a reply begins with, once the lines have been joined by somebody else.
_AGAIN = re.compile(rf"(?:(?<=\s)|^)(?:[245]\d\d[- ]{_ENHANCED}(?= )|[245]\d\d-(?=[A-Za-z]))\s?")
_PLAIN = str.maketrans("‘’“”–—\u00a0", "''\"\"-- ")

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_UNIT = (
    r"(milliseconds?|msecs?|ms|seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|h|days?|d)(?![\w-])"  # a queue's id: 7d-2f
)
_NUMBER = r"(\d{1,9}(?:\.\d{1,3})?)"
_CUE = (
    r"(?:again|retry|retried|wait|back|backoff time|delay|later|expires?|resets?|until"
    r"|gr[ea]y-?list(?:ed|ing)|blocked|limited|locked|throttled|deferred|suspended)"
)
_NAMED = re.compile(
    rf"\b{_CUE}\b[^\d]{{0,30}}?\b(?:(\d{{1,2}}):(\d\d):(\d\d)\b|(?:{_NUMBER}\s?|(?:an?|one)\s){_UNIT})"
    rf"|\b(?:wait|for)\s{_NUMBER}\s?{_UNIT}[^\d]{{0,20}}\b(?:before|then|and (?:re)?try)",
    re.IGNORECASE,
)


def quoted(stage: Stage, line: str) -> Response:
    """The Response that somebody quotes: a line of a log, a Diagnostic-Code, what an operator pasted. Without a
    reply's code it is an IMAP server's, and its code is 0.
    """
    found = _REPLY.match(line)
    if found is None:
        return Response(stage, 0, None, " ".join(line.split()))
    text = re.sub(rf"\n\s{{0,9}}{found[1]}[- ](?:{_ENHANCED}\s)?", " ", line[found.end() :])
    return Response(stage, int(found[1]), found[2], " ".join(text.split()))


def plain(response: Response) -> str:
    """Its words as patterns see them: on one line, plain quotes and dashes, no codes of further lines, not long."""
    return _AGAIN.sub("", " ".join(response.text[:LONGEST].translate(_PLAIN).split()))


def enhanced(response: Response) -> str | None:
    """Its enhanced code, or the first in its words that agrees with the basic code: some servers put it last."""
    if response.enhanced is not None:
        return response.enhanced
    codes = (found[1] for found in _STRAY.finditer(response.text[:LONGEST]))
    return next((code for code in codes if code[0] == str(response.code)[:1]), None)


def named_wait(text: str) -> timedelta | None:
    """How long the server asks to wait, within what is sensible; None if it doesn't say."""
    found = _NAMED.search(text)
    if found is None:
        return None
    hours, minutes, seconds, *counted = found.groups()
    if hours is not None:
        return _sensible(int(hours) * 3600 + int(minutes) * 60 + int(seconds))
    number, unit = counted[:2] if counted[1] else counted[2:]
    return _sensible(float(number or 1) * _seconds(unit))


def _seconds(unit: str) -> float:
    return _UNITS["ms" if unit.lower().startswith(("ms", "milli")) else unit[0].lower()]


def _sensible(seconds: float) -> timedelta:
    return timedelta(seconds=min(max(seconds, SHORTEST_WAIT.total_seconds()), LONGEST_WAIT.total_seconds()))
