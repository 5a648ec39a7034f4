"""How far a mailbox is on its curve, and when it will have come to the top.

Owns: that estimate. Does not own: curves and ages (`warmup.curves`), what a day allows (`warmup.daemon.planner`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from warmup.config import Config
from warmup.model import Day, Mailbox, Pause
from warmup.plan import local_date


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """`day` is the sending day that it lives, or lived last, and `top_day` the first at the top; 1 is the first. `on`
    is when that is, if it isn't there and somebody can say.
    """

    curve: str
    day: int | None
    top_day: int | None
    there: bool
    on: date | None


def goal(
    config: Config, mailbox: Mailbox, *, planned: Day | None, last: Day | None, holds: Sequence[Pause], today: date
) -> Goal:
    """`planned` is the day of `today`, `last` the last one before on which it sent, `holds` what holds it. Supposed is
    that it sends on every working day from now on, or from the end of what holds all of it, and falls back no more.
    """
    lived = planned or last
    curve = planned.curve if planned else mailbox.curve or config.curve
    ramp = config.ramps.get(curve)
    age = planned.age if planned else last.age + 1 if last else 0
    whole = [pause for pause in holds if pause.provider is None]
    on = None
    if ramp is not None and age < ramp.peak and not any(pause.until is None for pause in whole):
        ends = [local_date(pause.until, mailbox.zone) for pause in whole if pause.until]
        # Today counts if it may send. Else the next working day is of the age that today would have been.
        counts = planned is not None and planned.allowance > 0 and not whole
        on = config.policy.hours.ahead(max([today, *ends]), ramp.peak - age + (not counts))
    return Goal(
        curve=curve,
        day=lived.age + 1 if lived else None,
        top_day=ramp.peak + 1 if ramp else None,
        there=ramp is not None and age >= ramp.peak,
        on=on,
    )
