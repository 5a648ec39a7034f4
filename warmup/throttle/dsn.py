"""Delivery status notifications: what came of a message after the submission server had taken it.

A mail is a notification if its sender is a mail system and its form is one: a multipart/report with recipients in it,
or a text that opens as one of the known programs' does. What a person forwards, quotes or pastes, what a list sends
on and what answers by itself fails one or the other. A notification proves nothing: anybody can write one, and only
the Message-ID of the returned message, which strangers don't know, ties it to a message of ours.

Owns: telling notifications from mail about them, and reading them.
Does not own: judging the words (`warmup.throttle.judge`), finding the message they are about (`warmup.daemon`).
Sources: RFC 3464 (notifications), RFC 3461 (envelope ids), RFC 6522 (multipart/report), RFC 6533 (in UTF-8), RFC 3834
(automatic mail), RFC 5321 §4.5.5 (the null sender); QSBMF for qmail; each program's own words for what is plain text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import unescape

from .mime import Part, fields, read
from .report import ADDRESS, LONGEST, STATUS, TYPE, Fate, Report, address, bare, clean, response, speaker
from .told import REPLY

__all__ = ["LARGEST", "LONGEST", "MOST", "Bounce", "Fate", "Report", "bounce"]


LARGEST = 1_000_000  # bytes that are looked at; a notification with a whole message in it has them in front
MOST = 100  # recipients

_REPORTS = ("message/delivery-status", "message/global-delivery-status")
_RETURNED = (
    "message/rfc822",
    "message/global",
    "text/rfc822-headers",
    "message/rfc822-headers",
    "message/global-headers",
)
# Where servers that give a message another Message-ID keep the one it came with; Gmail the first two.
_ORIGINAL = ("x-google-original-message-id", "x-gmail-original-message-id", "x-original-message-id")
_LIST = ("list-id", "list-post", "resent-from", "resent-to")  # sent on by somebody

_MESSAGE_ID = re.compile(r"<[^<>\s]{1,900}>")
_SYSTEM = re.compile(
    r"\b(?:mailer-?daemon|mail-?daemon|mdaemon|postmaster|mail-?system)\b|microsoftexchange\w{0,99}@|<@?>\s?$"
    r"|^\"?(?:system administrator|mail delivery (?:sub)?system)\b",
    re.IGNORECASE,
)
_NULL = ("", "<>", "<#@[]>")  # a return path that isn't recorded, RFC 5321's, qmail's
_ANSWER = re.compile(r"\s{0,9}(?:re|fwd?|aw|wg|tr)\s?:", re.IGNORECASE)

_LINE, _WORDS, _TABLE = 1000, 4000, 200_000  # characters


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounce:
    """A notification. `message_id` is the returned message's, with its angle brackets."""

    message_id: str | None
    original_envelope_id: str | None
    reports: tuple[Report, ...]  # one for each recipient, and at least one


def bounce(raw: bytes) -> Bounce | None:
    """The notification that a mail is, or None. Never raises."""
    mail = read(raw[:LARGEST])
    path = mail.get("return-path")
    if any(map(mail.get, _LIST)) or _ANSWER.match(mail.get("subject")) or not (path in _NULL or _SYSTEM.search(path)):
        return None
    system = bool(_SYSTEM.search(mail.get("from")))
    reported = _reported(mail) if _formal(mail) or (system and mail.kind == "multipart/mixed") else None
    if reported or not system or "postmaster" in path.lower():  # who may be a person that writes about a bounce
        return reported
    return _told(mail)


def _formal(mail: Part) -> bool:
    return mail.kind == "multipart/report" and mail.parameter("report-type").lower() in ("", "delivery-status")


# As RFC 3464 has it


def _reported(mail: Part) -> Bounce | None:
    texts = [part.text[:_TABLE] for part in mail.walk() if part.kind in _REPORTS]
    blocks = [fields(block) for text in texts for block in re.split(r"\n\s*\n", text)]
    groups = [group for block in blocks for group in _groups(block)][:MOST]
    if not groups:
        return None
    explained = _paragraphs(_COPY.split(_explanation(mail), 1)[0])
    reports = {report.recipient: report for report in (_report(group, explained) for group in groups)}
    told = dict(field for block in reversed(blocks) for field in reversed(block))
    return Bounce(
        message_id=_message_id(mail, told),
        original_envelope_id=clean(told.get("original-envelope-id", ""))[:LONGEST] or None,
        reports=tuple(reports.values()),
    )


def _groups(block: tuple[tuple[str, str], ...]) -> Iterator[dict[str, str]]:
    """The recipients of a block: one, but where a program forgets the blank line between them."""
    group: dict[str, str] = {}
    for name, value in block:
        if name in group and name in ("final-recipient", "original-recipient"):
            yield group
            group = {}
        group.setdefault(name, value)
    if "final-recipient" in group or "original-recipient" in group:
        yield group


def _report(group: Mapping[str, str], explained: Mapping[str, str]) -> Report:
    recipient = address(group.get("final-recipient") or group.get("original-recipient", ""))
    status = STATUS.search(group.get("status", ""))
    action = _fate(group.get("action", ""), status[0] if status else "")
    # cPanel's Exim tells of its own limits in words for people only.
    words = group.get("diagnostic-code") or explained.get(recipient, "")[:_WORDS]
    remote = re.sub(TYPE, "", clean(group.get("remote-mta", ""))).split()
    return Report(
        recipient=recipient,
        action=action,
        response=response(words, status[0] if status else "", action),
        remote=bare(remote[0]) if remote else speaker(words),
    )


def _fate(action: str, status: str) -> Fate:
    word = action.split(maxsplit=1)[0].lower().rstrip(";,(") if action.split() else ""
    if word in set(Fate):
        return Fate(word)
    return {"2": Fate.DELIVERED, "4": Fate.DELAYED}.get(status[:1], Fate.FAILED)


def _message_id(mail: Part, told: Mapping[str, str], *more: str) -> str | None:
    """Of the returned message, where it is returned; else as the report names it; else what it says it answers."""
    returned = next((part for part in mail.walk() if part.kind in _RETURNED), None)
    inner = read(returned.decoded.lstrip()) if returned else None
    candidates = [
        *(inner.get(name) for name in (*_ORIGINAL, "message-id") if inner),
        *(told.get(name, "") for name in ("original-message-id", *_ORIGINAL, *more)),
        *(mail.get(name) for name in ("original-message-id", *_ORIGINAL, "in-reply-to", "references")),
    ]
    found = (_MESSAGE_ID.findall(candidate) for candidate in candidates)
    return next((clean(ids[-1]) for ids in found if ids), None)


# In plain words


@dataclass(frozen=True, slots=True)
class _Layout:
    """How some program's text opens, which nothing but white space and its own preamble comes before."""

    opening: re.Pattern[str]
    action: Fate = Fate.FAILED


def _layout(opening: str, action: Fate = Fate.FAILED) -> _Layout:
    return _Layout(re.compile(rf"^[ \t*]{{0,9}}(?:{opening})", re.IGNORECASE | re.MULTILINE), action)


# Delays first: their texts have sentences of the others'.
_LAYOUTS = (
    _layout(
        r"A message that you (?:have )?sent has not yet been delivered|THIS IS A WARNING MESSAGE ONLY"  # Exim, Sendmail
        r"|Delivery (?:to the following recipients? has been delayed|incomplete|is delayed to these)",  # and Gmail, 365
        Fate.DELAYED,
    ),
    _layout(r"Hi\. This is the "),  # QSBMF: qmail-send and all that came from it
    _layout(
        r"(?:A message that you (?:have )?sent could not be delivered|This message was created automatically by mail)"
    ),
    _layout(r".{0,80}did not reach (?:the following recipient|some or all of the intended)"),  # Exchange 5.5, 2000
    _layout(r"Delivery has failed to these recipients|Your message to .{1,200} couldn't be delivered"),  # Exchange, 365
    _layout(
        r"Address not found|Message (?:not delivered|blocked)|Delivery to the following recipients? failed"
    ),  # Gmail
    _layout(r"Sorry, we were unable to deliver your message to|Message from .{0,9}yahoo"),  # Yahoo
    _layout(r"This is the (?:mail system|Postfix program) at host"),  # Postfix, Yandex
    _layout(r"The original message was received at|----- The following addresses had"),  # Sendmail
    _layout(r"I'm afraid I wasn't able to deliver your message"),  # Haraka
    _layout(r"This is a system-generated message to inform you that your email could not be delivered"),  # iCloud
    _layout(r"This is a delivery status notification from .{1,255},$|UNDELIVERABLE MAIL"),  # Courier
    _layout(r"An error occurred while trying to deliver the mail"),  # Amazon SES
)
_PREAMBLE = 1500  # characters; a provider's own sentences in the reader's language
_EXPLANATION = 50_000  # characters

_COPY = re.compile(
    r"^[ \t>]{0,9}(?:-{2,9} ?(?:Below|This is a copy|The body of|Original message|Returned)|Original message headers:"
    r"|-{3,9} ?Unsent message|Received: ?(?:from|by) |Return-Path: )",
    re.IGNORECASE | re.MULTILINE,
)
# A line that names a recipient and begins what is told of it: "<a@b>:", "a@b", "a@b on Mon, …", "<a@b>: host …".
_NAMED = re.compile(
    r"[ \t]{0,9}(?:<([^<>\s]{1,255}@[^<>\s]{1,255})>|([^<>\s():,;'\"]{1,64}@[\w.-]{1,255}))"
    r"(?::[ \t]{0,9}(.*)|[ \t]on[ \t].*|[ \t]\(.*\)|<mailto:.*)?[ \t]*"
)


def _told(mail: Part) -> Bounce | None:
    text = _explanation(mail)
    layout = next((layout for layout in _LAYOUTS if layout.opening.search(text, 0, _PREAMBLE)), None)
    if layout is None:
        return None
    cut = _COPY.search(text)
    said, copy = (text[: cut.start()], text[cut.start() :]) if cut else (text, "")
    told = _paragraphs(said)
    for name in ADDRESS.findall(mail.get("x-failed-recipients")) or (() if told else ADDRESS.findall(said)[:1]):
        told.setdefault(address(name), said)
    if len(told) == 1 and not any(map(REPLY.search, told.values())):
        told = dict.fromkeys(told, said)  # the only recipient is named apart from what is told of it
    if not told:
        return None
    return Bounce(
        message_id=_message_id(mail, dict(reversed(fields(copy))), "message-id"),
        original_envelope_id=None,
        reports=tuple(_narrated(name, words, layout.action) for name, words in list(told.items())[:MOST]),
    )


def _explanation(mail: Part) -> str:
    """The first text of a mail, as a reader sees it."""
    texts = {part.kind: part for part in reversed(list(mail.walk())) if part.kind in ("text/plain", "text/html")}
    if "text/plain" in texts:
        return texts["text/plain"].text[:_EXPLANATION].strip()
    if "text/html" in texts:
        marked = texts["text/html"].text[:_EXPLANATION]
        return unescape(re.sub(r"<[^<>]{0,2000}>", "\n", marked)).strip()
    return ""


def _paragraphs(said: str) -> dict[str, str]:
    """What is told of each recipient. Who is named twice, for people and for administrators: a reply's code decides."""
    told: dict[str, str] = {}
    name, lines = "", list[str]()
    for line in [*said.split("\n"), "end@end"]:
        found = _NAMED.fullmatch(line[:_LINE])
        if found is None:
            lines.append(line[:_LINE])
            continue
        words = "\n".join(lines).strip("\n")
        if name and (name not in told or (REPLY.search(words) and not REPLY.search(told[name]))):
            told[name] = words
        name, lines = address(found[1] or found[2]), [found[3] or ""]
    return told


def _narrated(recipient: str, words: str, action: Fate) -> Report:
    words = words[:_WORDS]
    status = STATUS.search(words)
    return Report(
        recipient=recipient,
        action=action,
        response=response(words, status[0] if status else "", action),
        remote=speaker(words),
    )
