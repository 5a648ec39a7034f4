"""The server: a thread with a loop of its own, so that whoever looks can't hold up the daemon.

Owns: listening, refusing to where it mustn't, beginning and ending. Does not own: what is said (`warmup.web.app`).
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import threading
from concurrent.futures import Future
from contextlib import ExitStack
from types import TracebackType
from typing import Self

import uvicorn

from warmup.config import Config
from warmup.daemon.clock import Clock, SystemClock
from warmup.errors import UsageError
from warmup.store import Store

from . import token
from .access import Access
from .app import application
from .desk import Desk

_CONNECTIONS = 100  # at once; one more hears 503
_LEAVING = 2  # seconds that a request in hand has when the server ends


class Dashboard:
    """At `listen`; a context manager. Port 0 is any that is free: `port` says which.

    Raises `UsageError` if it can't be listened there, or mustn't; `SecretError` for a token that is open to others;
    `StoreError`.
    """

    def __init__(self, config: Config, listen: tuple[str, int] | None = None, clock: Clock | None = None) -> None:
        address, self.port = listen or config.web.listen
        self._access = Access(
            listen=(address, self.port),
            origin=config.web.origin,
            token=token.read(config.web.token),
            seconds=lambda: SystemClock().now().timestamp(),
        )
        if not self._access.open and self._access.token is None:
            raise UsageError(
                f"{place(address, self.port)} can be reached by others, and there is no token in {config.web.token}; "
                "make one with: warmup web --new-token"
            )
        self._config = config
        self._clock = clock or SystemClock()
        self.ended: Future[None] = Future()  # done when it has, which it does by itself only by a bug
        self._until = ExitStack()

    @property
    def url(self) -> str:
        return self._config.web.origin or f"http://{place(self._access.listen[0], self.port)}"

    @property
    def token_file(self) -> str | None:
        """Where the token is; None if there is none, and nothing can be changed."""
        return str(self._config.web.token) if self._access.token else None

    def __enter__(self) -> Self:
        with ExitStack() as until:
            ear = until.enter_context(_listening(self._access.listen))
            self.port = ear.getsockname()[1]
            store = until.enter_context(Store.open(self._config.database))
            desk = Desk(store, self._config, self._clock, self._access)
            until.callback(desk.close)
            server = uvicorn.Server(
                uvicorn.Config(
                    application(desk),
                    log_config=None,
                    log_level="error",  # bugs, which go to standard error; who speaks no HTTP is nobody's trouble
                    access_log=False,
                    lifespan="off",
                    loop="asyncio",
                    http="h11",
                    ws="none",
                    proxy_headers=False,
                    server_header=False,
                    limit_concurrency=_CONNECTIONS,
                    timeout_graceful_shutdown=_LEAVING,
                )
            )
            thread = threading.Thread(target=self._serve, args=(server, ear), name="warmup-web")
            thread.start()
            until.callback(thread.join)
            until.callback(setattr, server, "should_exit", True)
            self._until = until.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._until.close()

    def _serve(self, server: uvicorn.Server, ear: socket.socket) -> None:
        try:
            asyncio.run(server.serve([ear]))
        except BaseException as bug:
            self.ended.set_exception(bug)
            raise
        self.ended.set_result(None)


def place(address: str, port: int) -> str:
    """As it stands in a URL."""
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def _listening(listen: tuple[str, int]) -> socket.socket:
    family = socket.AF_INET6 if ipaddress.ip_address(listen[0]).version == 6 else socket.AF_INET
    ear = socket.socket(family, socket.SOCK_STREAM)
    try:
        ear.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        ear.bind(listen)
        ear.listen()
    except OSError as error:
        ear.close()
        raise UsageError(f"{place(*listen)} can't be listened at: {error.strerror}") from error
    return ear
