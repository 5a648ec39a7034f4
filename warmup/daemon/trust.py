"""Whom the process trusts.

Owns: which certificates the configuration adds. Does not own: loading them (`warmup.smtp.tls`).
"""

from __future__ import annotations

import ssl

from warmup import smtp
from warmup.config import Config


def trusted(config: Config) -> ssl.SSLContext:
    """Whom the configuration has us trust."""
    return smtp.context(str(config.authorities) if config.authorities else None)
