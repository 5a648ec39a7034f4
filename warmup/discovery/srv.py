"""Servers that a domain names in its SRV records.

Of each kind the lowest priority counts, and in it the greatest weight: a mailbox has one server, that is remembered, so
there is no dice to roll. TLS from the first byte goes before STARTTLS. A target "." means that the service isn't there.

Owns: which records are asked for and which counts. Does not own: whether their hosts are to be trusted
(`warmup.discovery.search`).
Sources: RFC 6186 §3 (names, "."), RFC 8314 §5.1 (_submissions; TLS first), RFC 2782 (priority, weight).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from warmup.dns.lookup import Answer, Resolver
from warmup.model import Endpoint, Security

_SMTP = (("_submissions._tcp", Security.TLS), ("_submission._tcp", Security.STARTTLS))
_IMAP = (("_imaps._tcp", Security.TLS), ("_imap._tcp", Security.STARTTLS))


async def servers(domain: str, resolver: Resolver) -> tuple[Endpoint | None, Endpoint | None, str]:
    """The submission server, the IMAP server, and in a few words what is there."""
    kinds = (*_SMTP, *_IMAP)
    answers = await asyncio.gather(*(resolver.ask(f"{name}.{domain}", "SRV") for name, _ in kinds))
    best = [_best(answer, security) for answer, (_, security) in zip(answers, kinds, strict=True)]
    smtp, imap = best[: len(_SMTP)], best[len(_SMTP) :]
    return next(filter(None, smtp), None), next(filter(None, imap), None), _told(answers)


def _best(answer: Answer, security: Security) -> Endpoint | None:
    offered = []
    for record in answer.records:
        priority, weight, port, target = record.split()
        offered.append((int(priority), -int(weight), target.rstrip(".").lower(), int(port)))
    usable = ((host, port) for _, _, host, port in sorted(offered) if host and port)
    return next((Endpoint(host, port, security) for host, port in usable), None)


def _told(answers: Sequence[Answer]) -> str:
    records = [f"{answer.name.partition('.')[0]} {record}" for answer in answers for record in answer.records]
    troubles = [answer.why for answer in answers if not answer.known]
    return "; ".join((*records, *dict.fromkeys(troubles))) or "no records"
