"""`warmup explain`: why a mailbox sent what it sent, and what a server's answer means.

Owns: the command. Does not own: the tale of a day (`warmup.cli.story`), what is said of answers (`warmup.cli.answers`).
"""

from __future__ import annotations

import json as notation
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from warmup.address import canonical
from warmup.config import Config
from warmup.errors import UsageError
from warmup.plan import local_date
from warmup.store import mailboxes

from . import answers, story
from .common import ConfigFile, Database, Json, day, now, opened, settings
from .sheet import plain, print_json, show, text


def register(app: typer.Typer) -> None:
    app.command()(explain)


def explain(
    address: Annotated[
        str | None, typer.Argument(metavar="ADDRESS", help="The mailbox's address.", show_default=False)
    ] = None,
    on: Annotated[
        str | None,
        typer.Option("--date", metavar="DATE", help="The mailbox's local day. Default: today.", show_default=False),
    ] = None,
    said: Annotated[
        str | None, typer.Option("--said", metavar="ANSWER", help="What a server answered.", show_default=False)
    ] = None,
    stage: Annotated[
        str | None,
        typer.Option(
            "--stage",
            metavar="STAGE",
            help=f"What it answered: {', '.join(answers.STAGES)}. Default: any.",
            show_default=False,
        ),
    ] = None,
    provider: Annotated[
        str | None,
        typer.Option("--provider", metavar="NAME", help="Whose answer it is, if that is known.", show_default=False),
    ] = None,
    batch: Annotated[
        Path | None, typer.Option("--batch", metavar="FILE", help="Answers, as CSV.", show_default=False)
    ] = None,
    config: ConfigFile = None,
    database: Database = None,
    json: Json = False,
) -> None:
    """Tell what a mailbox did on a day, or what an answer means.

    Of a mailbox: its place on the curve, what it was allowed and sent, every hold that began on that day with the
    server's words, what was not sent and why, and the days around it. Times are in the mailbox's own zone.

    Of an answer (--said), pasted as it came or from a log or a bounce: which rule speaks of it, your own included, what
    would be held and for how long, and how far the ramp would fall. Nothing is sent or changed.

    Of many answers (--batch): the same in a line each. The file has the columns provider, stage and reply; with a
    column action it is compared, and the exit code is 1 unless all are right. With --json each line is an object.

    \b
    Examples:
      warmup explain ann@example.org --date 2026-03-09
      warmup explain --said "421 4.7.28 an unusual rate of mail" --stage rcpt
      warmup explain --batch answers.csv
    """
    if [address, said, batch].count(None) != 2:
        raise UsageError("explain: one of ADDRESS, --said ANSWER and --batch FILE; see warmup explain --help")
    if on is not None and address is None:
        raise UsageError("--date goes with ADDRESS")
    if (stage, provider) != (None, None) and said is None:
        raise UsageError("--stage and --provider go with --said; in a file they are columns")
    found = settings(config, database)
    if address is not None:
        _day(address, on, found, json)
    elif said is not None:
        _answer(said, stage or "any", provider or "", found, json)
    elif batch is not None:
        _answers(answers.tried(batch, found), json)


def _day(address: str, on: str | None, config: Config, json: bool) -> None:
    with opened(config) as store:
        mailbox = store.run(mailboxes.get, canonical(address), removed=True)
        tale = store.run(story.of_day, mailbox, day(on) or local_date(now(), mailbox.zone))
    if json:
        print_json(tale.row())
    else:
        print("\n".join(map(text, tale.lines())))


def _answer(said: str, stage: str, provider: str, config: Config, json: bool) -> None:
    if not said.strip():
        raise UsageError("--said is empty; paste what the server answered")
    if stage not in answers.STAGES:
        raise UsageError(f"--stage {stage!r}: write one of {', '.join(answers.STAGES)}")
    answer = answers.judged(said, stage, provider, config)
    if json:
        print_json(answer.row())
    else:
        print("\n".join(map(text, answer.lines())))


def _answers(cases: Sequence[answers.Case], json: bool) -> None:
    compared = any(case.wanted for case in cases)
    headings = {"action": "ACTION", "rule": "RULE", "reply": "REPLY"}
    if json:
        for case in cases:
            print(notation.dumps(plain(case.row())))
    elif compared:
        rows = [case.row() | {"judged": _judged(case)} for case in cases]
        show(rows, {"judged": "JUDGED", **headings}, as_json=False, empty="")
        print(answers.total(cases))
    else:
        show([case.row() for case in cases], headings, as_json=False, empty="")
    if not all(case.right for case in cases):
        sys.stdout.flush()
        raise typer.Exit(1)


def _judged(case: answers.Case) -> str | None:
    if case.wanted is None:
        return None
    return "right" if case.right else f"wrong, {case.wanted} is wanted"
