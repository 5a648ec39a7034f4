"""Figures about what the shipped conversations say: `make prose`, or `-m tests.content.measure [MESSAGES [CODE …]]`.

Every message is one turn of a thread of its own, without quotation; scenarios and turns come by turns.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from itertools import cycle, islice
from statistics import median

import py3langid

from warmup.content.likeness import distinct, nearest, percentile

from .letters import letter, shipped


def messages(count: int, code: str) -> list[str]:
    """That many texts of one's own, from greeting to name: the same ones each time."""
    turns = [(name, turn) for name, turns in shipped().by_language[code] for turn in range(1, turns + 1)]
    told = (
        shipped().tell(letter(name, turn, seed), [turn]).turns[turn]
        for seed, (name, turn) in enumerate(islice(cycle(turns), count))
    )
    return ["\n\n".join(paragraphs) for paragraphs in told]


def identified(texts: Sequence[str], code: str) -> float:
    """The share of texts that are taken for the language that they are in, out of some hundred."""
    return sum(bool(py3langid.classify(text)[0] == code) for text in texts) / len(texts)


def lix(text: str) -> float:
    """How hard it is to read: words in a sentence, and of a hundred words those of more than six letters. Up to 30 is a
    children's book, 40 a newspaper, 60 a law. Source: Björnsson, Läsbarhet (1968), made for any language.
    """
    words = re.findall(r"\w+", text)
    sentences = max(1, len(re.findall(r"[.?!:](?=\s)", text)))
    return len(words) / sentences + 100 * sum(len(word) > 6 for word in words) / len(words)


def main(count: int, code: str) -> None:
    texts = messages(count, code)
    alike = nearest(texts)
    print(f"{code}: {count} messages of {len(shipped().by_language[code])} conversations")
    print(f"  distinct                      {distinct(texts):.2%}")
    print(f"  taken for {code}                  {identified(texts, code):.2%}")
    print(f"  readability (LIX), median     {median(map(lix, texts)):.0f}")
    for share in (0.5, 0.9, 0.99):
        print(f"  nearest neighbour, {share:.0%} below  {percentile(alike, share):.3f}", flush=True)


if __name__ == "__main__":
    number, *codes = sys.argv[1:] or ["10000"]
    for one in codes or sorted(shipped().languages):
        main(int(number), one)
