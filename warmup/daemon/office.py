"""What the workers share: the store, the configuration, the credentials, the clock, the log.

Owns: holding them together. Does not own: opening and closing them (`warmup.daemon.run`).
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass

from warmup import smtp
from warmup.config import Config
from warmup.model import Install
from warmup.secrets import Vault
from warmup.store import Store

from .clock import Clock
from .log import Log


@dataclass(slots=True, kw_only=True)
class Office:
    """`config` is replaced by a reload, so ask for it anew; `node` signs claims."""

    store: Store
    vault: Vault
    config: Config
    install: Install
    clock: Clock
    log: Log
    node: str

    @property
    def tls(self) -> ssl.SSLContext:
        """The one context all connections share."""
        return trusted(self.config)


def trusted(config: Config) -> ssl.SSLContext:
    """Whom the configuration has us trust."""
    return smtp.context(str(config.authorities) if config.authorities else None)
