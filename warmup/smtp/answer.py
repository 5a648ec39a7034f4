"""From what a server sent to a `Response`.

Owns: enhanced codes, joining lines, and making foreign text fit to be stored and shown.
Does not own: framing replies (aiosmtplib), judging them (`warmup.throttle`).
Sources: RFC 5321 §4.2.1 (multi-line replies), RFC 3463 §2 and RFC 2034 §4 (an enhanced code begins every line).
"""

from __future__ import annotations

import re

from warmup.model import Response, Stage

_ENHANCED = re.compile(r"([245]\.\d{1,3}\.\d{1,3})(?:\s+|$)")
_LONGEST = 1000  # characters; real explanations are shorter, and this text is stored, logged and shown


def answer(stage: Stage, code: int, message: str) -> Response:
    """The Response in `message`, whose lines are parted by LF. The enhanced code is the first line's, as the server
    gave it even where its class and the basic code disagree; it is taken off every line. Lines are joined by a space,
    what can't be printed becomes one, and the text ends after 1000 characters.
    """
    lines = [line.strip() for line in message.split("\n")]
    found = _ENHANCED.match(lines[0])
    text = " ".join(_ENHANCED.sub("", line, count=1) if _ENHANCED.match(line) else line for line in lines)
    return Response(stage, code, found and found[1], _printable(text)[:_LONGEST])


def _printable(text: str) -> str:
    # aiosmtplib smuggles bytes that aren't UTF-8 through as surrogates, which no database or terminal takes; and a
    # terminal would obey a server's escape sequences.
    if text.isascii() and text.isprintable():
        return " ".join(text.split())
    decoded = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return " ".join("".join(sign if sign.isprintable() else " " for sign in decoded).split())
