"""What of the pool this process serves.

Owns: the value. Does not own: what it is (`warmup.daemon.steward`).
"""

from __future__ import annotations

from dataclasses import dataclass

from warmup.store import Shards, shard


@dataclass(slots=True)
class Share:
    """All of the pool, as the only daemon; or the mailboxes of some `shards`, as one of several `nodes`, one of which
    `leads`: does what has to be done once. What a worker asks before it begins with a mailbox, it asks anew each time.
    """

    shards: Shards | None = None
    nodes: int = 1
    leads: bool = True

    def serves(self, mailbox: int) -> bool:
        return self.shards is None or shard(mailbox) in self.shards
