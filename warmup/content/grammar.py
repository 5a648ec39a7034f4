"""Alternatives in a template: `[Could you|Can you] tell me` says one or the other, `[really |]` says it or doesn't.

They nest, and hold anything a template can hold. A bracket or bar inside `{{ … }}` or `{% … %}` is Jinja's own.

Owns: the syntax. Does not own: the choice, which is the filter `roll`'s: `telling|roll(sides)` answers 0 … sides - 1.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from jinja2 import nodes
from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream
from jinja2.parser import Parser

_MARKS = re.compile(r"([\[|\]])")


class Alternatives(Extension):
    """The marks become tags of the same name, so that Jinja's own messages speak of `[`, `|` and `]`."""

    tags = {"["}  # noqa: RUF012 - Jinja's own declaration

    def filter_stream(self, stream: TokenStream) -> Iterator[Token]:
        for token in stream:
            if token.type != "data":
                yield token
                continue
            line = token.lineno
            for piece in _MARKS.split(token.value):
                if _MARKS.match(piece):
                    yield Token(line, "block_begin", "{%")
                    yield Token(line, "name", piece)
                    yield Token(line, "block_end", "%}")
                elif piece:
                    yield Token(line, "data", piece)
                    line += piece.count("\n")

    def parse(self, parser: Parser) -> list[nodes.Node]:
        line = next(parser.stream).lineno
        alternatives = [parser.parse_statements(("name:|", "name:]"))]
        while next(parser.stream).value == "|":
            alternatives.append(parser.parse_statements(("name:|", "name:]")))
        rolled = parser.free_identifier(line)
        # A filter is called directly; any other call would go through the sandbox, at ten times the price.
        roll = nodes.Filter(nodes.Name("telling", "load"), "roll", [nodes.Const(len(alternatives))], [], None, None)
        *others, last = (
            nodes.If(nodes.Compare(rolled, [nodes.Operand("eq", nodes.Const(side))]), words, [], [])
            for side, words in enumerate(alternatives)
        )
        chain = nodes.If(others[0].test, others[0].body, others[1:], last.body) if others else last
        return [nodes.Assign(rolled, roll).set_lineno(line, override=True), chain.set_lineno(line)]
