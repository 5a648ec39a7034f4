"""How sending domains are examined: the [doctor] table, and the blocklists that come with the program.

Owns: their keys. Does not own: examining (`warmup.dns`), what follows from it (`warmup.daemon.doctor`).
"""

from __future__ import annotations

import ipaddress
import tomllib
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import cache
from typing import Any

from .document import Table
from .places import packed
from .tree import Blocklist, Doctor
from .values import boolean, choice, duration, each, matching, text, wrong

REQUIRED = ("mx", "spf", "dkim", "dmarc", "rdns", "blocklist")  # the checks that can hold a domain
_USUAL = ("zen.spamhaus.org", "bl.spamcop.net", "psbl.surriel.com", "dbl.spamhaus.org")
_zone = matching(r"(?i)[a-z0-9_-]+(\.[a-z0-9_-]+)+", 'a zone of DNS, like "zen.spamhaus.org"')
_period = duration("1h", "30d")


def doctor(table: Table) -> Doctor:
    zones = table.take("blocklists", _or_none(each(_zone)), _USUAL)
    return Doctor(
        every=table.take("every", _every, timedelta(days=1)),
        require=frozenset(table.take("require", _or_none(each(choice(*REQUIRED))), ())),
        addresses=table.take("addresses", _or_none(each(_address)), ()),
        blocklists=tuple(_blocklist(zone.lower()) for zone in zones),
        age=table.take("age", boolean, False),
    )


def _every(value: Any) -> timedelta | None:
    return None if value == "never" else _period(value)


def _or_none(read: Callable[[Any], tuple[str, ...]]) -> Callable[[Any], tuple[str, ...]]:
    """A list that may be empty."""
    return lambda value: () if value == [] else read(value)


def _address(value: Any) -> str:
    try:
        return str(ipaddress.ip_address(text(value)))
    except ValueError as error:
        raise wrong(f'{value!r} is no address; write one like "192.0.2.1"') from error


def _blocklist(zone: str) -> Blocklist:
    known = _known().get(zone, {})
    return Blocklist(zone=zone, addresses=known.get("lists") != "domains", page=known.get("page", ""))


@cache
def _known() -> Mapping[str, Mapping[str, str]]:
    return tomllib.loads((packed("data") / "blocklists.toml").read_text("utf-8"))
