"""Somebody who asks the dashboard, over a socket of their own, and keeps the cookie that they are given."""

from __future__ import annotations

import http.client
import json
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from warmup.web import Dashboard


@dataclass(frozen=True)
class Answer:
    status: int
    headers: http.client.HTTPMessage
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


class Visitor:
    """`headers` go with every request."""

    def __init__(self, dashboard: Dashboard, **headers: str) -> None:
        self.host = f"127.0.0.1:{dashboard.port}"
        self._port = dashboard.port
        self._headers = {name.replace("_", "-"): value for name, value in headers.items()}
        self.cookie = ""

    def gets(self, path: str, **headers: str) -> Answer:
        return self.asks("GET", path, headers=headers)

    def posts(self, path: str, body: str | None = None, **headers: str) -> Answer:
        return self.asks("POST", path, body=body, headers=headers)

    def fills(self, path: str, **fields: str) -> Answer:
        """Sends a form as a browser at a page of ours does."""
        kind = {"Content-Type": "application/x-www-form-urlencoded", "Origin": f"http://{self.host}"}
        return self.asks("POST", path, body=urlencode(fields), headers=kind | {"Sec-Fetch-Site": "same-origin"})

    def signs_in(self, token: str) -> Answer:
        return self.fills("/sign-in", token=token, next="/")

    def proof(self, path: str = "/") -> str:
        """What the forms on a page carry."""
        found = re.search(r'name="proof" value="([0-9a-f]+)"', self.gets(path).text)
        assert found, "there is no form on that page"
        return found[1]

    def asks(self, method: str, path: str, *, body: str | None = None, headers: dict[str, str] | None = None) -> Answer:
        given = {name.replace("_", "-"): value for name, value in (headers or {}).items()}
        cookie = {"Cookie": self.cookie} if self.cookie else {}
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=20)
        try:
            connection.request(method, path, body, {"Host": self.host} | self._headers | cookie | given)
            answer = connection.getresponse()
            text = answer.read().decode()
        finally:
            connection.close()
        for line in answer.headers.get_all("Set-Cookie") or []:
            self.cookie = line.partition(";")[0]
        return Answer(answer.status, answer.headers, text)
