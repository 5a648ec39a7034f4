"""What the workers share: the store, the configuration, the credentials, the clock, the log.

Owns: holding them together. Does not own: opening and closing them (`warmup.daemon.run`).
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field

from warmup.config import Config
from warmup.model import Install
from warmup.secrets import Vault
from warmup.store import Store

from .clock import Clock
from .keys import Keys
from .log import Log
from .places import Places
from .share import Share
from .trust import known, trusted

__all__ = ["Office", "trusted"]


@dataclass(slots=True, kw_only=True)
class Office:
    """`config` is replaced by a reload, so ask for it anew; `node` signs claims; `share` is what of the pool this
    process serves, all of it unless it is one of several nodes.
    """

    store: Store
    vault: Vault
    config: Config
    install: Install
    clock: Clock
    log: Log
    node: str
    share: Share = field(default_factory=Share)
    keys: Keys = field(init=False)
    places: Places = field(init=False)

    def __post_init__(self) -> None:
        self.keys = Keys(self.vault, lambda: self.config, self.clock.now)
        self.open_places()

    def open_places(self) -> None:
        """All of them free, as when nothing is in hand."""
        self.places = Places(self.store, self.share)

    @property
    def tls(self) -> ssl.SSLContext:
        """Whom to trust."""
        return trusted(self.config)

    def tls_to(self, service: str) -> ssl.SSLContext:
        """The same, for the servers of a service that are dialled again and again."""
        return known(self.config, service)
