"""`python -m tests.crash.soak [--mailboxes N] [--each N]`: a day of many mailboxes, and what the daemon takes for it.

Their zones are all round the earth, so that there is as much to do at any hour, and what is read is filed four hours
later. The daemon and the servers, which keep all mail in memory, are processes of their own; the daemon is watched.

Owns: the day, and what must hold: memory at its end is within a tenth of that after its first quarter, and descriptors
are no more. Does not own: speed (`tests.bench`).
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median

from tests.bench.servers import accounts
from tests.daemon.world import MONDAY
from tests.daemon.world import Life as House
from warmup.daemon.office import trusted
from warmup.sandbox import Account
from warmup.secrets import Vault
from warmup.store import Store, mailboxes

from .lives import Life, Time
from .servers import Servers

ZONES = tuple(f"Etc/GMT{hours:+d}" for hours in range(-12, 12))
_DAY = timedelta(days=1)
_QUARTERS = 4
_EVERY = 20  # lines of the log from one look to the next
_GROWTH = 1.1
_SETTINGS = """
[curves.soak]
kind = "steps"
table = [[1, {each}]]
[hours]
days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
[mail]
file_after = "4h"
"""


@dataclass(frozen=True, slots=True)
class Look:
    """What the daemon took at an instant."""

    at: datetime
    rss: int  # octets
    descriptors: int


@dataclass(frozen=True, slots=True)
class Quarter:
    """A part of the day: what was done in it, and what the daemon took at its end, at most, and when idle."""

    events: Counter[str]
    looks: list[Look]

    @property
    def rss(self) -> int:
        """At the end: the middle one of the last looks, since a single one may fall on a passing peak."""
        return round(median(look.rss for look in self.looks[-9:]))

    @property
    def idle(self) -> int:
        """The fewest descriptors: those of connections come and go."""
        return min(look.descriptors for look in self.looks)


def soak(folder: Path, size: int, each: int) -> list[Quarter]:
    """A day of `size` mailboxes that send `each` messages in it."""
    house = House(folder, _SETTINGS.format(each=each), curve="soak")
    house.config.corpus.check()
    trusted(house.config)
    people, clock = accounts(size), Time(MONDAY)
    with Servers(people, clock.now, folder / "ledger.jsonl", junk=0.1) as servers:
        _register(house, people, servers)
        with Life(house.config, clock, MONDAY + _DAY) as life:
            quarters = _watch(life)
            if life.killed():
                raise RuntimeError("the daemon was killed, and not by us")
    return quarters


_SPARE = 3  # descriptors; far below one for each message, mailbox or visit


def wrong(quarters: Sequence[Quarter]) -> Iterator[str]:
    """What doesn't hold."""
    first, last = quarters[0], quarters[-1]
    if last.rss > first.rss * _GROWTH:
        yield f"memory grew from {_mib(first.rss)} to {_mib(last.rss)} MiB"
    if last.idle > first.idle + _SPARE:
        yield f"descriptors grew from {first.idle} to {last.idle}"


def table(quarters: Sequence[Quarter]) -> Iterator[str]:
    columns = ("sent", "opened", "filed", "MiB", "MiB peak", "fds idle", "fds peak")
    yield f"{'quarter':10}" + "".join(f"{name:>10}" for name in columns)
    for number, quarter in enumerate(quarters, 1):
        done = [quarter.events[name] for name in columns[:3]]
        peak = max(look.rss for look in quarter.looks)
        most = max(look.descriptors for look in quarter.looks)
        row = (*done, _mib(quarter.rss), _mib(peak), quarter.idle, most)
        yield f"{number:<10}" + "".join(f"{value:>10}" for value in row)


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m tests.crash.soak", description=__doc__)
    options.add_argument("--mailboxes", type=int, default=1000, metavar="N", help="how many (1000)")
    options.add_argument("--each", type=int, default=5, metavar="N", help="messages a day of each of them (5)")
    asked = options.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="warmup-soak-") as folder:
        quarters = soak(Path(folder), asked.mailboxes, asked.each)
    print(f"{asked.mailboxes} mailboxes, 24 virtual hours in {time.monotonic() - began:.0f} s\n")
    print("\n".join(table(quarters)))
    found = list(wrong(quarters))
    print("\n".join(found), end="\n" if found else "")
    sys.exit(1 if found else 0)


def _watch(life: Life) -> list[Quarter]:
    quarters = [Quarter(Counter(), []) for _ in range(_QUARTERS)]
    for number, fact in enumerate(life.facts()):
        at = datetime.fromisoformat(fact["at"])
        quarter = quarters[min((at - MONDAY) * _QUARTERS // _DAY, _QUARTERS - 1)]
        if fact["event"] in {"stopping", "stopped"}:
            continue  # it may be gone before it is looked at
        quarter.events[fact["event"]] += 1
        if number % _EVERY == 0:
            quarter.looks.append(_look(life.pid, at))
    return quarters


def _look(pid: int, at: datetime) -> Look:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return Look(at, pages * os.sysconf("SC_PAGE_SIZE"), len(os.listdir(f"/proc/{pid}/fd")))


def _register(house: House, people: Sequence[Account], servers: Servers) -> None:
    """As `House.register`, with one store for all."""
    vault = Vault(house.config.credentials)
    with Store.open(house.config.database, create=True, seed="soak") as store:
        for number, account in enumerate(people):
            vault.put(account.address, account.password)
            name, _, domain = account.address.partition("@")
            store.run(
                mailboxes.add,
                address=account.address,
                name=name.capitalize(),
                zone=ZONES[number % len(ZONES)],
                provider=domain,
                login=account.address,
                credential=account.address,
                smtp=servers.smtp,
                imap=servers.imap,
                curve=None,
                now=MONDAY,
            )


def _mib(octets: int) -> int:
    return round(octets / 2**20)


if __name__ == "__main__":
    main()
