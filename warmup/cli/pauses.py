"""`warmup pauses`: what holds, looked at and steered.

Owns: the commands. Does not own: the telling (`warmup.view.held`), the short form for one mailbox (`warmup.cli.hold`),
holding by what servers say (`warmup.daemon.hold`), obeying (`warmup.store`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import replace
from datetime import datetime
from typing import Annotated

import typer

from warmup.address import canonical
from warmup.config import Config
from warmup.config.document import nearest
from warmup.errors import UsageError
from warmup.model import Cause, Mailbox, Pause, Scope
from warmup.store import mailboxes, pauses
from warmup.throttle import Advice
from warmup.view import held
from warmup.view.people import People, everybody
from warmup.view.plain import text

from . import answers
from .common import ConfigFile, Database, Json, now, opened, settings
from .hold import During, Until, Why, end_of
from .sheet import print_json, show, tell

app = typer.Typer(
    help="Look at what is held, end a pause, or hold by hand.\n\nA pause holds a mailbox, a lane (from a mailbox to "
    "one receiving provider), a recipient, a sending domain or a submission host. `warmup mailbox pause` and `resume` "
    "are the short form for one mailbox.",
    no_args_is_help=True,
)

Number = Annotated[int, typer.Argument(metavar="NUMBER", help="Of `warmup pauses list`.", show_default=False)]
From = Annotated[
    str | None, typer.Option("--mailbox", metavar="ADDRESS", help="What it would send.", show_default=False)
]
Recipient = Annotated[
    str | None, typer.Option(metavar="ADDRESS", help="What anybody would send to it.", show_default=False)
]
Domain = Annotated[
    str | None, typer.Option(metavar="DOMAIN", help="What its mailboxes would send.", show_default=False)
]
Host = Annotated[
    str | None, typer.Option(metavar="HOST", help="What goes out at that submission server.", show_default=False)
]
To = Annotated[
    str | None,
    typer.Option(
        metavar="PROVIDER", help="Only to that receiving provider, with --mailbox or --domain.", show_default=False
    ),
]

_HOLDABLE = (Scope.MAILBOX, Scope.RECIPIENT, Scope.DOMAIN, Scope.HOST)


@app.command("list")
def list_(
    everything: Annotated[bool, typer.Option("--all", help="Those that are over as well.")] = False,
    config: ConfigFile = None,
    database: Database = None,
    json: Json = False,
) -> None:
    """Show what holds now.

    NEXT TRY is when the pause is over: what falls due then goes out again, the first message as a probe. Times are in
    UTC.

    \b
    Examples:
      warmup pauses list
      warmup pauses list --all --json | jq '.[] | select(.days_lost > 0)'
    """
    with opened(settings(config, database)) as store:
        people = store.run(everybody)
        found = store.run(pauses.history) if everything else store.run(pauses.active, now())
    headings = {"id": "NO", "scope": "SCOPE", "what": "WHAT", "since": "SINCE", "next_try": "NEXT TRY"}
    if everything:
        headings |= {"next_try": "UNTIL", "lifted_at": "LIFTED"}
    empty = "there was never a pause" if everything else "nothing is held"
    rows = [held.row(pause, people) for pause in found]
    show(rows, headings | {"by": "CAUSE"}, as_json=json, empty=empty, spare=("since", "scope", "lifted_at", "by"))


@app.command("show")
def show_(number: Number, config: ConfigFile = None, database: Database = None, json: Json = False) -> None:
    """Show one pause, with all that is known of it."""
    found = settings(config, database)
    with opened(found) as store:
        people, pause = store.run(everybody), store.run(pauses.get, number)
    advice = list(held.advice(pause, people, found))
    if json:
        told = [{"text": one.text, "source": one.source} for one in advice]
        print_json(held.row(pause, people) | {"advice": told})
    else:
        tell(_lines(pause, people, advice, now()))


def _lines(pause: Pause, people: People, advice: Iterable[Advice], at: datetime) -> Iterator[str]:
    yield f"Pause {pause.id} ({pause.scope}): {held.what(pause, people)}"
    yield f"  held since {text(pause.since)} by {held.by(pause)}"
    if pause.cause is not Cause.OPERATOR:
        yield f"  strike {pause.strikes} in a row"
    if pause.response:
        yield f"  the server said at {pause.response}"
    if pause.note:
        yield f"  {pause.note}"
    if pause.age_lost:
        yield f"  the ramp fell back by {pause.age_lost} sending days"
    if pause.lifted_at:
        yield f"  lifted at {text(pause.lifted_at)}, before it was over"
    elif pause.until and pause.until <= at:
        yield f"  over since {text(pause.until)}"
    else:
        yield f"  next try at {text(pause.until)}" if pause.until else f"  {held.ended([pause])}"
    told = [line for one in advice for line in (one.text, one.source) if line]
    if told:
        yield "What you can do:"
        yield from (f"  {line}" for line in told)


@app.command()
def end(number: Number, config: ConfigFile = None, database: Database = None) -> None:
    """End a pause now.

    What was dropped while it held stays lost, and so do the days that a ramp fell back. If the server says the same
    again, it is held again.
    """
    with opened(settings(config, database)) as store:
        people, pause = store.run(everybody), store.run(pauses.get, number)
        if not store.run(pauses.lift, now(), id=pause.id):
            raise UsageError(f"pause {number} is over since {text(pause.lifted_at or pause.until)}")
    print(f"pause {number} ended: {held.what(pause, people)}, held by {held.by(pause)} {held.until(pause)}")


@app.command()
def add(
    mailbox: From = None,
    recipient: Recipient = None,
    domain: Domain = None,
    host: Host = None,
    to: To = None,
    until: Until = None,
    during: During = None,
    why: Why = "",
    config: ConfigFile = None,
    database: Database = None,
) -> None:
    """Hold by hand.

    What falls due meanwhile is dropped, never made up later, and no ramp ages or falls. Until a person ends it, unless
    --for or --until is given.

    \b
    Examples:
      warmup pauses add --mailbox ann@example.org --to google --for 2d
      warmup pauses add --domain example.org --until 2026-12-01 --why "new key"
      warmup pauses add --host smtp.example.org --why "it moves tonight"
    """
    given = zip(_HOLDABLE, (mailbox, recipient, domain, host), strict=True)
    named = [(scope, name) for scope, name in given if name is not None]
    if len(named) != 1:
        raise UsageError("pauses add: one of --mailbox, --recipient, --domain and --host; see warmup pauses add --help")
    if to is not None and (recipient or host):
        raise UsageError("--to goes with --mailbox or --domain")
    found = settings(config, database)
    with opened(found) as store:
        people, since = store.run(everybody), now()
        wanted = replace(_wanted(*named[0], store.run(mailboxes.every), since), note=why)
        if to is not None:
            wanted = _to(wanted, to, found, people)
        whose = wanted.mailbox or wanted.recipient
        wanted = replace(wanted, until=end_of(during, until, since, people[whose].zone if whose else "UTC"))
        kept = store.run(pauses.open_, wanted)
    print(f"pause {kept.id}: {held.what(kept, people)}, held by {held.by(kept)} {held.until(kept)}")


def _wanted(scope: Scope, name: str, pool: Sequence[Mailbox], since: datetime) -> Pause:
    """A pause of what is called so, which must be of the pool: what nobody has would hold nothing."""
    blank = Pause(scope=scope, mailbox=None, cause=Cause.OPERATOR, since=since)
    match scope:
        case Scope.DOMAIN:
            return replace(blank, domain=_one_of("domain", name.lower(), {one.domain for one in pool}))
        case Scope.HOST:
            return replace(
                blank, host=_one_of("host", name.lower(), {server.name for one in pool for server in one.submission})
            )
    one = _one_of("mailbox", canonical(name), {one.address for one in pool})
    id = next(mailbox.id for mailbox in pool if mailbox.address == one)
    return replace(blank, mailbox=id) if scope is Scope.MAILBOX else replace(blank, recipient=id)


def _to(pause: Pause, provider: str, config: Config, people: People) -> Pause:
    name = answers.named(provider, config) or provider
    name = _one_of("provider", name, {one.provider for one in people.values() if one.removed_at is None})
    return replace(pause, provider=name, scope=Scope.LANE if pause.scope is Scope.MAILBOX else pause.scope)


def _one_of(kind: str, name: str, known: Set[str]) -> str:
    if name not in known:
        raise UsageError(f"no mailbox of the pool has the {kind} {name!r}; {nearest(name, sorted(known))}")
    return name
