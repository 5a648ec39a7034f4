"""Counts of where messages were found, and how sure a share of them is.

Only what was accepted and looked for counts: a message that is on its way still, or that nobody will ever know to have
been accepted, says nothing of a receiver. One that came back was refused openly, so it is counted apart.

Owns: the sums, Wilson's interval. Does not own: which messages are meant (`warmup.store.messages.placements`).
Sources: E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta

WEEK, MONTH = timedelta(days=7), timedelta(days=28)  # what is looked back on; whole weeks, so weekends weigh the same

_Z = 1.959964  # of the normal distribution, for 95 %


@dataclass(frozen=True, slots=True)
class Interval:
    """Between which shares, 0 to 1, the true one lies, with 95 % confidence."""

    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Messages by where each was first found, or that it was found nowhere; `other` are other tabs and folders."""

    inbox: int = 0
    junk: int = 0
    other: int = 0
    missing: int = 0
    bounced: int = 0  # we were told that it came back

    def __add__(self, more: Counts) -> Counts:
        return Counts(
            inbox=self.inbox + more.inbox,
            junk=self.junk + more.junk,
            other=self.other + more.other,
            missing=self.missing + more.missing,
            bounced=self.bounced + more.bounced,
        )

    @property
    def looked_for(self) -> int:
        """How many messages stand behind a share: all but those that came back."""
        return self.inbox + self.junk + self.other + self.missing

    @property
    def share(self) -> float | None:
        """The share in the inbox; None if there is nothing to have a share of."""
        return self.inbox / self.looked_for if self.looked_for else None

    @property
    def interval(self) -> Interval | None:
        """How sure that share is."""
        return wilson(self.inbox, self.looked_for) if self.looked_for else None

    def __str__(self) -> str:
        """As people read it: "90 % of 10 (60-98 %)"."""
        share = self.share
        return "none yet" if share is None else f"{100 * share:.0f} % of {self.looked_for} ({self.between})"

    @property
    def between(self) -> str | None:
        """The interval as people read it: "60-98 %"."""
        sure = self.interval
        return f"{100 * sure.low:.0f}-{100 * sure.high:.0f} %" if sure else None


def wilson(hits: int, of: int) -> Interval:
    """The interval of a share of which `hits` in `of` trials were seen. It stays within 0 and 1 and makes sense of few
    trials too, where the usual one, a share plus or minus its deviation, doesn't.
    """
    assert 0 <= hits <= of, "hits among trials"
    assert of > 0, "at least one trial"
    share, spread = hits / of, _Z**2 / of
    middle = (share + spread / 2) / (1 + spread)
    half = _Z * math.sqrt(share * (1 - share) / of + spread / of / 4) / (1 + spread)
    # At the ends it is exactly 0 or 1, which a float may miss by a hair.
    return Interval(0.0 if hits == 0 else max(0.0, middle - half), 1.0 if hits == of else min(1.0, middle + half))
