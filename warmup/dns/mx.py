"""Where mail to a domain goes.

Owns: the MX records and the names in them. Does not own: what stands at the door there (`warmup.dns.doors`).
Sources: RFC 5321 §5.1 (MX, and the address of a domain without), RFC 7505 (null MX), RFC 2181 §10.3 (no alias).
"""

from __future__ import annotations

import ipaddress
from collections.abc import AsyncIterator
from itertools import islice

from .finding import Finding, found
from .questions import Ask

_MOST = 10  # servers looked at


async def servers(domain: str, ask: Ask) -> list[str]:
    """The names in the MX records, the most preferred first, without a dot at the end; [""] is a null MX."""
    pairs = (record.split() for record in await ask(domain, "MX"))
    ranked = sorted((int(pair[0]), pair[1].rstrip(".").lower()) for pair in pairs)
    return [host for _, host in ranked]


async def check(domain: str, ask: Ask) -> list[Finding]:
    hosts = await servers(domain, ask)
    if not hosts:
        if await addresses(domain, ask):
            return [found("mx-implicit", domain, f"{domain} has no MX record, only an address")]
        return [found("mx-missing", domain, f"{domain} has no MX record and no address")]
    if hosts == [""]:
        return [found("mx-null", domain, f"the MX record of {domain} is null")]
    faults = [fault for host in islice(hosts, _MOST) async for fault in _faults(domain, host, ask)]
    return faults or [found("mx-ok", domain, ", ".join(hosts))]


async def addresses(host: str, ask: Ask) -> list[str]:
    """IPv4 and IPv6, in that order."""
    return [*await ask(host, "A"), *await ask(host, "AAAA")]


async def _faults(domain: str, host: str, ask: Ask) -> AsyncIterator[Finding]:
    if _literal(host):
        yield found("mx-literal", domain, f"the MX record of {domain} has an address, {host}, for a name")
        return
    if await ask(host, "CNAME"):
        yield found("mx-alias", domain, f"the MX {host} is an alias (CNAME)")
    if not await addresses(host, ask):
        yield found("mx-unresolved", domain, f"the MX {host or '.'} has no address")


def _literal(host: str) -> bool:
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True
