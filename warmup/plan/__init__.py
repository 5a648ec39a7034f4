"""Who writes to whom, and when: allowance → recipients → times. Pure.

Owns: working hours (`window`), who is together on a day (`circle`), whom to write to (`pairing`), one day of a pool
(`day`), a round of test messages (`probes`), by which server (`route`), when mail is read (`reading`).
Does not own: how many (`warmup.curves`), what it says (`warmup.content`), what became of it (`warmup.store`).
"""

from .circle import CIRCLE, circles, draw_of
from .day import Exchange, Plan, Policy, Pool, Seat, plan_day
from .probes import probes
from .reading import Habits
from .route import WHOLE, server
from .window import Hours, local_date

__all__ = [
    "CIRCLE",
    "WHOLE",
    "Exchange",
    "Habits",
    "Hours",
    "Plan",
    "Policy",
    "Pool",
    "Seat",
    "circles",
    "draw_of",
    "local_date",
    "plan_day",
    "probes",
    "server",
]
