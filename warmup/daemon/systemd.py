"""sd_notify(3): telling the service manager how we are.

Owns: the datagram. Does not own: when work advances (`warmup.daemon.run`).
Sources: sd_notify(3), sd_watchdog_enabled(3).
"""

from __future__ import annotations

import socket
from collections.abc import Mapping
from contextlib import suppress


class Manager:
    """The service manager at $NOTIFY_SOCKET; nobody listens outside a service, and then nothing is said."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        address = environ.get("NOTIFY_SOCKET", "")
        self._address = "\0" + address[1:] if address.startswith("@") else address

    def ready(self) -> None:
        self._say("READY=1")

    def standing_by(self) -> None:
        """Another daemon is at work: that of systemd's units is as good as started."""
        self._say("READY=1")
        self.alive("standing by")

    def reloading(self) -> None:
        self._say("RELOADING=1")

    def alive(self, status: str) -> None:
        """Feeds the watchdog. To be called when work has advanced, never by a timer of its own."""
        self._say(f"WATCHDOG=1\nSTATUS={status}")

    def stopping(self) -> None:
        self._say("STOPPING=1")

    def _say(self, state: str) -> None:
        if self._address:
            # A manager that can't be told is no reason to stop: sd_notify(3) has its return code ignored, too.
            with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as line:
                line.connect(self._address)
                line.sendall(state.encode())
