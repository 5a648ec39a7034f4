"""`warmup report`: curve against reality, placement and pauses, in a file to keep or to send.

Owns: the command, and writing the file. Does not own: what is told (`warmup.view.course`), how it looks
(`warmup.report`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from warmup.address import canonical
from warmup.errors import OperatorError, UsageError
from warmup.report import Unpainted, page, picture
from warmup.view import course

from .common import ConfigFile, Database, now, opened, settings

Which = Annotated[
    str | None,
    typer.Argument(metavar="[ADDRESS]", help="Of one mailbox. Default: the pool and each.", show_default=False),
]
Html = Annotated[Path | None, typer.Option(metavar="FILE", help="Write a page of HTML.", show_default=False)]
Png = Annotated[Path | None, typer.Option(metavar="FILE", help="Write a picture.", show_default=False)]


def register(app: typer.Typer) -> None:
    app.command()(report)


def report(
    address: Which = None,
    html: Html = None,
    png: Png = None,
    days: Annotated[int, typer.Option(min=1, max=3650, help="How many days back.")] = 90,
    config: ConfigFile = None,
    database: Database = None,
) -> None:
    """Draw how the ramps went.

    Curve against reality, where mail arrived, and what held it, on which day and in which words: for the pool and for
    each mailbox. The page is one file that needs no network and no scripts; it says also in numbers what it draws. The
    picture has the charts alone, and needs the package resvg-py (`warmup[png]`).

    \b
    Examples:
      warmup report --html warmup.html
      warmup report ann@example.org --days 30 --png ann.png
    """
    if not html and not png:
        raise UsageError("report: --html FILE or --png FILE, or both")
    found, at = settings(config, database), now()
    with opened(found) as store:
        courses = store.read(course.of_each, found, at, back=days, only=canonical(address) if address else None)
    if not courses:
        raise OperatorError("no mailboxes; `warmup mailbox add` registers one")
    try:
        if html:
            _write(html, page(courses, now=at).encode())
        if png:
            _write(png, picture(courses))
    except Unpainted as why:
        raise OperatorError(f"{png}: {why}") from why


def _write(file: Path, content: bytes) -> None:
    try:
        file.write_bytes(content)
    except OSError as error:
        raise OperatorError(f"{file}: can't be written: {error.strerror}") from error
    print(f"{file}: written")
