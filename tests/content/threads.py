"""Threads as a reader sees them: `python -m tests.content.threads [CODE …]` writes them to tests/content/threads/.

They are there to be read: whoever changes a conversation sees in the difference what people will get. Twenty threads of
each language that has such a file, of as many different conversations as there are.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import permutations
from pathlib import Path
from textwrap import fill

from warmup.content import Person

from .letters import letter, shipped

FOLDER = Path(__file__).parent / "threads"
_THREADS = 20
_WIDTH = 78
_PEOPLE = [
    Person("Ann Bell", "ann.bell@north.test"),
    Person("Tom Okafor", "tom@south.test"),
    Person("Ruth Lindqvist", "ruth@east.test"),
    Person("Imran Qureshi", "i.qureshi@west.test"),
    Person("Jo Whitlock", "jo@harbour.test"),
]


def threads(code: str) -> Iterator[str]:
    """Each thread from its subject to the last name, without quotations, a line at most 78 characters."""
    conversations = shipped().by_language[code]
    pairs = list(permutations(_PEOPLE, 2))
    for seed in range(_THREADS):
        name, turns = conversations[seed * len(conversations) // _THREADS]
        last = letter(name, turns, seed, *pairs[seed % len(pairs)])
        told = shipped().tell(last, range(1, turns + 1))
        yield f"{seed + 1}. {name}\n\nSubject: {told.subject}\n"
        for turn in range(1, turns + 1):
            yield f"\n[{last.author(turn).full}, {last.written(turn):%A %-d %B %Y, %H:%M}]\n"
            for paragraph in told.turns[turn]:
                yield "\n" + "\n".join(fill(line, _WIDTH) for line in paragraph.split("\n")) + "\n"
        yield "\n" + "-" * _WIDTH + "\n\n"


def write(code: str) -> None:
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / f"{code}.txt").write_text("".join(threads(code)))


if __name__ == "__main__":
    for one in sys.argv[1:] or sorted(path.stem for path in FOLDER.glob("*.txt")):
        write(one)
