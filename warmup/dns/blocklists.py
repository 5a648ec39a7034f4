"""Whether an address or a domain stands on a DNS blocklist.

An answer isn't always a listing: lists tell in 127.255.255.0/24 that they don't answer this name server (Spamhaus), in
127.0.0.1 the same or that they are closed, and a name server that answers for what doesn't exist tells nothing at all.

Owns: asking, telling listings from refusals. Does not own: which lists (the configuration).
Sources: RFC 5782 §2.1 (names), §2.3 (127.0.0.0/8), §5 (127.0.0.1 is never a listing); Spamhaus, "DNSBL return codes:
technical update", https://www.spamhaus.org/news/article/788/.
"""

from __future__ import annotations

import ipaddress

from .finding import Finding, found
from .questions import Ask

_LISTINGS = ipaddress.ip_network("127.0.0.0/8")
_REFUSALS = (ipaddress.ip_network("127.255.255.0/24"), ipaddress.ip_network("127.0.0.1/32"))


async def check(subject: str, zone: str, page: str, ask: Ask) -> list[Finding]:
    """`subject` is an address or a domain, `page` where its owner is told more and can have it taken off."""
    name = f"{_reversed(subject)}.{zone}"
    answers = [ipaddress.ip_address(answer) for answer in await ask(name, "A")]
    if not answers:
        return [found("blocklist-ok", subject, f"{subject} isn't listed by {zone}")]
    codes = ", ".join(map(str, answers))
    if any(code not in _LISTINGS or any(code in net for net in _REFUSALS) for code in answers):
        return [found("blocklist-refused", subject, f"{zone} doesn't answer our question about {subject} ({codes})")]
    reason = "; ".join((await ask(name, "TXT"))[:2])
    what = f"{subject} is listed by {zone} ({codes})" + (f": {reason}" if reason else "")
    return [found("blocklist-listed", subject, what, fix=f"That goes here: {page}" if page else "")]


def _reversed(subject: str) -> str:
    try:
        pointer = ipaddress.ip_address(subject).reverse_pointer
    except ValueError:
        return subject
    return pointer.removesuffix(".in-addr.arpa").removesuffix(".ip6.arpa")
