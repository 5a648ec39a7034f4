"""`warmup templates`: the conversations there are, read before anybody else does.

Owns: the commands. Does not own: the conversations (`warmup.content`), the folders (`warmup.config`).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from warmup.config import Config, phrases
from warmup.content import Letter, Scenario, compose, lint, trial
from warmup.errors import UsageError

from .common import ConfigFile, Json, settings
from .sheet import print_json, show, tell

app = typer.Typer(
    help="Look at conversations: what mailboxes write to each other.\n\nThose that come with the program, and your own "
    "in the folder that [mail] templates names: NAME.j2 in a folder by language.",
    no_args_is_help=True,
)

Name = Annotated[str, typer.Argument(metavar="NAME", help="Its name, of `warmup templates list`.", show_default=False)]

_SKELETON = """\
{# What this conversation is about: for you, nobody is sent it. `warmup templates preview NAME` shows what it says. #}
{# Facts, the same in every turn: a word from a list of the language's, a number, a working day from now. #}
{% set who = pick(people) %}
{% set day = ahead(6, 9) %}
{% set people_coming = number(2, 9) %}
{% set minutes = pick([20, 30, 40, 45]) %}

{% macro subject() -%}
[A word with|A visit from] {{ who }}
{%- endmacro %}

{# What stands in brackets is said one way or another, and there can't be enough of it: `warmup templates check NAME`.
   Greeting and farewell come by themselves. #}
{% macro turn1() %}
[I spoke to {{ who }} [today|this morning]|{{ who }} has [called|written] again|Today I [met|ran into] {{ who }}].
[A visit {{ day.on }} would suit [us both|everybody|them]|There will be {{ people_coming }} of them, {{ day.on }}].
[Would you [like|want] to be there?|Shall I [tell|call] you when it begins?|Can you [spare|find] {{ minutes }} minutes?]
{% endmacro %}

{% macro turn2() %}
[[Yes, please|Gladly|With pleasure]. I'll keep {{ day }} [open|clear]|I have {{ day }} in my [diary|book] now].
[{{ minutes }} minutes will [do|be enough].|For {{ people_coming }} people we [want|need] [chairs|a table].|]
[Where [do|shall] we meet?|Which [room|floor] is it?|Does {{ who }} [drink|take] [tea|coffee]?]
{% endmacro %}
"""


@app.command("list")
def list_(config: ConfigFile = None, json: Json = False) -> None:
    """Show every conversation there is, its language and how many turns it has."""
    found = settings(config)
    rows = [{"name": one.name, "language": one.language, "turns": one.turns} for one in found.corpus.scenarios]
    show(rows, {"name": "NAME", "language": "LANGUAGE", "turns": "TURNS"}, as_json=json, empty="no conversations")


@app.command()
def check(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME]...", help="Default: all of them.", show_default=False)
    ] = None,
    config: ConfigFile = None,
    json: Json = False,
) -> None:
    """Tell many threads of a conversation and say what is wrong with them.

    A name that is neither set nor a list, a turn that says nothing, a link or an address, a word of bulk mail, two
    marks in a row, a subject too long to be seen, a turn that says nearly the same each time. Whether it reads well is
    for you to see: `warmup templates preview NAME`. Exit code 3: something was found.
    """
    found = settings(config)
    words = phrases()
    scenarios = [_named(name, found) for name in names] if names else found.corpus.scenarios
    flaws = [flaw for one in scenarios for flaw in lint(found.corpus, one, words.get(one.language, ()))]
    rows = [{"name": flaw.scenario, "turn": flaw.turn, "what": flaw.what, "said": flaw.said} for flaw in flaws]
    empty = f"{len(scenarios)} conversations, nothing to mend"
    show(rows, {"name": "NAME", "turn": "TURN", "what": "WHAT", "said": "AS IN"}, as_json=json, empty=empty)
    if rows:
        raise typer.Exit(3)


@app.command()
def preview(
    name: Name,
    thread: Annotated[str, typer.Option(metavar="TEXT", help="Any text: another one, another thread.")] = "1",
    raw: Annotated[
        bool, typer.Option("--raw", help="The messages as they are sent, with headers and quotations.")
    ] = False,
    config: ConfigFile = None,
    json: Json = False,
) -> None:
    """Show a thread of a conversation, between two people who don't exist.

    \b
    Examples:
      warmup templates preview en/meeting
      warmup templates preview de/termin --thread 7 --raw
    """
    found = settings(config)
    last = trial(_named(name, found), thread)
    if json:
        print_json(list(_turns(last, found)))
    elif raw:
        for letter in last.thread_so_far():
            print(compose(letter, found.corpus, found.style).decode().replace("\r\n", "\n"))
    else:
        for turn in _turns(last, found):
            tell(
                (f"{turn['from']}, {turn['date']:%a %d %b %H:%M}: {turn['subject']}", "", *turn["text"].split("\n"), "")
            )


@app.command()
def new(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="de/NAME, or NAME in the default language.", show_default=False)
    ],
    config: ConfigFile = None,
) -> None:
    """Write a conversation to begin with into your own folder, and say where it is."""
    found = settings(config)
    if found.templates is None:
        raise UsageError("there is no folder for conversations of your own: name one with templates in [mail]")
    code, slash, own = name.rpartition("/")
    if not own.isidentifier() or (slash and not code.isalpha()):
        raise UsageError(f"{name!r}: write NAME or LANGUAGE/NAME, in letters, digits and underscores")
    file = found.templates / (code or found.policy.language) / f"{own}.j2"
    _write(file)
    print(f"{file}: written; see it with: warmup templates preview {file.parent.name}/{own}")


def _write(file: Path) -> None:
    try:
        file.parent.mkdir(exist_ok=True)
        with file.open("x", encoding="utf-8") as open_file:
            open_file.write(_SKELETON)
    except FileExistsError as error:
        raise UsageError(f"{file} is there already, and stays as it is") from error
    except OSError as error:
        raise UsageError(f"{file}: can't be written: {error.strerror}") from error


def _named(name: str, config: Config) -> Scenario:
    for scenario in config.corpus.scenarios:
        if name in (scenario.name, scenario.name.removeprefix(f"{config.policy.language}/")):
            return scenario
    raise UsageError(f"there is no conversation {name!r}; `warmup templates list` shows all")


def _turns(last: Letter, config: Config) -> Iterator[dict[str, Any]]:
    told = config.corpus.tell(last, range(1, last.turn + 1))
    for letter in last.thread_so_far():
        yield {
            "turn": letter.turn,
            "from": letter.sender.full,
            "date": letter.date,
            "subject": told.subject if letter.turn == 1 else f"Re: {told.subject}",
            "text": "\n\n".join(told.turns[letter.turn]),
        }
