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

_AT_ONCE = os.cpu_count() or 1


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m tests.model", description=__doc__)
    options.add_argument("--examples", type=int, default=2000, metavar="N", help="lives (2000)")
    options.add_argument("--steps", type=int, default=10, metavar="N", help="most things that happen in one (10)")
    options.add_argument("--seed", type=int, help="printed, so that it can be asked for again")
    asked = options.parse_args()
    first = SystemRandom().randrange(10**6) if asked.seed is None else asked.seed
    print(f"seed {first}", flush=True)
    live = partial(many, examples=math.ceil(asked.examples / _AT_ONCE), steps=asked.steps)
    counts: Counter[str] = Counter()
    failed = False
    with ProcessPoolExecutor(_AT_ONCE, multiprocessing.get_context("spawn")) as pool:
        for counted, failure in pool.map(live, range(first, first + _AT_ONCE)):
            counts += counted
            failed |= bool(failure)
            print(failure, end="")
    for name, count in counts.items():
        print(f"{count:8,} {name}")
    sys.exit(failed)


if __name__ == "__main__":
    main()
