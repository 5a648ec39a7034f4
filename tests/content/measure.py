"""Figures about what the shipped conversations say: `make prose`, or `-m tests.content.measure [MESSAGES [CODE …]]`.

Every message is one turn of a thread of its own, without quotation; scenarios and turns come by turns.
"""

from __future__ import annotations

import sys
from itertools import cycle, islice

from .letters import letter, shipped
from .likeness import distinct, nearest, percentile


def messages(count: int, code: str) -> list[str]:
    """That many texts of one's own, from greeting to name: the same ones each time."""
    turns = [(name, turn) for name, turns in shipped().by_language[code] for turn in range(1, turns + 1)]
    told = (
        shipped().tell(letter(name, turn, seed), [turn]).turns[turn]
        for seed, (name, turn) in enumerate(islice(cycle(turns), count))
    )
    return ["\n\n".join(paragraphs) for paragraphs in told]


def main(count: int, code: str) -> None:
    texts = messages(count, code)
    alike = nearest(texts)
    print(f"messages in {code}                    {count}")
    print(f"distinct                          {distinct(texts):.2%}")
    for share in (0.5, 0.9, 0.99):
        print(f"nearest neighbour, {share:>4.0%} are at most  {percentile(alike, share):.3f}")


if __name__ == "__main__":
    number, *codes = sys.argv[1:] or ["10000"]
    for one in codes or sorted(shipped().languages):
        main(int(number), one)
