"""What is made of servers' answers: told of one that was pasted, and tried on a file of many.

Owns: reading that file, and the telling. Does not own: the judgement (`warmup.throttle`), commands
(`warmup.cli.explain`).
Sources: RFC 4180.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from warmup.config import Config
from warmup.errors import UsageError
from warmup.model import Action, Kind, Stage, Verdict
from warmup.throttle import judge, quoted
from warmup.throttle.words import enhanced

COLUMNS = ("provider", "stage", "reply")

# What "any" means: the stages of a submission at which anything may be said, or, of an answer without a code, IMAP's.
_ANY = (Stage.CONNECT, Stage.EHLO, Stage.MAIL, Stage.RCPT, Stage.DATA, Stage.DOT)
_IMAP = (Stage.LOGIN, Stage.SELECT, Stage.FETCH)
STAGES = {stage.value: (stage,) for stage in Stage} | {"starttls": (Stage.TLS,), "any": _ANY}

_SLOWING = {Action.PAUSE_MAILBOX, Action.PAUSE_LANE, Action.PAUSE_RECIPIENT, Action.REDUCE_CONNECTIONS}
_PERMANENT = {Action.FAIL_MESSAGE, Action.DISABLE, Action.FIX_CONFIG, Action.DROP_RECIPIENT}

ACTS: Mapping[Action, tuple[str | None, str]] = {  # what is held, and that in words
    Action.ACCEPTED: (None, "It was taken; nothing is held."),
    Action.PAUSE_MAILBOX: ("mailbox", "All that this mailbox would send is held."),
    Action.PAUSE_LANE: ("lane", "What this mailbox would send to that receiving provider is held."),
    Action.PAUSE_RECIPIENT: ("recipient", "What anybody of the pool would send to that address is held."),
    Action.REDUCE_CONNECTIONS: (
        "mailbox",
        "The mailbox, which has one connection at most, waits until others are over.",
    ),
    Action.RETRY_LATER: ("message", "What was asked is asked again later; nothing else is held."),
    Action.FAIL_MESSAGE: ("message", "This message is given up; nothing else is held."),
    Action.DROP_RECIPIENT: ("recipient", "Nobody of the pool writes to that address any more until you lift that."),
    Action.DISABLE: (
        "mailbox",
        "The mailbox is held until you lift that: see to the account at its provider, then `warmup mailbox resume`.",
    ),
    Action.FIX_CONFIG: (
        "mailbox",
        "The mailbox is held until you lift that, since waiting can't help: mend what the answer says, then "
        "`warmup mailbox resume`.",
    ),
    Action.IGNORE: (None, "It means nothing; the server is dialled again."),
}
_ABOUT = {
    Kind.RATE: "It was too much at once",
    Kind.QUOTA: "The day's volume is used up",
    Kind.REPUTATION: "It hints that the sender isn't well thought of",
    Kind.LOGIN: "There were too many sign-ins, which SMTP and IMAP share: both are held",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said, and the verdicts on it: one, or several where it depends on the stage."""

    reply: str
    verdicts: Mapping[Verdict, Sequence[Stage]]

    def lines(self) -> Iterator[str]:
        """As it is told to people."""
        for verdict, stages in self.verdicts.items():
            yield f"{verdict.action}, by rule {verdict.rule!r} (said at {', '.join(stages)})"
            yield from (f"  {words}" for words in _words(verdict))

    def row(self) -> dict[str, object]:
        """As it is told to programs; of several verdicts each name once, and the numbers of the first."""
        verdict, (stage, *_) = next(iter(self.verdicts.items()))
        return {
            "reply": self.reply,
            "action": _each(each.action for each in self.verdicts),
            "scope": _each(_scope(each) or "none" for each in self.verdicts),
            "wait_seconds": verdict.wait and verdict.wait.total_seconds(),
            "rule": _each(each.rule for each in self.verdicts),
            "enhanced": enhanced(quoted(stage, self.reply)),
            "set_back": verdict.setback,
            "kind": _each(each.kind for each in self.verdicts),
        }


@dataclass(frozen=True, slots=True)
class Case:
    """A line of the file: an answer, and what the file wants of it, if it says so."""

    provider: str
    stage: str
    answer: Answer
    wanted: Action | None

    @property
    def actions(self) -> set[Action]:
        return {verdict.action for verdict in self.answer.verdicts}

    @property
    def right(self) -> bool:
        return self.wanted is None or self.actions == {self.wanted}

    @property
    def falsely_held(self) -> bool:
        return self.wanted is not None and self.wanted not in _SLOWING and bool(self.actions & _SLOWING)

    @property
    def given_up(self) -> bool:
        """A throttle that was taken as permanent."""
        return self.wanted in _SLOWING and bool(self.actions & _PERMANENT)

    def row(self) -> dict[str, object]:
        row = {"provider": self.provider, "stage": self.stage, **self.answer.row()}
        if self.wanted is not None:
            row |= {"wanted": self.wanted, "right": self.right}
        return row


def judged(reply: str, stage: str, provider: str, config: Config) -> Answer:
    """The verdicts of the rules in force. `provider` is a name, a domain or, if it isn't known, empty."""
    stages = STAGES[stage]
    if stage == "any" and not quoted(Stage.DOT, reply).code:
        stages = _IMAP
    named = provider.strip().lower()
    whose = config.provider_of.get(named, named) or None
    verdicts: dict[Verdict, list[Stage]] = {}
    for at in stages:
        verdict = judge(quoted(at, reply), provider=whose, waits=config.waits, rules=config.rules)
        verdicts.setdefault(verdict, []).append(at)
    return Answer(reply, verdicts)


def tried(file: Path, config: Config) -> list[Case]:
    """Every line of a CSV, judged. Raises `UsageError` at the first that makes no sense."""
    try:
        text = file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UsageError(f"{file}: can't be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{file}: this isn't UTF-8 text; save the file as UTF-8") from error
    rows = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        missing = [column for column in COLUMNS if column not in (rows.fieldnames or ())]
        if missing:
            right = (
                f"the first line names the columns, parted by commas: {', '.join(COLUMNS)}, and action if it's known"
            )
            raise UsageError(f"{file}:1: there is no column {', '.join(missing)}; {right}")
        cases = [_case(row, f"{file}:{rows.line_num}", config) for row in rows]
    except csv.Error as error:
        raise UsageError(f"{file}:{rows.reader.line_num}: no CSV: {error}") from error
    if not cases:
        raise UsageError(f"{file}: there are no answers in it; write a line for each below the first")
    return cases


def total(cases: Sequence[Case]) -> str:
    """How many are as they were wanted."""
    compared = [case for case in cases if case.wanted is not None]
    return (
        f"{sum(case.right for case in compared)} of {len(compared)} right, "
        f"{sum(case.falsely_held for case in compared)} false throttles, "
        f"{sum(case.given_up for case in compared)} throttles taken as permanent"
    )


def _case(row: Mapping[str | None, str | list[str] | None], where: str, config: Config) -> Case:
    if None in row or None in row.values():
        raise UsageError(f"{where}: as many values as there are columns, please")
    cell = {str(key): str(value).strip() for key, value in row.items()}
    stage, wanted = cell["stage"], cell.get("action", "")
    if stage not in STAGES:
        raise UsageError(f"{where}: stage {stage!r}; write one of {', '.join(STAGES)}")
    if wanted not in ("", *Action):
        raise UsageError(f"{where}: action {wanted!r}; write one of {', '.join(Action)}, or nothing")
    answer = judged(cell["reply"], stage, cell["provider"], config)
    return Case(cell["provider"], stage, answer, Action(wanted) if wanted else None)


def _words(verdict: Verdict) -> Iterator[str]:
    yield ACTS[verdict.action][1]
    if verdict.kind in _ABOUT:
        yield f"{_ABOUT[verdict.kind]}."
    if _scope(verdict) == "domain":
        yield "It speaks of the sender's domain, so this holds for every mailbox of it."
    if verdict.wait is not None:
        yield f"The first wait is {_span(verdict.wait)}; each further one in a row is twice as long, up to a day."
    if verdict.setback < 1:
        of = "what was accepted that day" if verdict.kind is Kind.QUOTA else "the day's volume"
        yield f"The ramp falls back to {verdict.setback:.0%} of {of}."


def _scope(verdict: Verdict) -> str | None:
    return "domain" if verdict.domain and verdict.action is Action.PAUSE_LANE else ACTS[verdict.action][0]


def _each(names: Iterator[str]) -> str:
    return " or ".join(dict.fromkeys(names))


def _span(length: timedelta) -> str:
    """ "3h 12m"."""
    seconds = round(length.total_seconds())
    parts = {"d": seconds // 86400, "h": seconds // 3600 % 24, "m": seconds // 60 % 60, "s": seconds % 60}
    return " ".join(f"{number}{unit}" for unit, number in parts.items() if number)
