"""The entry point.

Owns: nothing but loading the command line. Does not own: that (`warmup.cli`).
"""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line."""
    try:
        from .cli import app  # loading takes a moment in which somebody may press Ctrl-C
        from .secrets import keep_private
    except KeyboardInterrupt:
        sys.exit(130)
    keep_private()  # before any password is read
    app(prog_name="warmup")


if __name__ == "__main__":
    main()
