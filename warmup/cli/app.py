"""The command line, put together.

Owns: the tree of commands. Does not own: any of them.
"""

from __future__ import annotations

from typing import Annotated

import typer

from warmup import __version__

from . import (
    allowance,
    audit,
    backup,
    curve,
    demo,
    dns,
    doctor,
    explain,
    house,
    mailbox,
    nodes,
    notify,
    pauses,
    placement,
    plan,
    prune,
    report,
    secrets,
    service,
    status,
    templates,
    web,
)
from .root import Root

app = typer.Typer(
    name="warmup",
    cls=Root,
    no_args_is_help=True,
    rich_markup_mode=None,  # help is read in pipes and pagers too
    pretty_exceptions_enable=False,  # they print local variables, and a local variable may be a password
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"warmup {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and stop.")
    ] = False,
) -> None:
    """Warm up mailboxes you own: real conversations among them, more each day, held back the moment a provider says so.

    \b
    See what it does:   warmup demo
    For real:           warmup init
                        warmup mailbox add ADDRESS     for each mailbox
                        warmup plan                    what would happen today
                        warmup run                     the daemon
                        warmup status

    Exit codes: 0 done, 1 an error, 2 wrong usage, 3 what was looked for is there (audit, doctor, placement --test,
    templates check), 74 the database, 77 a credential or a sign-in, 78 the configuration, 130 interrupted. Errors are
    one line each on standard error.

    Every command that shows something has --json. Tables are for terminals; in a pipe they are lines with tabs.
    """


house.register(app)
app.add_typer(mailbox.app, name="mailbox")
app.add_typer(secrets.app, name="secrets")
app.add_typer(curve.app, name="curve")
app.add_typer(templates.app, name="templates")
plan.register(app)
service.register(app)
status.register(app)
nodes.register(app)
placement.register(app)
report.register(app)
web.register(app)
allowance.register(app)
app.add_typer(pauses.app, name="pauses")
explain.register(app)
notify.register(app)
doctor.register(app)
app.add_typer(dns.app, name="dns")
audit.register(app)
prune.register(app)
backup.register(app)
demo.register(app)
