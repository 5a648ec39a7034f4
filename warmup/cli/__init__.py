"""What an operator types: commands, their output and their errors.

Owns: arguments, tables, plain text and JSON, exit codes. Does not own: any of the work.
"""

from .app import app

__all__ = ["app"]
