"""Fetching: https only, bounded in time and size, against a real server."""

from __future__ import annotations

import re

import pytest

from tests.discovery.conftest import SETTINGS, Build
from warmup.discovery.web import NotFetched

PAGE = "https://host.test/page"


@pytest.mark.parametrize(
    ("pages", "body"),
    [
        ({PAGE: b"body"}, b"body"),
        ({PAGE: "chunked"}, SETTINGS.encode()),
        ({PAGE: "301 https://other.test/x", "https://other.test/x": b"there"}, b"there"),
        ({PAGE: "302 /x", "https://host.test/x": b"below"}, b"below"),
    ],
    ids=["body", "chunked", "elsewhere", "relative"],
)
async def test_a_file_is_fetched(build: Build, pages: dict[str, bytes | str], body: bytes) -> None:
    assert await (await build({}, pages)).web.get(PAGE) == body


@pytest.mark.parametrize(
    ("pages", "why"),
    [
        ({PAGE: "404"}, "HTTP 404"),
        ({PAGE: "500"}, "HTTP 500"),
        ({PAGE: "301 http://host.test/page"}, "it redirects to http://host.test/page, and that isn't https"),
        ({PAGE: "301 file:///etc/passwd"}, "it redirects to file:///etc/passwd, and that isn't https"),
        ({PAGE: "301 https://a:b@host.test/"}, "it redirects to https://a:b@host.test/, and that isn't https"),
        ({PAGE: f"301 {PAGE}"}, "it redirects too often"),
        ({PAGE: "nonsense"}, "it doesn't speak HTTP"),
        ({PAGE: b"x" * 200_000}, "it is longer than 100000 octets"),
        ({PAGE: "hang"}, "no answer within 0.2 s"),
        ({}, "connections are refused"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_what_is_no_such_file_is_told(build: Build, pages: dict[str, bytes | str], why: str) -> None:
    world = await build({}, pages, seconds=0.2)
    with pytest.raises(NotFetched, match=re.escape(why)):
        await world.web.get(PAGE)


async def test_a_certificate_for_another_name_is_not_trusted(build: Build) -> None:
    world = await build({}, {PAGE: b"body"})
    web = type(world.web)(world.tls, 5, lambda *_: world.web.where("host.test", 443))
    with pytest.raises(NotFetched, match="the certificate isn't trusted: Hostname mismatch"):
        await web.get("https://another.test/page")


async def test_no_proxy_of_the_environment_is_used(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    assert await (await build({}, {PAGE: b"body"})).web.get(PAGE) == b"body"
