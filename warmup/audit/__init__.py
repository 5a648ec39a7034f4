"""Whether what lies in the mailboxes is what the store remembers. Pure.

An `Audit` is told of each mailbox what lies there (a `Copy` of each message that has our label) and what the store has
of it, and in the end has `findings`.

Owns: the comparison. Does not own: looking into mailboxes (`warmup.imap`), the rows (`warmup.store`), bringing both
together (`warmup.daemon.auditor`).
"""

from .compare import Audit, Copy, Finding, Kind, Used

__all__ = ["Audit", "Copy", "Finding", "Kind", "Used"]
