"""One way to show rows: a table on a terminal, tab-separated lines in a pipe, JSON on request.

Owns: that choice. Does not own: what is in the rows (`warmup.view`), or how a value is written (`warmup.view.plain`).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from textwrap import wrap

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from warmup.view.plain import plain, text

Row = Mapping[str, object]

_GAP = 2  # spaces between two columns
_LEAST = 16  # characters of the last column, which is folded, below which another column rather goes


def show(
    rows: Sequence[Row], columns: Mapping[str, str], *, as_json: bool, empty: str, spare: Iterable[str] = ()
) -> None:
    """Show `rows`; `columns` maps the keys shown to their headings, JSON has all keys. `empty` is said of none.

    On a terminal too narrow for all of them the columns in `spare` are left out, the first first.
    """
    if as_json:
        print_json(rows)
    elif not rows:
        print(empty, file=sys.stderr)
    elif sys.stdout.isatty():
        console = Console(highlight=False)
        console.print(_table(rows, _fitting(rows, columns, spare, console.width)))
    else:
        print("\t".join(columns.values()))
        for row in rows:
            print("\t".join(text(row.get(key)) for key in columns))


def show_one(row: Row, *, as_json: bool) -> None:
    """Show one thing: a name and a value a line, without what isn't there."""
    if as_json:
        print_json(row)
        return
    width = max(map(len, row))
    for key, value in row.items():
        if value is not None:
            print(f"{key:<{width}}  {text(value)}")


def tell(lines: Iterable[str]) -> None:
    """Print sentences, a line each; on a terminal folded between words, under their own indent."""
    folded = sys.stdout.isatty()
    width = Console().width
    for line in map(text, lines):
        indent = line[: len(line) - len(line.lstrip())]
        parts = wrap(line, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
        print("\n".join(parts) if folded else line)


def compact(value: object) -> str:
    """JSON on one line, for whoever reads one document after the other."""
    return json.dumps(plain(value))


def print_json(value: object) -> None:
    print(json.dumps(plain(value), indent=2))


def _table(rows: Sequence[Row], columns: Mapping[str, str]) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, _GAP, 0, 0))
    for key, heading in columns.items():
        kinds = {type(row.get(key)) for row in rows} - {type(None)}
        table.add_column(heading, justify="right" if kinds and kinds <= {int, float} else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(text(row.get(key))) for key in columns))
    return table


def _fitting(rows: Sequence[Row], columns: Mapping[str, str], spare: Iterable[str], width: int) -> Mapping[str, str]:
    """As many of the columns as there is room for."""
    wide = {
        key: max(cell_len(heading), *(cell_len(text(row.get(key))) for row in rows)) for key, heading in columns.items()
    }
    *_, last = columns
    wide[last] = min(wide[last], _LEAST)
    kept = dict(columns)
    for key in spare:
        if sum(wide[kept_] + _GAP for kept_ in kept) - _GAP <= width:
            break
        kept.pop(key)
    return kept
