"""Circles: who may write to whom on a day, in a pool that is too large for everybody to be weighed for every message.

A pool is drawn into circles anew every day, and fresh mail is written within them, so that what planning a day costs
grows with the pool and no faster. Over time everybody meets everybody. An answer goes wherever it is owed.

Owns: the draw. Does not own: whom to write to in a circle (`pairing`).
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import pairwise

from warmup.model import digest

# Mailboxes in a circle at most. So many that nobody writes to the same twice in a day, or soon again by chance; so few
# that a circle's day is planned in a fraction of a second, for while it is nobody else writes to the store.
CIRCLE = 512

# Mailboxes with neighbouring numbers that draw one lot: so the rows of a circle fall on an eighth of the places in the
# indices by mailbox. So few that neighbours, who share a circle on most days, are a hundredth of those they meet in it.
BLOCK = 8

_WESTERNMOST = timedelta(hours=12)  # behind UTC: by then a day has begun everywhere


def draw_of(now: datetime) -> date:
    """The day whose draw holds at `now`, the same for all zones: the one that begins where it is midnight."""
    return (now.astimezone(UTC) + _WESTERNMOST).date()


def lot(seed: str, on: date, mailbox: int) -> str:
    """What a mailbox draws on a day: 6 hex digits, five of them its block's and one its place in it. `seed` is the
    install's. Where one block ends and the next begins is drawn, too, so neighbours aren't always the same.
    """
    block, place = divmod(mailbox + _cut(seed, on), BLOCK)
    return f"{digest(seed, 'circle', on, block)[:5]}{place:x}"


@lru_cache(maxsize=8)  # of each mailbox of a pool the same is asked
def _cut(seed: str, on: date) -> int:
    return int(digest(seed, "blocks", on), 16) % BLOCK


def circles(pool: Collection[int], on: date, seed: str, size: int = CIRCLE) -> list[list[int]]:
    """The numbers of the mailboxes of a pool, in circles of at most `size` and as equal as can be, by their lots."""
    drawn = sorted(pool, key=lambda mailbox: (lot(seed, on, mailbox), mailbox))
    count = -(-len(drawn) // size)
    bounds = [len(drawn) * number // count for number in range(count + 1)] if count else []
    return [drawn[start:end] for start, end in pairwise(bounds)]
