"""Which submission server a connection goes to. Pure.

Owns: weights, and passing over what is held. Does not own: what holds a host (`warmup.throttle`, `warmup.daemon.hold`).
"""

from __future__ import annotations

from collections.abc import Set
from random import Random

from warmup.model import Endpoint, Mailbox, Relay

WHOLE = 100  # percent: what the weights of a mailbox's servers come to


def server(mailbox: Mailbox, held: Set[str], dice: Random) -> Endpoint | None:
    """One of those whose host isn't `held`, by weight; the first of them if none has any. None: all are held."""
    own = Relay(mailbox.smtp, WHOLE - sum(relay.weight for relay in mailbox.relays))
    free = [one for one in (own, *mailbox.relays) if one.server.name not in held]
    weights = [one.weight for one in free]
    if any(weights):
        return dice.choices(free, weights)[0].server
    return free[0].server if free else None
