"""`python -m tests.bench [PART…] [--json] [--repeat N]`: figures beside the floor of this machine."""

from __future__ import annotations

import argparse
import os
import platform
from collections.abc import Callable, Mapping

from . import dispatch, exchange, nodes, peer, planning

PARTS: Mapping[str, Callable[..., None]] = {
    "exchange": exchange.measure,
    "dispatch": dispatch.measure,
    "peer": peer.measure,
    "nodes": nodes.measure,
    "planning": planning.measure,
}


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    options.add_argument("part", nargs="*", help=f"what to measure: {', '.join(PARTS)} (all)")
    options.add_argument("--json", action="store_true", help="figures of each run, for programs")
    options.add_argument("--repeat", type=int, default=3, metavar="N", help="how often all of it is done (3)")
    asked = options.parse_args()
    if unknown := set(asked.part) - PARTS.keys():
        options.error(f"there is no part {', '.join(sorted(unknown))}")
    for name in asked.part or PARTS:
        if not asked.json:
            print(f"{name}: Python {platform.python_version()}, {os.cpu_count()} CPUs, median (least-most)\n")
        PARTS[name](repeat=asked.repeat, as_json=asked.json)


if __name__ == "__main__":
    main()
