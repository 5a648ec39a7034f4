"""The line between a node and its database, which can be cut: then nothing goes either way, and neither end is told."""

from __future__ import annotations

import select
import socket
import threading
from types import TracebackType
from typing import Self


class Line:
    """A port that leads to another port of loopback. A context manager."""

    def __init__(self, to: int) -> None:
        self._to = to
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._whole = threading.Event()
        self._whole.set()
        self._ends: list[socket.socket] = []

    @property
    def port(self) -> int:
        port: int = self._listening.getsockname()[1]
        return port

    def cut(self) -> None:
        self._whole.clear()

    def mend(self) -> None:
        """New connections go through; what was open when it was cut is closed."""
        lost, self._ends = self._ends, []
        for end in lost:
            _close(end)
        self._whole.set()

    def __enter__(self) -> Self:
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _close(self._listening)
        self.mend()

    def _serve(self) -> None:
        while True:
            try:
                here, _ = self._listening.accept()
            except OSError:  # closed
                return
            self._whole.wait()
            there = socket.create_connection(("127.0.0.1", self._to))
            self._ends += [here, there]
            threading.Thread(target=self._carry, args=(here, there), daemon=True).start()

    def _carry(self, here: socket.socket, there: socket.socket) -> None:
        other = {here: there, there: here}
        try:
            while True:
                for end in select.select([here, there], [], [])[0]:
                    self._whole.wait()
                    said = end.recv(65536)
                    if not said:
                        return
                    other[end].sendall(said)
        except (OSError, ValueError):  # closed meanwhile
            return
        finally:
            _close(here)
            _close(there)


def _close(end: socket.socket) -> None:
    try:
        end.shutdown(socket.SHUT_RDWR)
    except OSError:  # it was closed by the other end
        pass
    finally:
        end.close()
