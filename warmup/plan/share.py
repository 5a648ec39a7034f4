"""Shares: chance for what happens a million times a day.

Owns: numbers that depend on their parts alone, as `warmup.model.chance` gives them, at a tenth of the price: there a
source of chance is seeded first. Does not own: what they decide.
"""

from __future__ import annotations

import struct
from hashlib import blake2b as _hash

_TWO = struct.Struct("<QQ").unpack
_WORD = 11  # bytes: 22 hex digits
_UNIT = 2.0**-52  # of what is left of 64 bits, so that a half more is still exact


def shares(*parts: str) -> tuple[float, float]:
    """Two numbers between 0 and 1, neither of them included, that are the same for the same parts, in every process and
    on every machine.
    """
    one, two = _TWO(_hash("\x1f".join(parts).encode(), digest_size=16).digest())
    return ((one >> 12) + 0.5) * _UNIT, ((two >> 12) + 0.5) * _UNIT


def word_and_shares(*parts: str) -> tuple[str, float, float]:
    """22 hex digits, and two numbers as those of `shares`; neither tells the other."""
    drawn = _hash("\x1f".join(parts).encode(), digest_size=_WORD + 16).digest()
    one, two = _TWO(drawn[_WORD:])
    return drawn[:_WORD].hex(), ((one >> 12) + 0.5) * _UNIT, ((two >> 12) + 0.5) * _UNIT
