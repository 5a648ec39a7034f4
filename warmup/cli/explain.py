"""`warmup explain`: why a mailbox sent what it sent, and what a server's answer means.

Owns: the command. Does not own: the tale of a day (`warmup.view.story`), what is said of answers (`warmup.cli.answers`,
`warmup.cli.batch`).
"""

from __future__ import annotations

import json as notation
import re
import sys
from pathlib import Path
from typing import Annotated

import typer

from warmup.address import canonical
from warmup.config import Config
from warmup.errors import UsageError
from warmup.plan import local_date
from warmup.store import mailboxes
from warmup.view import story
from warmup.view.plain import plain, text

from . import answers, batch
from .common import ConfigFile, Database, Json, day, now, opened, settings
from .sheet import print_json, tell

# A reply's code, where it can't be the beginning of an address such as 421-team@example.org.
_CODE = re.compile(r"[245]\d\d(?:[ -]?<|[ -]\d\.\d|\b(?!.*@))")


What = Annotated[
    str | None,
    typer.Argument(metavar="ADDRESS|ANSWER", help="A mailbox's address, or a server's answer.", show_default=False),
]
Date = Annotated[
    str | None,
    typer.Option("--date", metavar="DATE", help="The mailbox's local day. Default: today.", show_default=False),
]
Said = Annotated[
    str | None,
    typer.Option(
        "--stage",
        metavar="STAGE",
        help=f"What it answered: {', '.join(answers.STAGES)}. Default: any.",
        show_default=False,
    ),
]
Whose = Annotated[
    str | None,
    typer.Option("--provider", metavar="NAME", help="Whose answer it is, if that is known.", show_default=False),
]
Batch = Annotated[Path | None, typer.Option("--batch", metavar="FILE", help="Answers, as CSV.", show_default=False)]


def register(app: typer.Typer) -> None:
    app.command()(explain)


def explain(
    what: What = None,
    on: Date = None,
    stage: Said = None,
    provider: Whose = None,
    file: Batch = None,
    config: ConfigFile = None,
    database: Database = None,
    json: Json = False,
) -> None:
    """Tell what a mailbox did on a day, or what an answer means.

    Of an ADDRESS: its place on the curve, what it was allowed and sent, every hold that began on that day with the
    server's words, what was not sent and why, and the days around it. Times are in the mailbox's own zone.

    Of an ANSWER, in quotes, pasted as it came or from a log or a bounce: what it means and which rule speaks of it,
    your own included; what would be held, how wide and how long, and how far the ramp would fall; what you can do.
    Nothing is sent or changed. The stage any means rcpt, where most refusals come; login, of an IMAP server's NO; dsn,
    if a log or a bounce tells of it. What the answer would mean elsewhere is told too where it differs.

    Of many answers (--batch): an object of JSON a line. The file has the columns provider, stage and reply. With a
    column action each is compared: what is wrong, and the sums, are on standard error, and the exit code is 1 unless
    all are right.

    \b
    Examples:
      warmup explain ann@example.org --date 2026-03-09
      warmup explain "421 4.7.0 [TSS04] Messages deferred" --stage mail
      warmup explain --batch answers.csv | jq .action
    """
    if (what is None) == (file is None):
        raise UsageError("explain: one of ADDRESS, ANSWER and --batch FILE; see warmup explain --help")
    address = what is not None and _is_address(what)
    if on is not None and not address:
        raise UsageError("--date goes with ADDRESS")
    if (stage, provider) != (None, None) and (address or file):
        raise UsageError("--stage and --provider go with ANSWER; in a file they are columns")
    found = settings(config, database)
    if file is not None:
        _answers(file, found)
    elif what is not None and address:
        _day(what, on, found, json)
    elif what is not None:
        _answer(what, stage or answers.ANY, provider or "", found, json)


def _is_address(what: str) -> bool:
    """Else it is an answer. Raises `UsageError` if it is neither: words without a code could be an IMAP server's, but a
    single one is rather an address's that was cut short.
    """
    words = what.split()
    if not words:
        raise UsageError("explain: that is empty; write a mailbox's address, or paste what a server answered")
    if len(words) > 1 or _CODE.match(words[0]):
        return False
    if "@" not in what:
        raise UsageError(f"{what!r} is no address, which has an @, and no answer, which has a code or several words")
    return True


def _day(address: str, on: str | None, config: Config, json: bool) -> None:
    with opened(config) as store:
        mailbox = store.run(mailboxes.get, canonical(address), removed=True)
        tale = store.run(story.of_day, mailbox, day(on) or local_date(now(), mailbox.zone))
    if json:
        print_json(tale.row())
    else:
        tell(tale.lines())


def _answer(said: str, stage: str, provider: str, config: Config, json: bool) -> None:
    if stage not in (answers.ANY, *answers.STAGES):
        raise UsageError(f"--stage {stage!r}: write one of {', '.join((*answers.STAGES, answers.ANY))}")
    answer = answers.judged(said, stage, provider, config)
    if json:
        print_json(answer.row() | {"advice": [{"text": one.text, "source": one.source} for one in answer.advice]})
    else:
        tell(answer.lines())


def _answers(file: Path, config: Config) -> None:
    cases = batch.tried(file, config)
    for case in cases:
        print(notation.dumps(plain(case.row())))
    sys.stdout.flush()
    for line in batch.score(cases):
        print(text(line), file=sys.stderr)
    if not all(case.right for case in cases):
        raise typer.Exit(1)
