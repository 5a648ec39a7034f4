"""The log of the operator's own MTA, followed from where it was left: a file, or systemd's journal.

`Follower.read` gives what has been told of messages since a `Bookmark`, and the next `Bookmark`.

Owns: where lines are, and how far they have been read. Does not own: what they say (`warmup.throttle.mtalog`), keeping
the bookmark (`warmup.store`), when to look and what to do about it (`warmup.daemon`).
Sources: logrotate(8), journalctl(1).
"""

from .follower import JOURNAL, Follower
from .piece import LogError

__all__ = ["JOURNAL", "Follower", "LogError"]
