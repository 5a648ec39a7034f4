"""`python -m tests.model [--examples N] [--steps N] [--seed SEED]`: the laws in many lives, other ones each time."""

from __future__ import annotations

import argparse
import math
import multiprocessing
import os
import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from random import SystemRandom

from .machine import many

_PART = 50  # lives


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m tests.model", description=__doc__)
    options.add_argument("--examples", type=int, default=2000, metavar="N", help="lives (2000)")
    options.add_argument("--steps", type=int, default=10, metavar="N", help="most things that happen in one (10)")
    options.add_argument("--seed", type=int, help="printed, so that it can be asked for again")
    asked = options.parse_args()
    first = SystemRandom().randrange(10**6) if asked.seed is None else asked.seed
    print(f"seed {first}", flush=True)
    counts: Counter[str] = Counter()
    failures = []
    live = partial(many, examples=_PART, steps=asked.steps)
    with ProcessPoolExecutor(os.cpu_count(), multiprocessing.get_context("spawn")) as pool:
        for counted, failure in pool.map(live, range(first, first + math.ceil(asked.examples / _PART))):
            counts += counted
            failures += [failure] if failure else []
            print(f"{counts['lives']:,} lives, {counts['accepted']:,} accepted", file=sys.stderr, flush=True)
    for name, count in counts.items():
        print(f"{count:8,} {name}")
    print("\n".join(failures), end="")
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()
