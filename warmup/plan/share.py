"""Shares: chance for what happens a million times a day.

Owns: numbers that depend on their parts alone, as `warmup.model.chance` gives them, at a tenth of the price: there a
source of chance is seeded first. Does not own: what they decide.
"""

from __future__ import annotations

import hashlib
import struct

_TWO = struct.Struct("<QQ").unpack
_UNIT = 2.0**-52  # of what is left of 64 bits, so that a half more is still exact


def shares(*parts: object) -> tuple[float, float]:
    """Two numbers between 0 and 1, neither of them included, that are the same for the same parts, in every process and
    on every machine.
    """
    text = "\x1f".join(map(str, parts))
    one, two = _TWO(hashlib.blake2b(text.encode(), digest_size=16).digest())
    return ((one >> 12) + 0.5) * _UNIT, ((two >> 12) + 0.5) * _UNIT
