"""A server that takes a message and is slow to say so: a relay that keeps back what comes after the final dot."""

from __future__ import annotations

import socket
import threading
from types import TracebackType
from typing import Self


class Relay:
    """Between a client and an SMTP server at `to`. A context manager.

    `held` is set when a final dot has gone to the server; its answer is passed on once `free` is set.
    """

    def __init__(self, to: str) -> None:
        host, _, port = to.partition(":")
        self._to = (host, int(port))
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.held = threading.Event()
        self.free = threading.Event()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._listening.getsockname()[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.free.set()
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            server = socket.create_connection(self._to)
            dot = threading.Event()
            threading.Thread(target=self._upward, args=(client, server, dot), daemon=True).start()
            threading.Thread(target=self._downward, args=(server, client, dot), daemon=True).start()

    def _upward(self, client: socket.socket, server: socket.socket, dot: threading.Event) -> None:
        seen = b""
        while piece := _received(client):
            seen = (seen + piece)[-5:]
            if seen == b"\r\n.\r\n":
                dot.set()  # before the server can have answered
            _send(server, piece)
        server.close()

    def _downward(self, server: socket.socket, client: socket.socket, dot: threading.Event) -> None:
        while piece := _received(server):
            if dot.is_set():
                self.held.set()
                self.free.wait()
                dot.clear()
            _send(client, piece)
        client.close()


def _received(connection: socket.socket) -> bytes:
    try:
        return connection.recv(65536)
    except OSError:
        return b""


def _send(connection: socket.socket, piece: bytes) -> None:
    try:
        connection.sendall(piece)
    except OSError:  # nobody is there any more
        connection.close()
