"""`python -m tests.crash [--each N] [--anywhere N] [--power] [--seed SEED]`: a daemon killed by the hundred."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path

from warmup.daemon.clock import SystemClock

from . import points
from .plants import PLANTS
from .reckoning import Law, Violation, compare, gone, settled
from .siege import Chronicle, Orders, Siege

_COLUMNS = ("kills", "accepted", *Law, "settled", "missing")
_REST = "(nobody's, or the last one's)"


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    options.add_argument("--each", type=int, default=50, metavar="N", help="kills at each named point (50)")
    options.add_argument("--anywhere", type=int, default=50, metavar="N", help="kills at random instants (50)")
    options.add_argument("--only", choices=points.NAMED, action="append", help="the named points (all)")
    options.add_argument("--seed", help="another order; printed, so that it can be asked for again")
    options.add_argument("--plant", choices=PLANTS, help="break the daemon, to see whether it is found")
    options.add_argument("--power", action="store_true", help="with each, what isn't on the disk yet is gone, too")
    asked = options.parse_args()
    seed = asked.seed or f"{SystemClock().now():%Y-%m-%dT%H:%M:%S}"
    print(f"seed {seed}", flush=True)
    orders = Orders(
        seed=seed,
        each=asked.each,
        anywhere=asked.anywhere,
        named=asked.only or points.NAMED,
        planted=PLANTS.get(asked.plant, nullcontext),
        power=asked.power,
    )
    with tempfile.TemporaryDirectory(prefix="warmup-crash-") as folder:
        chronicle = Siege(Path(folder), orders).run()
    violations = compare(chronicle.accepted, chronicle.changes, chronicle.memory)
    print("\n".join(table(chronicle, violations)))
    print("\n".join(map(str, violations)), end="\n" if violations else "")
    sys.exit(1 if violations else 0)


def table(chronicle: Chronicle, violations: Sequence[Violation]) -> Iterator[str]:
    """A row for each point: what became of the messages that the daemons killed there had claimed."""
    where = {death.node: death.point for death in chronicle.deaths}
    counts: Counter[tuple[str, str]] = Counter((death.point, "kills") for death in chronicle.deaths)
    owners = {message.message_id: where.get(message.claimed_by or "", _REST) for message in chronicle.memory.messages}
    counts.update((owners.get(entry.message_id, _REST), "accepted") for entry in chronicle.accepted)
    counts.update((where.get(violation.owner or "", _REST), violation.law) for violation in violations)
    for message in chronicle.memory.messages:
        counts[owners[message.message_id], "settled"] += settled(message)
        counts[owners[message.message_id], "missing"] += gone(message)
    begin, end = (chronicle.deaths[at].at for at in (0, -1))
    lived = f"in {(end - begin).days} virtual days of {len(chronicle.memory.pool)} mailboxes"
    yield f"{len(chronicle.deaths)} kills {lived}\n"
    yield f"{'killed':28}" + "".join(f"{name:>10}" for name in _COLUMNS)
    for point in (*points.NAMED, points.ANYWHERE, _REST):
        if any(counts[point, column] for column in _COLUMNS):
            yield f"{point:28}" + "".join(f"{counts[point, column]:10,}" for column in _COLUMNS)
    total = {column: sum(count for (_, name), count in counts.items() if name == column) for column in _COLUMNS}
    yield f"{'in all':28}" + "".join(f"{total[column]:10,}" for column in _COLUMNS)


if __name__ == "__main__":
    main()
