"""How alike messages are: whole texts that recur, and for each message the likeness of its nearest neighbour.

Likeness is the Jaccard index of the sets of five words in a row (shingles), in lower case and without marks: 0 for
nothing in common, 1 for the same words. It is exact: every pair that shares a shingle is counted.

Owns: that measure. Does not own: how much likeness is too much (`lint`).
Source: Broder, On the resemblance and containment of documents (1997).
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence

_WORD = re.compile(r"\w+")
_LENGTH = 5  # words of a shingle


def distinct(texts: Sequence[str]) -> float:
    """The share of texts that remain when those said before are left out."""
    return len(set(texts)) / len(texts)


def nearest(texts: Sequence[str]) -> list[float]:
    """For each text the likeness of the one most like it, 0 … 1."""
    sets = [_shingles(text) for text in texts]
    where: defaultdict[tuple[str, ...], list[int]] = defaultdict(list)
    for index, shingles in enumerate(sets):
        for shingle in shingles:
            where[shingle].append(index)
    found = []
    for index, shingles in enumerate(sets):
        shared: Counter[int] = Counter()
        for shingle in shingles:
            shared.update(where[shingle])
        del shared[index]
        found.append(max((n / (len(shingles) + len(sets[other]) - n) for other, n in shared.items()), default=0.0))
    return found


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that is no less than that share of them."""
    return sorted(values)[max(0, -int(-share * len(values) // 1) - 1)]


def _shingles(text: str) -> frozenset[tuple[str, ...]]:
    words = _WORD.findall(text.lower())
    return frozenset(tuple(words[at : at + _LENGTH]) for at in range(max(1, len(words) - _LENGTH + 1)))
