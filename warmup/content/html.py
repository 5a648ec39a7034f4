"""The same message as a simple HTML page, for the second part of multipart/alternative.

Owns: paragraphs and quotations as a mail program writes them: no style, no link, no image, nothing that is fetched.
Does not own: the words (`warmup.content.corpus`), the encoding (`warmup.content.compose`).
Sources: RFC 2046 §5.1.4 (multipart/alternative), HTML 4.01.
"""

from __future__ import annotations

from html import escape

from .corpus import Told
from .language import Language
from .letter import Letter


def page(letter: Letter, told: Told, language: Language) -> str:
    """What `compose` says in plain text, quotations included. Lines end in LF, and are as long as a paragraph."""
    body = ""
    for turn, paragraphs in sorted(told.turns.items()):
        history = body
        body = "".join(f"<p>{escape(text).replace(chr(10), '<br>')}</p>\n" for text in paragraphs)
        if history:
            body += f"<p>{escape(quoting(letter, language, turn))}</p>\n"
            body += f'<blockquote type="cite">\n{history}</blockquote>\n'
    return (
        f'<!DOCTYPE html>\n<html lang="{language.code}">\n<head><meta charset="utf-8"></head>\n'
        f"<body>\n{body}</body>\n</html>\n"
    )


def quoting(letter: Letter, language: Language, turn: int) -> str:
    """The line of a turn above the one before it."""
    author = letter.author(turn - 1)
    return language.quoted(letter.written(turn - 1), author.full or author.address)
