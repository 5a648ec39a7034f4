"""How old a domain is, as a registry on a real socket tells it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from warmup.dns.age import check

NOW = datetime(2026, 11, 25, tzinfo=UTC)
TOLD = {
    "/domain/old.example": '{"events": [{"eventAction": "registration", "eventDate": "2019-01-02T03:04:05Z"}]}',
    "/domain/new.example": """{"events": [
        {"eventAction": "last changed", "eventDate": "2020-01-02T03:04:05Z"},
        {"eventAction": "registration", "eventDate": "2026-11-10T00:00:00Z"}]}""",
    "/domain/dateless.example": '{"events": [{"eventAction": "expiration", "eventDate": "2030-01-02T03:04:05Z"}]}',
    "/domain/odd.example": '{"events": [7, {"eventAction": "registration", "eventDate": "yesterday"}]}',
    "/domain/list.example": "[]",
    "/domain/text.example": "no such thing",
}


class Registry(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        told = TOLD.get(self.path)
        self.send_response(200 if told else 404)
        self.end_headers()
        self.wfile.write((told or "").encode())

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def registry() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Registry) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("domain", "code"),
    [
        ("old.example", "age-ok"),
        ("mail.old.example", "age-ok"),
        ("new.example", "age-young"),
        ("dateless.example", "age-unknown"),
        ("odd.example", "age-unknown"),
        ("list.example", "age-unknown"),
        ("text.example", "age-unknown"),
        ("nobodys.example", "age-unknown"),
    ],
)
async def test_a_registry_tells_when_a_domain_began(registry: str, domain: str, code: str) -> None:
    (finding,) = await check(domain, NOW, registry=registry, seconds=5)
    assert finding.code == code


async def test_a_registry_that_cannot_be_reached_tells_nothing() -> None:
    (finding,) = await check("old.example", NOW, registry="http://127.0.0.1:1/", seconds=1)
    assert finding.code == "age-unknown"
