"""How every command ends: with an exit code, and one line a mistake for what an operator can mend.

Owns: exit codes, and the form of what is said of an error. Does not own: its words (whoever raises it).
"""

from __future__ import annotations

import os
import sys
from typing import Any, NoReturn

import typer
from typer.core import TyperGroup

from warmup.errors import OperatorError

_INTERRUPTED = 130  # 128 + SIGINT, as shells have it


class Root(TyperGroup):
    """The commands, ending as `warmup.errors` says: 0 done, 2 wrong usage, 130 interrupted, others by the error. What
    is none of these is a bug, and ends with a traceback.
    """

    def main(self, *args: Any, **extra: Any) -> NoReturn:
        extra["standalone_mode"] = False  # else Typer words the errors itself, over many lines
        try:
            code = super().main(*args, **extra)
            sys.stdout.flush()
        except OperatorError as error:
            tell(str(error))
            code = error.exit_code
        except typer.TyperException as error:
            _tell_usage(error)
            code = error.exit_code
        except (typer.Abort, KeyboardInterrupt):
            code = _INTERRUPTED
        except OSError as error:
            # The reader of a pipe has left (`warmup log | head`), or the disk is full. What couldn't be written is
            # still in a buffer, and the interpreter would try once more when it ends.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            if not isinstance(error, BrokenPipeError):
                tell(str(error))
            code = 1
        if code == _INTERRUPTED:
            tell("interrupted")
        sys.exit(code)


def tell(text: str) -> None:
    """Say it on standard error, each line on its own."""
    for line in text.split("\n"):
        print(f"warmup: {line}", file=sys.stderr)


def _tell_usage(error: typer.TyperException) -> None:
    context: typer.Context | None = getattr(error, "ctx", None)
    if type(error).__name__ == "NoArgsIsHelpError":
        print(error.format_message(), file=sys.stderr)
    elif context is None:
        tell(error.format_message())
    else:
        path = context.command_path
        command = path.partition(" ")[2]
        what = " ".join(error.format_message().split()).removesuffix(".")
        tell(f"{f'{command}: ' if command else ''}{what}; see {path} --help")
