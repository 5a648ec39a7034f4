"""What is made of a server's answer, told to people and to programs.

Owns: the telling, and what "any" stage means. Does not own: the judgement and the advice (`warmup.throttle`), acting on
it (`warmup.daemon.hold`), files of answers (`warmup.cli.batch`), commands (`warmup.cli.explain`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from warmup.config import Config
from warmup.model import Action, Kind, Scope, Stage, Verdict
from warmup.throttle import Advice, judge, quoted, scope
from warmup.throttle.told import told
from warmup.throttle.words import enhanced

# What "any" means: RCPT, where most refusals come; of an answer without a code, which is IMAP's, the sign-in; of one
# that a log or a notification tells of, that. It is judged at the others of the same kind too, and told if it differs.
ANY = "any"
STAGES = {stage.value: stage for stage in Stage} | {"starttls": Stage.TLS}
_SMTP = (Stage.RCPT, Stage.MAIL, Stage.DATA, Stage.DOT, Stage.CONNECT, Stage.EHLO, Stage.AUTH)
_IMAP = (Stage.LOGIN, Stage.SELECT, Stage.FETCH)

MEANS: Mapping[Action, str] = {
    Action.ACCEPTED: "It was taken.",
    Action.PAUSE_MAILBOX: "The server doesn't serve this mailbox for now.",
    Action.PAUSE_LANE: "That receiving provider takes nothing from this mailbox for now.",
    Action.PAUSE_RECIPIENT: "That recipient takes nothing more for now.",
    Action.REDUCE_CONNECTIONS: "There are too many connections, or too many messages over one.",
    Action.RETRY_LATER: "It is a trouble of the server's own, or one that passes; nothing is held against you.",
    Action.FAIL_MESSAGE: "This message isn't taken, now or later.",
    Action.DROP_RECIPIENT: "That address doesn't exist any more, or takes no mail from you.",
    Action.DISABLE: "The account may not sign in or send, until a person sees to it.",
    Action.FIX_CONFIG: "Something is set up wrong, and waiting can't help.",
    Action.IGNORE: "It means nothing: the connection was idle or old.",
}
_MEANS_OF_KIND = {
    Kind.RATE: "It was too much at once.",
    Kind.QUOTA: "The day's volume is used up.",
    Kind.REPUTATION: "It hints that the sender isn't well thought of.",
    Kind.LOGIN: "There were too many sign-ins, which SMTP and IMAP share.",
}
_HELD: Mapping[str | None, str] = {
    None: "Nothing is held.",
    Scope.MAILBOX: "All that this mailbox would send is held.",
    Scope.LANE: "What this mailbox would send to that receiving provider is held.",
    Scope.RECIPIENT: "What anybody of the pool would send to that address is held.",
    Scope.DOMAIN: "What every mailbox of the sender's domain would send to that receiving provider is held.",
    Scope.HOST: "What every mailbox at that submission host would send is held; then they go one at a time, for a day.",
    Scope.ACCESS: "Reading this mailbox waits; what it sends goes on.",
}
_UNTIL_LIFTED = {Action.DISABLE, Action.FIX_CONFIG, Action.DROP_RECIPIENT}


@dataclass(frozen=True, slots=True)
class Meaning:
    """A verdict on what was said at a stage, and what follows from both."""

    verdict: Verdict
    stage: Stage
    wait: timedelta | None  # the first one

    @property
    def scope(self) -> str | None:
        """What is held or given up: a pause's scope, "message", or nothing."""
        if self.verdict.action in {Action.ACCEPTED, Action.IGNORE}:
            return None
        return scope(self.verdict, self.stage) or "message"

    def __str__(self) -> str:
        return f"{self.verdict.action}, by rule {self.verdict.rule!r}"

    def lines(self) -> Iterator[str]:
        """What it means, and what the daemon does then."""
        verdict = self.verdict
        yield _MEANS_OF_KIND.get(verdict.kind, MEANS[verdict.action])
        yield self._held()
        if self.stage.before_mail and verdict.action in {Action.PAUSE_LANE, Action.RETRY_LATER, Action.FAIL_MESSAGE}:
            yield "It was said before any message was named, so the next one would hear it too."
        if verdict.action in _UNTIL_LIFTED:
            yield "Until you lift that: `warmup pauses end`."
        elif self.wait is not None:
            yield f"The first wait is {span(self.wait)}; each further one in a row is twice as long, up to a day."
        if verdict.setback < 1:
            of = "what was accepted that day" if verdict.kind is Kind.QUOTA else "the day's volume"
            yield f"The ramp falls back to {verdict.setback:.0%} of {of}."

    def _held(self) -> str:
        action = self.verdict.action
        if self.scope != "message":
            return _HELD[self.scope]
        if action is Action.FAIL_MESSAGE:
            return "This message is given up; nothing else is held."
        if self.stage is Stage.DSN:
            return "Its server goes on trying. If that was told in a notification, it has for hours: the lane is held."
        return "The message is tried again later, while its working day lasts; nothing else is held."


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said, and what it means: at one stage and, if any was asked for, where it means something else."""

    reply: str
    meaning: Meaning
    others: Mapping[Meaning, tuple[Stage, ...]]
    advice: tuple[Advice, ...]
    enhanced: str | None

    def lines(self) -> Iterator[str]:
        """As it is told to people."""
        yield f"{self.meaning}, said at {self.meaning.stage}"
        yield from (f"  {line}" for line in self.meaning.lines())
        yield "What you can do:"
        for advice in self.advice:
            yield f"  {advice.text}"
            if advice.source:
                yield f"  {advice.source}"
        for meaning, stages in self.others.items():
            yield f"At {', '.join(stages)}: {meaning}"
            yield from (f"  {line}" for line in meaning.lines())

    def row(self) -> dict[str, object]:
        """As it is told to programs."""
        verdict, wait = self.meaning.verdict, self.meaning.wait
        return {
            "reply": self.reply,
            "stage": self.meaning.stage,
            "action": verdict.action,
            "scope": self.meaning.scope or "none",
            "wait_seconds": wait and wait.total_seconds(),
            "rule": verdict.rule,
            "enhanced": self.enhanced,
            "set_back": verdict.setback,
            "kind": verdict.kind,
        }


def judged(reply: str, stage: str, provider: str, config: Config) -> Answer:
    """What the rules in force make of it. `provider` is a name, one of its domains or, if it isn't known, empty."""
    line = told(reply) or reply
    at, *more = _stages(stage, line, told=line != reply)
    whose = named(provider, config)
    first = _meaning(line, at, whose, config)
    others: dict[tuple[Verdict, str | None], list[Stage]] = {}
    for other in more:
        meaning = _meaning(line, other, whose, config)
        if (meaning.verdict, meaning.scope) != (first.verdict, first.scope):
            others.setdefault((meaning.verdict, meaning.scope), []).append(other)
    return Answer(
        reply=reply,
        meaning=first,
        others={_meaning(line, stages[0], whose, config): tuple(stages) for stages in others.values()},
        advice=config.rules.advice(first.verdict, whose),
        enhanced=enhanced(quoted(at, line)),
    )


def named(provider: str, config: Config) -> str | None:
    """A provider as rules call it: of "google", "gmail" and "gmail.com" all."""
    name = provider.strip().lower()
    return config.provider_of.get(name) or config.provider_of.get(f"{name}.com") or name or None


def span(length: timedelta) -> str:
    """ "3h 12m"."""
    seconds = round(length.total_seconds())
    parts = {"d": seconds // 86400, "h": seconds // 3600 % 24, "m": seconds // 60 % 60, "s": seconds % 60}
    return " ".join(f"{number}{unit}" for unit, number in parts.items() if number)


def _stages(stage: str, line: str, *, told: bool) -> tuple[Stage, ...]:
    """Where it may have been said; the first is where it was, as far as anybody can say."""
    if stage != ANY:
        return (STAGES[stage],)
    if told:
        return (Stage.DSN,)
    return _SMTP if quoted(Stage.RCPT, line).code else _IMAP


def _meaning(line: str, stage: Stage, provider: str | None, config: Config) -> Meaning:
    verdict = judge(quoted(stage, line), provider=provider, waits=config.waits, rules=config.rules)
    unnamed = verdict.action is Action.FAIL_MESSAGE and stage.before_mail
    return Meaning(verdict, stage, config.waits.mailbox if unnamed else verdict.wait)
