"""What a server's answer asks for.

Owns: the judgement. Rules are asked first, in their order (`warmup.throttle.rules`); what none of them knows is judged
by stage and first digit. Both together are total: every `Response` has a `Verdict`, and where the answer makes no sense
the verdict is to try again, since doubt is transient.
Does not own: how a wait grows with strikes (`warmup.throttle.backoff`).
Sources: RFC 5321 §4.2.1 (the first digit decides where the code isn't known), RFC 4954 §6 (530, 534, 535, 538).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from warmup.model import Action, Kind, Response, Scope, Stage, Verdict

from .rules import Rule, Rules
from .words import enhanced, named_wait, plain

# They speak of the credential at whatever stage they come: 530 answers any command of a client not signed in.
_SIGN_IN = frozenset({530, 534, 535, 538})

_ACCESS = frozenset({Stage.LOGIN, Stage.SELECT, Stage.FETCH})
_NAMELESS = frozenset({Stage.CONNECT, Stage.EHLO})  # and what is said at TLS, somebody in the middle may have said
_DAY = timedelta(hours=24)  # within which every provider's daily quota is counted anew


@dataclass(frozen=True, slots=True, kw_only=True)
class Waits:
    """How long the first hold of each kind lasts, and what share of the day's volume is left after a throttle, a hint
    at bad reputation, and a quota that was reached.
    """

    mailbox: timedelta = timedelta(hours=1)
    lane: timedelta = timedelta(hours=1)
    recipient: timedelta = timedelta(hours=1)
    connections: timedelta = timedelta(minutes=5)
    retry: timedelta = timedelta(minutes=15)
    setback: float = 0.5  # share of the volume, 0 to 1
    reputation: float = 0.75
    quota: float = 0.75  # of what was accepted that day

    def usual(self, action: Action, kind: Kind) -> timedelta | None:
        """The first wait of a rule that has none of its own; None where nothing is waited for."""
        if action is Action.PAUSE_MAILBOX and kind is Kind.QUOTA:
            return _DAY
        return {
            Action.PAUSE_MAILBOX: self.mailbox,
            Action.PAUSE_LANE: self.lane,
            Action.PAUSE_RECIPIENT: self.recipient,
            Action.REDUCE_CONNECTIONS: self.connections,
            Action.RETRY_LATER: self.retry,
        }.get(action)

    def share(self, kind: Kind) -> float:
        return {Kind.RATE: self.setback, Kind.REPUTATION: self.reputation, Kind.QUOTA: self.quota}.get(kind, 1.0)


_DEFAULT = Waits()


def judge(response: Response, *, rules: Rules, provider: str | None = None, waits: Waits = _DEFAULT) -> Verdict:
    """The verdict on an answer. `provider` is whose words are judged, if that is known: few rules ask.

    The wait is the one that the server names, or that of a first strike: `warmup.throttle.wait` lengthens it. Never
    raises.
    """
    if response.positive:
        return Verdict(action=Action.ACCEPTED, rule="accepted")
    rule = rules.speaking(response, provider)
    return _ruled(rule, response, waits) if rule is not None else _basic(response, waits)


def scope(verdict: Verdict, stage: Stage) -> Scope | None:
    """What is held by a verdict on what was said at `stage`; None: nothing, or the message alone.

    Before MAIL no message has been named, so whatever a server says there is said to the mailbox, and the next message
    would hear it too. Connections are too many at the submission host, and at the receiver if it was told afterwards.
    """
    action = verdict.action
    if action in {Action.ACCEPTED, Action.IGNORE}:
        return None
    if stage in _ACCESS:
        person = action in {Action.DISABLE, Action.FIX_CONFIG}
        return Scope.MAILBOX if person or verdict.kind is Kind.LOGIN else Scope.ACCESS
    if stage.before_mail:
        return Scope.HOST if action is Action.REDUCE_CONNECTIONS else Scope.MAILBOX
    extents = {
        Action.PAUSE_LANE: Scope.DOMAIN if verdict.domain else Scope.LANE,
        Action.REDUCE_CONNECTIONS: Scope.LANE if stage is Stage.DSN else Scope.HOST,
        Action.PAUSE_RECIPIENT: Scope.RECIPIENT,
        Action.DROP_RECIPIENT: Scope.RECIPIENT,
        Action.RETRY_LATER: None,
        Action.FAIL_MESSAGE: None,
    }
    return extents.get(action, Scope.MAILBOX)


def elsewhere(verdict: Verdict, said: Response) -> bool:
    """Whether it is that submission host's own trouble, so that another may be asked in its stead: too many connections
    there, or a server that serves nobody for now and said so before it knew who we are.

    What is said of a mailbox, its volume, its reputation or its credential never is, and what is said by policy (X.7,
    RFC 3463 §3.8) may be any of these.
    """
    if verdict.kind is not Kind.TROUBLE or not 400 <= said.code < 500:
        return False
    if verdict.action is Action.REDUCE_CONNECTIONS:
        return scope(verdict, said.stage) is Scope.HOST
    by_policy = (enhanced(said) or "").split(".")[1:2] == ["7"]
    return verdict.action is Action.RETRY_LATER and said.stage in _NAMELESS and not by_policy


def _ruled(rule: Rule, response: Response, waits: Waits) -> Verdict:
    usual = waits.usual(rule.action, rule.kind)
    return Verdict(
        action=rule.action,
        rule=rule.name,
        wait=usual and (named_wait(plain(response)) or rule.wait or usual),
        setback=waits.share(rule.kind),
        kind=rule.kind,
        domain=rule.domain,
    )


def _basic(response: Response, waits: Waits) -> Verdict:
    if 500 <= response.code < 600:
        return _refused(response, waits)
    rule = "temporary refusal" if 400 <= response.code < 500 else "no code of SMTP"
    return Verdict(action=Action.RETRY_LATER, rule=rule, wait=named_wait(plain(response)) or waits.retry)


def _refused(response: Response, waits: Waits) -> Verdict:
    if response.stage is Stage.AUTH or response.code in _SIGN_IN:
        return Verdict(action=Action.DISABLE, rule="sign-in refused")
    if response.stage.before_mail:
        # No message has been named yet, so none has failed: the server serves nobody (RFC 5321 §3.1), or not us.
        return Verdict(action=Action.PAUSE_MAILBOX, rule="no service", wait=waits.mailbox)
    return Verdict(action=Action.FAIL_MESSAGE, rule="permanent refusal")
