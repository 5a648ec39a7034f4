"""A message: what is told, laid out, quoted, encoded and headed.

Owns: lines, quotations, which header fields a message has and their order, the encoding of the body.
Does not own: the words (`warmup.content.corpus`), how a field is written (`warmup.content.header`), dot-stuffing
(`warmup.smtp`).
Sources: RFC 5322 §2.1.1 (lines), §3.6 (fields), §3.6.4 (In-Reply-To, References), RFC 2045 §6.2, §6.7 (7bit,
quoted-printable).
"""

from __future__ import annotations

from binascii import b2a_qp
from collections.abc import Iterator

from .corpus import Corpus, Told
from .days import date_time
from .header import field, mailbox, unstructured
from .language import Language
from .letter import Letter

_WIDTH = 72  # characters of a line of one's own: quoted three times over it is still no longer than _SHORT
_SHORT = 78  # characters of a line that needs no encoding (RFC 5322 §2.1.1)
_QUOTED = 3  # turns that a reply still quotes


def compose(letter: Letter, corpus: Corpus) -> bytes:
    """The whole message, CRLF at the end of every line.

    Raises `ValueError` when the corpus has no such scenario or turn, when its template fails on this thread (the text
    begins with name and line), or when an identifier is too long for any line.
    """
    told = corpus.tell(letter, range(max(1, letter.turn - _QUOTED), letter.turn + 1))
    lines = _lines(letter, told, corpus.language(letter.scenario))
    text = "\r\n".join((*lines, ""))
    plain = text.isascii() and max(map(len, lines)) <= _SHORT
    body = text.encode() if plain else b2a_qp(text.encode(), istext=True)
    fields = "".join(_fields(letter, told.subject, "7bit" if plain else "quoted-printable"))
    return fields.encode() + b"\r\n" + body


def _fields(letter: Letter, subject: str, encoding: str) -> Iterator[str]:
    reply = letter.turn > 1
    name, value = letter.label
    yield field("Date", [date_time(letter.date)])
    yield field("From", mailbox(letter.sender))
    yield field("To", mailbox(letter.recipient))
    yield field("Subject", unstructured(f"Re: {subject}" if reply else subject))
    yield field("Message-ID", [letter.message_id])
    if reply:
        yield field("In-Reply-To", [letter.references[-1]])
        yield field("References", letter.references)
    yield "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
    yield f"Content-Transfer-Encoding: {encoding}\r\n"
    yield field(name, unstructured(value))


def _lines(letter: Letter, told: Told, language: Language) -> list[str]:
    """The last turn, and below it the one before with what that quoted, and so on."""
    lines: list[str] = []
    for turn, paragraphs in sorted(told.turns.items()):
        history = lines
        lines = [line for paragraph in paragraphs for line in (*_wrapped(paragraph), "")][:-1]
        if history:
            author = letter.author(turn - 1)
            lines += ["", language.quoted(letter.written(turn - 1), author.full or author.address)]
            lines += (f"> {line}" if line else ">" for line in history)
    return lines


def _wrapped(paragraph: str) -> Iterator[str]:
    for text in paragraph.split("\n"):
        line = ""
        for word in text.split(" "):
            if line and len(line) + 1 + len(word) > _WIDTH:
                yield line
                line = word
            else:
                line = f"{line} {word}" if line else word
        yield line
