"""A curve lived by one mailbox: its age, the day's variation, what it keeps up in the end, and how it falls back.

Owns: the arithmetic of ages. Does not own: counting days, or remembering what was lost (`warmup.store`).
"""

from __future__ import annotations

import random
from bisect import bisect_right
from dataclasses import dataclass, replace

from .curve import Curve


@dataclass(frozen=True, slots=True, kw_only=True)
class Ramp:
    """How a mailbox lives a curve. An age is a number of sending days; `volume` is what it means.

    Raises `ValueError` for settings that make no sense.
    """

    curve: Curve
    cap: int | None = None  # messages a day, whatever the curve says
    jitter: float = 0.0  # how far a day may be from its volume, as a share of it; up to 0.5
    maintain_after: int = 30  # sending days spent at the top before the volume goes to `maintain`
    maintain: float | int = 1.0  # a float is a share of the top, an int messages a day; 1.0 stays at the top
    idle_grace: int = 14  # local days without sending that cost nothing
    idle_loss: int = 1  # days of age lost for each further one

    def __post_init__(self) -> None:
        if self.cap is not None and self.cap < 1:
            raise ValueError(f"cap {self.cap} is less than one message a day; at least 1, or none")
        if not 0 <= self.jitter <= 0.5:
            raise ValueError(f"jitter {self.jitter} is out of range; 0 to 0.5")
        if isinstance(self.maintain, int):
            if self.maintain < 1:
                raise ValueError(f"maintain {self.maintain} is less than one message a day; at least 1")
        elif not 0 < self.maintain <= 1:
            raise ValueError(f"maintain {self.maintain} is no share of the top; more than 0.0, up to 1.0")
        if min(self.maintain_after, self.idle_grace, self.idle_loss) < 0:
            raise ValueError("maintain_after, idle_grace and idle_loss are numbers of days; at least 0")

    @property
    def top(self) -> int:
        """The most it ever allows in a day."""
        return self._shape.top

    @property
    def peak(self) -> int:
        """The first age at which it allows that."""
        return self._shape.peak

    def volume(self, age: int) -> int:
        """Messages a day at this age, before the day's variation. Never below 1."""
        shape = self._shape
        if age < shape.peak + self.maintain_after:
            return shape.volume(age)
        wanted = self.maintain if isinstance(self.maintain, int) else round(self.maintain * shape.top)
        return max(1, min(wanted, shape.top))

    def allowance(self, age: int, dice: random.Random) -> int:
        """Messages for one day of this age: the volume, up to `jitter` more or less by `dice`; at least 1 and never
        above the top.
        """
        swing = dice.uniform(-self.jitter, self.jitter)
        return max(1, min(round(self.volume(age) * (1 + swing)), self.top))

    def age(self, sending_days: int, lost: int, idle_days: int) -> int:
        """The age after `sending_days`, less the days `lost` to set-backs and to idleness that has ended, less what
        the `idle_days` since the last sending cost. Never below 0.
        """
        lived = max(0, sending_days - lost)
        return lived - self.lapse(lived, idle_days)

    def lapse(self, age: int, idle_days: int) -> int:
        """Days of age that `idle_days` local days in a row without sending cost: up to `age`.

        When sending begins again the idle days start from 0, so whoever counts must add this to what is lost then.
        Days spent at the top go with the first day lost, or a mailbox that lived there for a year could be idle for a
        year and return with full volume.
        """
        over = idle_days - self.idle_grace
        if over <= 0 or not self.idle_loss:
            return 0
        at_the_top = max(0, age - self._shape.peak)
        return min(age, at_the_top + over * self.idle_loss)

    def fall(self, age: int, share: float) -> int:
        """Days of age to lose so that the volume is at most `share` of what it is, or what it was on the first day.

        At least 1 if there is any age to lose and `share` is below 1; the fewest that do. Days spent at the top go
        too, so a mailbox falls as far however long it has been there.
        """
        assert share >= 0, "a share of something"
        if share >= 1 or not age:
            return 0
        shape = self._shape
        limit = max(shape.volume(0), share * self.volume(age))
        younger = range(min(age, shape.peak + 1))  # where the volume is the shape's, and rises
        return age - (bisect_right(younger, limit, key=shape.volume) - 1)

    @property
    def _shape(self) -> Curve:
        """The curve, cut off at the ramp's own cap too."""
        caps = [cap for cap in (self.cap, self.curve.cap) if cap is not None]
        return replace(self.curve, cap=min(caps)) if caps else self.curve
