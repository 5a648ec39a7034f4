"""A mail as parts: its fields, its body, and what each part holds; for mail that anybody may have sent.

The stdlib's parser recurses into whatever nesting it meets and looks into message/* parts; here both are refused, so
that a returned message is never taken for a part of its report, and the time taken grows with the size alone.

Owns: fields, multipart bodies, transfer encodings and charsets, all read leniently: every byte string is a mail.
Does not own: what the parts say (`warmup.throttle.dsn`).
Sources: RFC 5322 §2.2 (fields), RFC 2045 §5 and §6, RFC 2046 §5.1 (boundaries), RFC 6532 (UTF-8 in fields).
"""

from __future__ import annotations

import base64
import binascii
import quopri
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

_FIELDS, _PARTS, _DEPTH = 300, 30, 4  # more of them than any mailer writes
_LONGEST = 4000  # characters of a field's value
_FIELD = re.compile(r"([!-9;-~]{1,80})[ \t]{0,9}:(.*)", re.DOTALL)
# Those that mail is written in. Not all that Python knows: decoding punycode takes the square of the length.
_CHARSET = re.compile(
    r"utf-?8|us-ascii|iso-?8859-\d{1,2}|(?:windows|cp)-?\d{3,4}|koi8-[ru]|gb\w{3,5}|big5|shift_jis|euc-\w\w|iso-2022-\w\w",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Part:
    """A mail, or a part of one. Field names are in lower case; values keep their line breaks."""

    fields: tuple[tuple[str, str], ...]
    body: bytes

    def get(self, name: str) -> str:
        """The first field of this name, on one line; empty if there is none."""
        return next((" ".join(value.split()) for key, value in self.fields if key == name), "")

    @cached_property
    def kind(self) -> str:
        """The media type; RFC 2045 §5.2 says what a part without one is."""
        return self.get("content-type").partition(";")[0].strip().lower() or "text/plain"

    def parameter(self, name: str) -> str:
        """A parameter of the media type, or nothing."""
        found = re.search(rf';\s?{name}\s?=\s?(?:"([^"]*)"|([^\s;"]+))', self.get("content-type"), re.IGNORECASE)
        return (found[1] or found[2] or "") if found else ""

    @cached_property
    def decoded(self) -> bytes:
        """The body without its transfer encoding. A body that breaks its encoding is what stands there."""
        encoding = self.get("content-transfer-encoding").lower()
        try:
            if encoding == "base64":
                packed = re.sub(rb"[^A-Za-z0-9+/]", b"", self.body)
                return base64.b64decode(packed[: len(packed) - (len(packed) % 4 == 1)] + b"==")
            return quopri.decodestring(self.body) if encoding == "quoted-printable" else self.body
        except (binascii.Error, ValueError):
            return self.body

    @cached_property
    def text(self) -> str:
        """The body as text, with \\n line breaks."""
        charset = self.parameter("charset")
        try:
            text = self.decoded.decode(charset if _CHARSET.fullmatch(charset) else "utf-8", "replace")
        except LookupError:
            text = self.decoded.decode("utf-8", "replace")
        return re.sub(r"\r\n?", "\n", text)

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """What a multipart holds; nothing in anything else."""
        if not self.kind.startswith("multipart/"):
            return ()
        boundary = self.parameter("boundary").encode("utf-8", "replace")[:200]
        if not boundary:  # some broken mailer's: the first line that looks like one
            found = re.search(rb"^--(\S{1,200})$", self.body, re.MULTILINE)
            boundary = found[1] if found else b""
        line = re.compile(rb"^--" + re.escape(boundary) + rb"((?:--)?)[ \t]*(?:\n|\Z)", re.MULTILINE)
        pieces = line.split(self.body, _PARTS)
        return tuple(read(piece) for end, piece in zip(pieces[1::2], pieces[2::2], strict=True) if boundary and not end)

    def walk(self, depth: int = _DEPTH) -> Iterator[Part]:
        """This part and all in it, as they are written, but nothing in a message it holds."""
        yield self
        for part in self.parts if depth else ():
            yield from part.walk(depth - 1)


def read(raw: bytes) -> Part:
    """Never raises."""
    lines = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    head, _, body = (b"", b"", lines[1:]) if lines.startswith(b"\n") else lines.partition(b"\n\n")
    return Part(fields(head.decode("utf-8", "replace")), body)


def fields(text: str) -> tuple[tuple[str, str], ...]:
    """The fields among some lines. A line that is neither a field nor the next line of one is passed over."""
    folded: list[list[str]] = []
    for line in text.split("\n"):
        if folded and line[:1] in (" ", "\t"):
            folded[-1].append(line)
        else:
            folded.append([line])
    found = (_FIELD.match("\n".join(lines)[:_LONGEST]) for lines in folded[:_FIELDS])
    return tuple((field[1].lower(), field[2].strip()) for field in found if field)
