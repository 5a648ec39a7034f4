"""How many: the shape of a warm-up, and one mailbox's way along it. Pure.

Owns: curves (`curve`), and what jitter, maintenance, idleness and set-backs make of them (`ramp`).
Does not own: the named presets (`data/curves.toml`, read by `warmup.config`), counting sending days (`warmup.store`),
when the messages go out (`warmup.plan`).
"""

from .curve import Curve, Exponential, Linear, Logistic, Steps
from .ramp import Ramp

__all__ = ["Curve", "Exponential", "Linear", "Logistic", "Ramp", "Steps"]
