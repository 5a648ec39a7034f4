"""What a server's answer asks for, judged by stage and basic code alone.

Owns: the basic rules, which know no provider. They are total: every `Response` has a `Verdict`, and where the answer
makes no sense the verdict is to try again, since doubt is transient.
Does not own: how a wait grows with strikes (`warmup.throttle.backoff`).
Sources: RFC 5321 §3.8 and §4.2.2 (421 may answer any command, and closes), §4.2.1 (the first digit decides where the
code isn't known), RFC 4954 §6 (530, 534, 535, 538); RFC 5530 §3 (codes in brackets in an IMAP server's NO).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta

from warmup.model import Action, Response, Stage, Verdict

# Before MAIL no receiver has been named, so a 421 there is about the mailbox; from MAIL on it is about the lane.
_BEFORE_MAIL = frozenset({Stage.CONNECT, Stage.TLS, Stage.EHLO, Stage.AUTH})

# They speak of the credential at whatever stage they come: 530 answers any command of a client not signed in.
_SIGN_IN = frozenset({530, 534, 535, 538})

# What IMAP servers say of a wrong credential, with RFC 5530's codes or, as Exchange does, without.
_NOT_YOU = re.compile(
    r"\[(?:AUTHENTICATIONFAILED|AUTHORIZATIONFAILED|EXPIRED|PRIVACYREQUIRED|CONTACTADMIN)\]"
    r"|(?:LOGIN|AUTHENTICATE|authentication) failed|invalid (?:credentials|login|password)|password required",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waits:
    """How long the first hold of each kind lasts, and what is left of the day's volume after a throttled lane."""

    mailbox: timedelta = timedelta(hours=1)
    lane: timedelta = timedelta(hours=1)
    retry: timedelta = timedelta(minutes=15)
    setback: float = 0.5  # share of the volume, 0 to 1


_DEFAULT = Waits()


def judge(response: Response, *, provider: str | None = None, waits: Waits = _DEFAULT) -> Verdict:
    """The verdict on an answer. `provider` is who was being written to; the basic rules judge all providers alike.

    The wait is that of a first strike: `warmup.throttle.wait` lengthens it. Never raises.
    """
    if response.positive:
        return Verdict(action=Action.ACCEPTED, rule="accepted")
    if response.stage is Stage.LOGIN and _NOT_YOU.search(response.text):
        return Verdict(action=Action.DISABLE, rule="sign-in refused")
    if response.code == 421:
        return _throttled(response.stage, waits)
    if 500 <= response.code < 600:
        return _refused(response)
    rule = "temporary refusal" if 400 <= response.code < 500 else "no code of SMTP"
    return Verdict(action=Action.RETRY_LATER, rule=rule, wait=waits.retry)


def _throttled(stage: Stage, waits: Waits) -> Verdict:
    if stage in _BEFORE_MAIL:
        return Verdict(action=Action.PAUSE_MAILBOX, rule="421 before MAIL", wait=waits.mailbox)
    return Verdict(action=Action.PAUSE_LANE, rule="421 from MAIL on", wait=waits.lane, setback=waits.setback)


def _refused(response: Response) -> Verdict:
    if response.stage is Stage.AUTH or response.code in _SIGN_IN:
        return Verdict(action=Action.DISABLE, rule="sign-in refused")
    return Verdict(action=Action.FAIL_MESSAGE, rule="permanent refusal")
