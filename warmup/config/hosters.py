"""Who sends for whom, as far as it is known: what a submission server's owner asks of a domain's records.

Owns: reading `data/senders.toml`. Does not own: what is in it, building records (`warmup.dns`).
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from .places import packed


@dataclass(frozen=True, slots=True, kw_only=True)
class Hoster:
    """`spf` is the term a record needs, `dkim` where the key is to be got."""

    name: str
    hosts: Sequence[str]
    spf: str
    dkim: str
    source: str


def hoster(host: str) -> Hoster | None:
    """Whose submission server it is; None: the operator's own, or one that isn't known."""
    name = host.lower().rstrip(".")
    return next((one for one in _known() if any(f".{name}".endswith(f".{parent}") for parent in one.hosts)), None)


@cache
def _known() -> Sequence[Hoster]:
    tables = tomllib.loads((packed("data") / "senders.toml").read_text("utf-8"))
    return tuple(Hoster(name=name, **table) for name, table in tables.items())
