"""Server processes for tests: they end when told to, and with the process that started them, however that ends."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import socket
import subprocess
from pathlib import Path

from tests.need import wait_until


class Servers:
    """Some servers in the foreground, each leading a process group of its own. What they print goes to `log`."""

    def __init__(self, log: Path) -> None:
        self.log = log
        self.masters: list[subprocess.Popen[bytes]] = []
        self._heirs: list[subprocess.Popen[bytes]] = []

    def start(self, *command: str, user: str | None = None) -> None:
        with self.log.open("ab") as log:
            master = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                user=user,
                group=user,
                extra_groups=[] if user else None,
                start_new_session=True,
            )
        self.masters.append(master)
        # When this process dies, its end of the pipe closes and the heir ends the server.
        command = ("/bin/sh", "-c", 'read _; kill "$1"', "sh", str(master.pid))
        self._heirs.append(subprocess.Popen(command, stdin=subprocess.PIPE))

    def check(self) -> None:
        """Raises RuntimeError if a server has ended already."""
        for master in self.masters:
            if master.poll() is not None:
                raise RuntimeError(f"{master.args!r} ended at once, with status {master.returncode}")

    def stop(self, by: signal.Signals = signal.SIGTERM) -> None:
        """Ends the servers and all their children, with SIGKILL if they don't heed `by`."""
        for heir in self._heirs:
            with heir:
                heir.kill()
        for master in self.masters:
            master.send_signal(by)
        try:
            for master in self.masters:
                master.wait(10)
            wait_until(lambda: not any(living(master.pid) for master in self.masters), "the children have ended too", 5)
        except (subprocess.TimeoutExpired, TimeoutError):
            for master in self.masters:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(master.pid, signal.SIGKILL)
                master.wait(10)
        self.masters, self._heirs = [], []


def living(group: int) -> list[int]:
    """The processes of a group, without those that ended and wait for somebody to notice."""
    rows = [(process.name, _stat(process)) for process in Path("/proc").iterdir() if process.name.isdigit()]
    return [int(pid) for pid, stat in rows if stat and stat[0] != "Z" and int(stat[2]) == group]


def _stat(process: Path) -> list[str]:
    """State, parent, group and so on of a process (proc(5)); empty if it is gone."""
    try:
        return (process / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def free_ports(count: int) -> list[int]:
    """Ports of loopback that nobody listens on, below the range from which the kernel lends ports to clients."""
    ports: set[int] = set()
    while len(ports) < count:
        port = 20000 + secrets.randbelow(10000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            ports.add(port)
    return list(ports)
