"""The demo, watched: a table that moves on a terminal, a line a day in a pipe.

Owns: what is drawn. Does not own: what happens; it is told, as the log is.
"""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import date, datetime
from types import TracebackType
from typing import Self

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from warmup.daemon.log import Fact

_BARS = "▁▂▃▄▅▆▇█"
_WIDE = 76  # characters, for all columns and two weeks
_COUNTED = ("sent", "opened", "rescued", "refused", "held", "missing")


class View:
    """Told of facts, shows where everybody stands. A context manager."""

    def __init__(self, addresses: Sequence[str], until: datetime) -> None:
        self._addresses = addresses
        self._until = until
        self._day: date | None = None
        self._allowed: dict[str, list[int]] = defaultdict(list)  # by address, a number a day
        self._sent: dict[str, list[int]] = defaultdict(list)
        self._counts: dict[str, Counter[str]] = defaultdict(Counter)
        self._today: Counter[str] = Counter()
        self._last = Text()
        self._console = Console()
        self._live: Live | None = None
        if self._console.is_terminal:
            self._live = Live(self._table(), console=self._console, refresh_per_second=10)

    def __enter__(self) -> Self:
        if self._live:
            self._live.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._today:  # the last midnight may have brought nothing but a new day
            self._close_day()
        if self._live:
            self._live.update(self._table())
            self._live.__exit__(kind, error, trace)

    def tell(self, fact: Fact) -> None:
        """Take a fact of the log to heart."""
        address = str(fact.fields.get("mailbox", ""))
        if fact.event == "planned":
            self._begin_day(address, fact)
        elif fact.event in _COUNTED:
            self._counts[address][fact.event] += 1
            self._today[fact.event] += 1
            if fact.event == "sent":
                self._sent[address][-1] += 1
                self._today["answers"] += "reply" in fact.fields and bool(fact.fields["reply"])
            if fact.event == "held":
                said, lane = fact.fields.get("said") or fact.fields.get("why"), fact.fields.get("lane")
                self._last = Text(f"{fact.at:%a %d %b %H:%M} {address} held{f' to {lane}' if lane else ''}: {said}")
        if self._live:
            self._live.update(self._table())

    def _begin_day(self, address: str, fact: Fact) -> None:
        day = fact.fields["day"]
        assert isinstance(day, date)
        if self._day is None or day > self._day:
            self._close_day()
            self._day = day
        allowance = fact.fields["allowance"]
        assert isinstance(allowance, int)
        self._allowed[address].append(allowance)
        self._sent[address].append(0)

    def _close_day(self) -> None:
        if self._day is not None and self._live is None:
            told = ", ".join(f"{self._today[name]} {name}" for name in ("sent", "answers", *_COUNTED[1:]))
            print(f"{self._day:%a %d %b}: {told}", file=sys.stdout, flush=True)
        self._today.clear()

    def _table(self) -> Group:
        table = Table(box=None, pad_edge=False, header_style="bold")
        counted = ("sent", "opened", "rescued") if self._console.width >= _WIDE else ("sent",)
        table.add_column("MAILBOX")
        for heading in ("MAY SEND", *counted):
            table.add_column(heading.upper(), justify="right", no_wrap=True)
        table.add_column("SENT A DAY")
        most = max((number for allowed in self._allowed.values() for number in allowed), default=1)
        for address in self._addresses:
            count, allowed, sent = self._counts[address], self._allowed[address], self._sent[address]
            table.add_row(
                address,
                str(allowed[-1] if allowed else 0),
                *(str(count[name]) for name in counted),
                _spark(sent, allowed, most, held=count["held"] > 0),
            )
        heading = f"{self._day:%A %d %B %Y}, on the way to {self._until:%d %B}" if self._day else "…"
        return Group(Text(heading, style="bold"), table, self._last)


def _spark(sent: Sequence[int], allowed: Sequence[int], most: int, *, held: bool) -> Text:
    """A bar a day, as high as what was sent; red where it fell short of what was allowed on a mailbox once held."""
    bars = Text()
    for number, may in zip(sent, allowed, strict=True):
        bar = _BARS[round((len(_BARS) - 1) * number / max(most, 1))] if number else "·"
        bars.append(bar, style="red" if held and number < may * 0.8 else "green" if number else "dim")
    return bars
