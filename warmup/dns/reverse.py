"""The name of an address, and whether it leads back: forward-confirmed reverse DNS.

Owns: that. Does not own: which address mail leaves from (`warmup.dns.trace`, the operator).
Sources: RFC 1035 §3.5 and RFC 3596 §2.5 (in-addr.arpa, ip6.arpa), RFC 8601 §2.7.3 (iprev).
"""

from __future__ import annotations

import ipaddress

from .finding import Finding, found
from .mx import addresses
from .questions import Ask

_MOST = 10  # names looked at


async def check(address: str, ask: Ask) -> list[Finding]:
    this = ipaddress.ip_address(address)
    names = [name.rstrip(".").lower() for name in await ask(this.reverse_pointer, "PTR")][:_MOST]
    if not names:
        return [found("rdns-missing", address, f"{address} has no name (PTR)")]
    for name in names:
        if this in map(ipaddress.ip_address, await addresses(name, ask)):
            return [found("rdns-ok", address, f"{address} is {name}")]
    return [found("rdns-unconfirmed", address, f"{address} is called {', '.join(names)}, and that doesn't lead back")]
