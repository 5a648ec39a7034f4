"""The token: who has it may pause and resume, and look from elsewhere.

Owns: its file. Does not own: what it opens (`warmup.web.access`).
"""

from __future__ import annotations

import re
import secrets
from pathlib import Path

from warmup.errors import SecretError
from warmup.secrets.files import private, write

_TOKEN = re.compile(r"[A-Za-z0-9_-]{32,}")


def read(file: Path) -> str | None:
    """What is in the file; None if there is none. Raises `SecretError` if it isn't this user's alone, or no token."""
    try:
        token = private(file).decode("ascii", "replace").strip()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SecretError(f"{file}: the token can't be read: {error.strerror}") from error
    if not _TOKEN.fullmatch(token):  # which isn't shown: it may be one with a slip
        raise SecretError(f"{file} holds no token; write a new one with: warmup web --new-token")
    return token


def renew(file: Path) -> None:
    """Write a new one, by which all that was opened with the old one is closed once the dashboard is started anew."""
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write(file, f"{secrets.token_urlsafe(32)}\n".encode())
    except OSError as error:
        raise SecretError(f"{file}: the token can't be written: {error.strerror}") from error
