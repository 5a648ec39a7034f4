"""Figures about what the shipped conversations say: `python -m tests.content.measure [MESSAGES]`, or `make prose`.

Every message is one turn of a thread of its own, without quotation; scenarios and turns come by turns.
"""

from __future__ import annotations

import sys
from itertools import cycle, islice

from .letters import letter, shipped
from .likeness import distinct, nearest, percentile


def messages(count: int) -> list[str]:
    """That many texts of one's own, from greeting to name: the same ones each time."""
    turns = [(known.name, turn) for known in shipped().scenarios for turn in range(1, known.turns + 1)]
    told = (
        shipped().tell(letter(name, turn, seed), [turn]).turns[turn]
        for seed, (name, turn) in enumerate(islice(cycle(turns), count))
    )
    return ["\n\n".join(paragraphs) for paragraphs in told]


def main(count: int) -> None:
    texts = messages(count)
    alike = nearest(texts)
    print(f"messages                          {count}")
    print(f"distinct                          {distinct(texts):.2%}")
    for share in (0.5, 0.9, 0.99):
        print(f"nearest neighbour, {share:>4.0%} are at most  {percentile(alike, share):.3f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
