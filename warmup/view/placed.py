"""Where mail arrives: a row a receiving provider, or a row a mailbox; and how healthy each mailbox is.

Owns: the rows. Does not own: the counts (`warmup.store`), shares and the formula (`warmup.placement`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from warmup.placement import MONTH, Counts, Health, health
from warmup.store import Connection, mailboxes, messages, pauses

from .people import everybody

K = TypeVar("K", bound=Hashable)

SPANS = (timedelta(days=7), MONTH)


def by_provider(
    db: Connection, at: datetime, spans: Sequence[timedelta] = SPANS, mailbox: int | None = None
) -> list[dict[str, object]]:
    """What one mailbox sent, or everybody, by who receives it; over each of the `spans`. A work of the store."""
    told = _grouped(db, at, spans, lambda lane: lane[1], mailbox)
    return [{"to": provider, **_periods(spans, counts)} for provider, counts in sorted(told.items())]


def by_mailbox(db: Connection, at: datetime, spans: Sequence[timedelta] = SPANS) -> list[dict[str, object]]:
    """What each mailbox of the pool sent, to everybody, with its health. A work of the store."""
    told, score, people = _grouped(db, at, spans, lambda lane: lane[0]), healths(db, at), everybody(db)
    nothing = [Counts()] * len(spans)
    return [
        {"mailbox": mailbox.address, "health": score[mailbox.id].score, "health_of": score[mailbox.id].messages}
        | _periods(spans, told.get(mailbox.id, nothing))
        for mailbox in people.values()
        if mailbox.removed_at is None
    ]


def of_each(db: Connection, at: datetime, span: timedelta) -> Mapping[int, Counts]:
    """What became of what each mailbox sent. A work of the store, as the next one."""
    return {number: counts[0] for number, counts in _grouped(db, at, [span], lambda lane: lane[0]).items()}


def healths(db: Connection, at: datetime) -> Mapping[int, Health]:
    """The health of each mailbox of the pool."""
    sent = of_each(db, at, MONTH)
    holds = pauses.answered(db, at - MONTH)
    return {one.id: health(sent.get(one.id, Counts()), holds.get(one.id, 0)) for one in mailboxes.every(db)}


def figures(counts: Counts) -> dict[str, object]:
    """Counts and what they come to, as programs are told."""
    sure = counts.interval
    return {
        "inbox": counts.inbox,
        "junk": counts.junk,
        "other": counts.other,
        "missing": counts.missing,
        "bounced": counts.bounced,
        "messages": counts.looked_for,
        "share": None if counts.share is None else round(counts.share, 4),
        "low": sure and round(sure.low, 4),
        "high": sure and round(sure.high, 4),
    }


def _periods(spans: Sequence[timedelta], counts: Sequence[Counts]) -> dict[str, object]:
    """By a span's name, the shortest first; `last` are the figures of the longest."""
    named = {f"days_{span.days}": str(one) for span, one in zip(spans, counts, strict=True)}
    each = [{"days": span.days} | figures(one) for span, one in zip(spans, counts, strict=True)]
    return named | {"periods": each} | {key: each[-1][key] for key in ("junk", "other", "missing", "bounced")}


def _grouped(
    db: Connection,
    at: datetime,
    spans: Sequence[timedelta],
    key: Callable[[messages.Lane], K],
    mailbox: int | None = None,
) -> dict[K, list[Counts]]:
    """Counts by `key`, one for each span."""
    found: dict[K, list[Counts]] = defaultdict(lambda: [Counts()] * len(spans))
    for number, span in enumerate(spans):
        for lane, counts in messages.placements(db, at - span, sender=mailbox).items():
            found[key(lane)][number] += counts
    return found
