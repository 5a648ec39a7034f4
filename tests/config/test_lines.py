"""Every value is found on the line it is written on, whatever stands around it."""

import re
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmup.config.lines import Path, lines

SAMPLE = '''\
# top = 1
top = "a = 1 # no comment"  # top = 2

[server]  # [client]
name = """
[server.name]
key = 1 ""\\"" """
path.to.it = 1
"quoted.key" = 'it''s = [not' # a table
'''.replace("''s", "s")

ARRAYS = """\
looks = [ "5m", # the first
  "15m",
  # "20m",
  ["1h",
   { a.b = 1, c = [
2, 3] }],
]
[[curve]]
name = 1
[[curve.row]]
x = 1
[[curve.row]]
x = 2
[curve.row.deep]
y = 1
[[curve]]
name = 2
[a.b.c]
[a]
x = 1979-05-27 07:32:00.5
"""


def test_strings_and_comments_that_look_like_keys_are_not_keys() -> None:
    assert lines(SAMPLE) == {
        (): 1,
        ("top",): 2,
        ("server",): 4,
        ("server", "name"): 5,
        ("server", "path"): 8,
        ("server", "path", "to"): 8,
        ("server", "path", "to", "it"): 8,
        ("server", "quoted.key"): 9,
    }


@pytest.mark.parametrize("quote", ['"', "'"])
@pytest.mark.parametrize("more", [0, 1, 2])
def test_quotes_before_the_closing_three_belong_to_the_text(quote: str, more: int) -> None:
    text = f"a = {quote * 3}x{quote * (3 + more)}\nb = {quote}y{quote}\nc = 1"
    assert tomllib.loads(text)["a"] == "x" + quote * more
    assert lines(text) == {(): 1, ("a",): 1, ("b",): 2, ("c",): 3}


def test_elements_of_arrays_and_inline_tables_are_found() -> None:
    found = lines(ARRAYS)
    assert [found["looks", index] for index in range(3)] == [1, 2, 4]
    assert found["looks", 2, 0] == 4
    assert found["looks", 2, 1, "a", "b"] == 5
    assert [found["looks", 2, 1, "c", index] for index in range(2)] == [6, 6]


def test_tables_of_an_array_are_counted() -> None:
    found = lines(ARRAYS)
    assert [found["curve", 0], found["curve", 0, "name"], found["curve", 1], found["curve", 1, "name"]] == [
        8,
        9,
        16,
        17,
    ]
    assert [found["curve", 0, "row", 0, "x"], found["curve", 0, "row", 1, "x"]] == [11, 13]
    assert found["curve", 0, "row", 1, "deep", "y"] == 15


def test_a_table_stands_where_its_own_header_is() -> None:
    found = lines(ARRAYS)
    assert (found["a", "b"], found["a", "b", "c"], found["a",], found["a", "x"]) == (18, 18, 19, 20)


class Writer:
    """Writes documents at random. Every scalar has a number of its own, which stands on the line where it begins."""

    def __init__(self, draw: Any) -> None:
        self.draw = draw
        self.number = 1_000_000

    def mark(self) -> int:
        self.number += 1
        return self.number

    def pick(self, *options: str) -> str:
        return str(self.draw(st.sampled_from(options)))

    def gap(self) -> str:
        return self.pick("", " ", "\n", "\n# k = [1,\n", '  # """\n', "\r\n\t")

    def key(self) -> str:
        name = f"k{self.mark()}"
        return self.pick(name, f'"{name} = ]"', f"'{name}.#['", f'"\\u0041\\"{name}"', f"a{name} . b{name}")

    def value(self, depth: int) -> str:
        mark = self.mark()
        kinds = ["number", "text", "long", "date"] + ["array", "inline"] * (depth > 0)
        match self.pick(*kinds):
            case "number":
                return str(mark)
            case "text":
                return self.pick(f'"{mark} ] # \\" k = 1"', f"'{mark} }} , # \" \\'", '""', f'"{mark}"')
            case "long":  # one or two quotes may stand before the closing three
                quotes = self.pick("", "'", "''")
                long = self.pick(f'"""{mark}\nk = 1 \\""" [\n"" """', f"'''{mark}\n[k]\n''k = '' '''", '""""""')
                return long + quotes.replace("'", long[0])
            case "date":
                return f"1979-05-27 07:32:00.{mark % 1_000_000:06}"
            case "array":
                values = [self.value(depth - 1) for _ in range(self.draw(st.integers(0, 3)))]
                inside = ",".join(f"{self.gap()}{value}{self.gap()}" for value in values)
                return f"[{inside}{',' if values and self.draw(st.booleans()) else ''}{self.gap()}]"
            case _:
                pairs = [f" {self.key()} = {self.value(depth - 1)} " for _ in range(self.draw(st.integers(0, 3)))]
                return "{" + ",".join(pairs) + "}"

    def document(self) -> str:
        text = ""
        arrays: list[str] = []
        for _ in range(self.draw(st.integers(0, 8))):
            match self.pick("pair", "pair", "table", "array", "again", "under", "space"):
                case "pair":
                    text += f"{self.key()} = {self.value(2)}"
                case "table":
                    text += f"[ {self.key()} ]"
                case "array":
                    arrays.append(self.key())
                    text += f"[[{arrays[-1]}]]"
                case "again" if arrays:
                    text += f"[[ {self.pick(*arrays)} ]]"
                case "under" if arrays:
                    text += f"[{self.pick(*arrays)}.{self.key()}]"
            text += self.pick("\n", " # [k]\n", "\r\n")
        return text


documents = st.composite(lambda draw: Writer(draw).document())()


def scalars(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from scalars(inner, (*path, key))
    else:
        yield path, value


@given(text=documents)
def test_every_scalar_is_on_the_line_of_its_own_number(text: str) -> None:
    found = lines(text)
    for path, value in scalars(tomllib.loads(text)):
        number = re.match(r"1\d{6}", str(value))
        if number:
            assert number[0] in text.split("\n")[found[path] - 1]
        assert path in found
