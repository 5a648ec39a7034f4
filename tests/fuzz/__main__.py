"""`python -m tests.fuzz [--minutes M] [--only NAME] [--seed SEED]`: each reader for minutes, other bytes each time."""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from random import SystemRandom

from .readers import READERS
from .trial import for_long


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    options.add_argument("--minutes", type=float, default=3, metavar="M", help="for each reader (3)")
    options.add_argument("--only", choices=READERS, action="append", help="these readers (all)")
    options.add_argument("--seed", type=int, help="printed, so that it can be asked for again")
    asked = options.parse_args()
    first = SystemRandom().randrange(10**9) if asked.seed is None else asked.seed
    print(f"seed {first}\n\n{'reader':20}{'inputs':>10}{'MB':>8}{'slowest':>10}", flush=True)
    found = []
    names = asked.only or list(READERS)
    with ProcessPoolExecutor(os.cpu_count(), multiprocessing.get_context("spawn")) as pool:
        trial = partial(for_long, number=first, seconds=60 * asked.minutes)
        for name, (count, trouble) in zip(names, pool.map(trial, names), strict=True):
            figures = f"{count.inputs:10,}{count.octets / 1e6:8.1f}{count.slowest * 1000:7.0f} ms"
            print(f"{name:20}{figures}{'  FOUND' if trouble else ''}", flush=True)
            found += [trouble] if trouble else []
    print("\n".join(found), end="")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
