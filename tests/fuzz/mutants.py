"""Mutants: real samples, damaged as a broken or malicious server would.

Owns: the damage. Does not own: the samples (`tests.fuzz.readers`).
"""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

_LONGEST = 100_000  # octets: past what a sample can grow to with a few repeats
_REPEATS = st.sampled_from([1, 1, 1, 2, 3, 40, 2000])

# What any format may choke on: line ends, NUL, what isn't UTF-8, what a terminal obeys, numbers too large.
_ANY = (
    *(b"\r\n", b"\n", b"\r", b"\0", b"\t", b" ", b"\xff", b"\xc3(", b"\xe2\x80\xae", b"\xef\xbb\xbf", b"\x1b[2J"),
    *(b"-1", b"0", b"4294967296", b"9" * 30, b"9" * 5000, b"1e999", b"\xd9\xa3", b"{", b"}", b"(", b")", b"<", b">"),
    *(b"[", b"]", b'"', b"'", b"\\", b",", b";", b":", b"=", b"&", b"%", b"#", b"@", b"-", b"--", b".", b"..", b"/"),
)


# What a single value may be, where the form of all around it is right.
ODD = (
    *(
        "",
        " ",
        "\0",
        "a\0b",
        "\x1b[2J",
        "a\r\nb",
        "\ufeff",
        "\u202eab",
        "\ud7ff",
        "é" * 40,
        "x" * 5000,
        "../../x",
        "/",
        ".",
    ),
    *(
        "~",
        "-1",
        "0",
        "1e9",
        "nan",
        "٣",
        "Europe",
        "posixrules",
        "[::1]",
        "[::1]:25",
        ":",
        "h:0",
        "h:99999",
        "a@b",
        "@",
    ),
    *(
        "ann@",
        "ann@north.test",
        "ann@" + "a." * 200 + "test",
        '"',
        "'",
        "%s",
        "{}",
        "=1+1",
        "http://x",
        "xn--",
        "a:b@c/d",
    ),
)
odd = st.sampled_from(ODD) | st.text(max_size=12)


def mutants(samples: Sequence[bytes], words: Sequence[bytes] = ()) -> st.SearchStrategy[bytes]:
    """A sample with some damage. `words` are those of its format, which are strewn in with what any may choke on."""
    pieces = st.sampled_from([*_ANY, *words, *words]) | st.binary(max_size=8)

    @st.composite
    def damaged(draw: st.DrawFn) -> bytes:
        octets = draw(st.sampled_from(samples))
        for _ in range(draw(st.integers(0, 6))):
            octets = _damaged(draw, octets, samples, pieces)[:_LONGEST]
        return octets

    return damaged()


def _damaged(draw: st.DrawFn, octets: bytes, samples: Sequence[bytes], pieces: st.SearchStrategy[bytes]) -> bytes:
    """Once. Each place is a share of the whole, so that a shorter sample is damaged in the same way."""
    first, last = sorted((draw(_PLACES), draw(_PLACES)))
    here, there = (round(place * len(octets)) for place in (first, last))
    match draw(st.sampled_from(("cut", "end", "insert", "replace", "repeat", "graft", "line"))):
        case "cut":
            return octets[:here] + octets[there:]
        case "end":
            return octets[:here]
        case "insert":
            return octets[:here] + draw(pieces) * draw(_REPEATS) + octets[here:]
        case "replace":
            piece = draw(pieces)
            return octets[:here] + piece + octets[here + len(piece) :]
        case "repeat":
            return octets[:here] + octets[here:there][:1000] * draw(_REPEATS) + octets[there:]
        case "graft":
            other = draw(st.sampled_from(samples))
            return octets[:here] + other[round(first * len(other)) :]
        case _:
            lines = octets.splitlines(keepends=True) or [b""]
            at = min(int(first * len(lines)), len(lines) - 1)
            return b"".join((*lines[:at], lines[at] * draw(_REPEATS), *lines[at + 1 :]))


_PLACES = st.floats(0, 1)
