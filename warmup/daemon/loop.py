"""Which event loop the daemon lives on: asyncio's own, or uvloop where it is installed.

Owns: the choice, and its name. Does not own: uvloop (`warmup.daemon.uv`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from warmup.errors import ConfigError

Factory = Callable[[], asyncio.AbstractEventLoop]


def factory(wanted: str) -> Factory:
    """What makes the loop that `service.event_loop` wants. Raises `ConfigError` for one that isn't installed."""
    if wanted == "asyncio":
        return asyncio.new_event_loop
    try:
        from .uv import Loop
    except ModuleNotFoundError as error:
        if wanted == "auto":
            return asyncio.new_event_loop
        raise ConfigError(f'service.event_loop is "{wanted}", which isn\'t installed; install warmup[speed]') from error
    return Loop


def name(loop: asyncio.AbstractEventLoop) -> str:
    """Which of the two it is."""
    return "asyncio" if isinstance(loop, asyncio.BaseEventLoop) else "uvloop"
