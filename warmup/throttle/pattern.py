"""Patterns that can't be slow.

Owns: the one rule by which a pattern is refused though `re` would take it. Does not own: what patterns are for
(`warmup.throttle.rules`).

`re` tries every way a pattern could match, so a repeat within a repeat takes exponential time on a text made for it. A
server chooses the text; so here every repeat is of one character, has an upper bound, and the bounds of a pattern
multiplied are few. What is left is linear in the length of the text.
"""

from __future__ import annotations

import re
import warnings

MOST = 200  # ways to try at one place of the text; a guess, two gaps of 14 characters or one of 200

_PIECE = re.compile(
    r"\\."  # an escape is one character
    r"|\[\^?\]?(?:\\.|[^\]\\])*\]"  # so is a class
    r"|(?P<repeat>[*+]|\{(?P<least>\d*)(?P<comma>,?)(?P<most>\d*)\})"
    r"|.",
    re.DOTALL,
)


def compiled(pattern: str) -> re.Pattern[str]:
    """The pattern, whatever the case of the text. Raises ValueError, saying what is wrong with it."""
    if not pattern.strip():
        raise ValueError("is empty and would fit everything; write words that are found in the answer")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            expression = re.compile(pattern, re.IGNORECASE)
    except (re.error, OverflowError, RecursionError, FutureWarning) as error:
        what = " ".join(str(error).split())  # it may quote the pattern, and that may be on many lines
        raise ValueError(f"is no regular expression ({what}); \\ before a sign makes it an ordinary one") from None
    if (ways := _ways(pattern)) > MOST:
        raise ValueError(f"could be tried in {ways} ways at each place; {MOST} are allowed, so narrow its repeats")
    return expression


def _ways(pattern: str) -> int:
    """In how many ways it could be tried at one place of a text: repeats in a row multiply, alternatives add."""
    tried, before = [[1, 1]], ""  # for each open group: alternatives that are over, and the one that is being read
    for piece in _PIECE.finditer(pattern):
        if piece[0] == "(":
            tried.append([1, 1])
        elif piece[0] == "|":
            over, now = tried[-1]
            tried[-1] = [over + now - 1, 1]
        elif piece[0] == ")":
            over, now = tried.pop()
            tried[-1][1] *= over + now - 1
        elif piece["repeat"] and before != "(":
            tried[-1][1] *= _repeats(piece, before)
        before = piece[0]
    (over, now), *_ = tried
    return over + now - 1


def _repeats(piece: re.Match[str], before: str) -> int:
    place = piece.start() + 1
    if piece[0] in {"*", "+"} or not (piece["most"] or not piece["comma"]):
        raise ValueError(f"repeats without end at {place}; write {{0,40}} instead")
    if before == ")":
        raise ValueError(f"repeats a group at {place}; only ? may follow one, so write it out")
    least = int(piece["least"] or 0)
    return int(piece["most"] or least) - least + 1
