"""Many answers, tried: what the rules make of each line of a file, and how many are as the file wants them.

Owns: reading that file, the comparison and its sums. Does not own: what is made of an answer (`warmup.cli.answers`).
Sources: RFC 4180.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from warmup.config import Config
from warmup.errors import UsageError
from warmup.model import Action

from .answers import ANY, STAGES, Answer, judged

COLUMNS = ("provider", "stage", "reply")

_SLOWING = {Action.PAUSE_MAILBOX, Action.PAUSE_LANE, Action.PAUSE_RECIPIENT, Action.REDUCE_CONNECTIONS}
_PERMANENT = {Action.FAIL_MESSAGE, Action.DISABLE, Action.FIX_CONFIG, Action.DROP_RECIPIENT}


@dataclass(frozen=True, slots=True)
class Case:
    """A line of the file: an answer, and what the file wants of it, if it says so."""

    where: str  # FILE:LINE
    provider: str
    stage: str
    answer: Answer
    wanted: Action | None

    @property
    def action(self) -> Action:
        return self.answer.meaning.verdict.action

    @property
    def right(self) -> bool:
        return self.wanted in {None, self.action}

    @property
    def falsely_held(self) -> bool:
        return self.wanted is not None and self.wanted not in _SLOWING and self.action in _SLOWING

    @property
    def given_up(self) -> bool:
        """A throttle that was taken as permanent."""
        return self.wanted in _SLOWING and self.action in _PERMANENT

    def row(self) -> dict[str, object]:
        row = self.answer.row() | {"provider": self.provider, "stage": self.stage}
        if self.wanted is not None:
            row |= {"wanted": self.wanted, "right": self.right}
        return row


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


def score(cases: Sequence[Case]) -> Iterator[str]:
    """Each that isn't as it was wanted, with the reason, and the sums; nothing if the file wants nothing."""
    compared = [case for case in cases if case.wanted is not None]
    for case in compared:
        if not case.right:
            yield f"{case.where}: {case.wanted} is wanted, not {case.answer.meaning}: {case.answer.reply}"
    if compared:
        yield (
            f"{sum(case.right for case in compared)} of {len(compared)} right, "
            f"{sum(case.falsely_held for case in compared)} false throttles, "
            f"{sum(case.given_up for case in compared)} throttles taken as permanent"
        )


def _case(row: Mapping[str | None, str | list[str] | None], where: str, config: Config) -> Case:
    if None in row or None in row.values():
        raise UsageError(f"{where}: as many values as there are columns, please")
    cell = {str(key): str(value).strip() for key, value in row.items()}
    stage, wanted = cell["stage"], cell.get("action", "")
    if stage not in (ANY, *STAGES):
        raise UsageError(f"{where}: stage {stage!r}; write one of {', '.join((*STAGES, ANY))}")
    if wanted not in ("", *Action):
        raise UsageError(f"{where}: action {wanted!r}; write one of {', '.join(Action)}, or nothing")
    answer = judged(cell["reply"], stage, cell["provider"], config)
    return Case(where, cell["provider"], stage, answer, Action(wanted) if wanted else None)
