"""A message: what is told, laid out, quoted, encoded and headed.

Owns: lines, quotations, which header fields a message has and their order, the encoding of the body.
Does not own: the words (`warmup.content.corpus`), how a field is written (`warmup.content.header`), dot-stuffing
(`warmup.smtp`).
Sources: RFC 5322 §2.1.1 (lines), §3.6 (fields), §3.6.4 (In-Reply-To, References), RFC 2045 §6.2, §6.7 (7bit,
quoted-printable), RFC 2046 §5.1.4 (multipart/alternative), RFC 3834 §5 (Auto-Submitted).
"""

from __future__ import annotations

from binascii import b2a_qp
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from warmup.model import chance, digest

from .corpus import Corpus, Told
from .days import date_time
from .header import field, mailbox, unstructured
from .html import page, quoting
from .language import Language
from .letter import Letter

_WIDTH = 72  # characters of a line of one's own: quoted three times over it is still no longer than _SHORT
_SHORT = 78  # characters of a line that needs no encoding (RFC 5322 §2.1.1)
_QUOTED = 3  # turns that a reply still quotes


@dataclass(frozen=True, slots=True)
class Style:
    """What holds for every message, beside its words."""

    tag: str = ""  # stands before every subject
    html: float = (
        0.0  # share of the people whose mail has an HTML alternative: a person's program adds it always, or never
    )
    auto_submitted: bool = True  # whether the header says that a program wrote it


def compose(letter: Letter, corpus: Corpus, style: Style = Style()) -> bytes:
    """The whole message, CRLF at the end of every line.

    Raises `ValueError` when the corpus has no such scenario or turn, when its template fails on this thread (the text
    begins with name and line), or when an identifier is too long for any line.
    """
    told = corpus.tell(letter, range(max(1, letter.turn - _QUOTED), letter.turn + 1))
    language = corpus.language(letter.scenario)
    body = _part("plain", _lines(letter, told, language))
    if style.html and chance(letter.sender.address, "html").random() < style.html:
        body = _alternatives(letter, body, _part("html", page(letter, told, language).splitlines()))
    return "".join(_fields(letter, told.subject, style)).encode() + body


def _part(kind: str, lines: Sequence[str]) -> bytes:
    """A text with the fields that say how it is encoded."""
    text = "\r\n".join((*lines, ""))
    plain = text.isascii() and max(map(len, lines)) <= _SHORT
    encoding = "7bit" if plain else "quoted-printable"
    head = f"Content-Type: text/{kind}; charset=utf-8\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n"
    return head.encode() + (text.encode() if plain else b2a_qp(text.encode(), istext=True))


def _alternatives(letter: Letter, *parts: bytes) -> bytes:
    # "=_" is nowhere in quoted-printable (RFC 2045 §6.7), and nobody writes the rest.
    boundary = f"=_{digest(letter.message_id, 'boundary')}"
    head = f'Content-Type: multipart/alternative; boundary="{boundary}"\r\n\r\n'
    return head.encode() + b"".join(
        (*(f"--{boundary}\r\n".encode() + part for part in parts), f"--{boundary}--\r\n".encode())
    )


def _fields(letter: Letter, subject: str, style: Style) -> Iterator[str]:
    """All that stand above those of the body."""
    reply = letter.turn > 1
    name, value = letter.label
    subject = f"{style.tag} {subject}" if style.tag else subject
    yield field("Date", [date_time(letter.date)])
    yield field("From", mailbox(letter.sender))
    yield field("To", mailbox(letter.recipient))
    yield field("Subject", unstructured(f"Re: {subject}" if reply else subject))
    yield field("Message-ID", [letter.message_id])
    if reply:
        yield field("In-Reply-To", [letter.references[-1]])
        yield field("References", letter.references)
    yield field(name, unstructured(value))
    if style.auto_submitted:
        yield "Auto-Submitted: auto-generated\r\n"
    yield "MIME-Version: 1.0\r\n"


def _lines(letter: Letter, told: Told, language: Language) -> list[str]:
    """The last turn, and below it the one before with what that quoted, and so on."""
    lines: list[str] = []
    for turn, paragraphs in sorted(told.turns.items()):
        history = lines
        lines = [line for paragraph in paragraphs for line in (*_wrapped(paragraph), "")][:-1]
        if history:
            lines += ["", quoting(letter, language, turn)]
            lines += (f"> {line}" if line else ">" for line in history)
    return lines


def _wrapped(paragraph: str) -> Iterator[str]:
    for text in paragraph.split("\n"):
        start = 0
        while len(text) - start > _WIDTH:
            # The last space that leaves the line short enough; or the first one, after a word that is longer than that.
            end = text.rfind(" ", start + 1, start + _WIDTH + 1)
            if end < 0:
                end = text.find(" ", start + _WIDTH + 1)
            if end < 0:
                break
            yield text[start:end]
            start = end + 1
        yield text[start:]
