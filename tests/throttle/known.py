"""The shipped rules, and real answers with the action each wants.

`smtp_responses.csv` is what the rules were written for. `more_responses.csv` was written before the rules had seen it
(but for its last five lines), in two parts. Of the first 164 lines the rules then hit 131, with one false throttle and
six throttles taken for permanent; after they had been rewritten they hit 98 of the next 105, with none of either. Both
are hit entirely now, so what the next stranger's answer meets is better guessed from those numbers than from these.
"""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from warmup.model import Action, Stage
from warmup.throttle import rules

ROOT = Path(__file__).parents[2]
TABLES = tomllib.loads((ROOT / "data" / "throttles.toml").read_text())["rule"]
RULES = rules(TABLES)

SLOWING = {Action.PAUSE_MAILBOX, Action.PAUSE_LANE, Action.PAUSE_RECIPIENT, Action.REDUCE_CONNECTIONS}
_ANY = (Stage.CONNECT, Stage.EHLO, Stage.MAIL, Stage.RCPT, Stage.DATA, Stage.DOT)


class Known(NamedTuple):
    provider: str
    stages: tuple[Stage, ...]
    reply: str
    action: Action
    meaning: str


def known(name: str) -> Iterator[Known]:
    with (ROOT / "tests" / "data" / name).open(newline="") as file:
        for row in csv.DictReader(file):
            stage = {"any": _ANY, "starttls": (Stage.TLS,)}.get(row["stage"]) or (Stage(row["stage"]),)
            yield Known(row["provider"], stage, row["reply"], Action(row["action"]), row.get("meaning") or "")


STUDIED = list(known("smtp_responses.csv"))
UNSEEN = list(known("more_responses.csv"))
