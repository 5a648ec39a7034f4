"""Whom to trust: the one TLS context that every connection of the process shares.

Owns: loading certificates. Does not own: a handshake (`warmup.smtp.line`).
Sources: RFC 8314 §3 and §5.3 (certificates are always checked); the ssl module's defaults (TLS 1.2 and later).
"""

from __future__ import annotations

import functools
import ssl

from warmup.errors import ConfigError


@functools.cache
def context(cafile: str | None = None) -> ssl.SSLContext:
    """The system's authorities, and those in `cafile` (PEM) as well; names and certificates are always checked.

    Cached, since loading some 140 certificates takes longer than a handshake. Raises `ConfigError` if `cafile` can't
    be used.
    """
    shared = ssl.create_default_context()
    if cafile is not None:
        try:
            shared.load_verify_locations(cafile)
        except (OSError, ssl.SSLError) as error:
            raise ConfigError(f"{cafile}: no certificates can be read from it: {error.strerror or error}") from error
    return shared
