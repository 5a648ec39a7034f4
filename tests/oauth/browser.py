"""A browser with somebody at it."""

from __future__ import annotations

import ssl
import threading
import urllib.error
import urllib.request
from urllib.parse import parse_qs, urlsplit


class Browser:
    """Opens what it is shown, follows where it is sent, and keeps the last page."""

    def __init__(self, tls: ssl.SSLContext) -> None:
        handlers = urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=tls)
        self._opener = urllib.request.build_opener(*handlers)
        self.pages: list[tuple[int, str]] = []
        self.shown = ""
        self._thread: threading.Thread | None = None

    def __call__(self, address: str) -> None:
        self.shown = address
        self._thread = threading.Thread(target=self.opens, args=(address,), daemon=True)
        self._thread.start()

    def opens(self, address: str) -> None:
        try:
            with self._opener.open(address, timeout=10) as page:
                self.pages.append((page.status, page.read().decode()))
        except urllib.error.HTTPError as error:
            with error:
                self.pages.append((error.code, error.read().decode()))

    @property
    def asked(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(urlsplit(self.shown).query).items()}

    def done(self) -> None:
        assert self._thread is not None
        self._thread.join(10)
