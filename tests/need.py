"""What a test needs from the machine, and what happens where that is missing: a skip that says why; in CI a failure."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import NoReturn

import pytest


def missing(what: str) -> NoReturn:
    """Skips the test, saying what is missing. With CI_STRICT=1 it fails instead, since CI installs everything."""
    if os.environ.get("CI_STRICT") == "1":
        pytest.fail(f"CI must not skip this: {what}", pytrace=False)
    pytest.skip(what)


def wait_until(true: Callable[[], object], what: str, seconds: float = 20) -> None:
    """Returns as soon as `true()` is. Raises TimeoutError, saying what was waited for, after `seconds`."""
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            raise TimeoutError(f"after {seconds:g} s still not so: {what}")
        time.sleep(0.01)
