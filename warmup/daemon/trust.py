"""Whom the process trusts.

Owns: which certificates the configuration adds. Does not own: loading them (`warmup.tls`).
"""

from __future__ import annotations

import ssl

from warmup.config import Config
from warmup.tls import context, resuming

# Services whose hosts are dialled again and again. A host's servers know nothing of each other's sessions.
SUBMISSION, ACCESS = SERVICES = ("submission", "access")


def trusted(config: Config) -> ssl.SSLContext:
    """Whom the configuration has us trust."""
    return context(_more(config))


def known(config: Config, service: str) -> ssl.SSLContext:
    """The same, of one of the services."""
    return resuming(service, _more(config))


def _more(config: Config) -> str | None:
    return str(config.authorities) if config.authorities else None
