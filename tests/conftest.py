"""The servers that any test may ask for: `nameserver`, `postgres_url` and `ground`; and the loop that tests run on."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from warmup.daemon.loop import Factory, factory

pytest_plugins = ("tests.nameserver", "tests.postgres", "tests.real.ground")

LOOPS = ("asyncio", "uvloop")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--loop", choices=LOOPS, default=LOOPS[0], help="what asynchronous tests run on (asyncio)")


def pytest_asyncio_loop_factories(config: pytest.Config, item: pytest.Item) -> Mapping[str, Factory]:
    """The one that was asked for; to a test that names its own, `mark.asyncio(loop_factories=…)`, all there are."""
    marked = item.get_closest_marker("asyncio")
    names = LOOPS if marked and "loop_factories" in marked.kwargs else (config.getoption("--loop"),)
    return {name: factory(name) for name in names}
