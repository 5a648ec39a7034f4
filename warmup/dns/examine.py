"""A domain, examined: every check there is, of what is known of it.

A check that can't be made, since a name server is silent, is a note and keeps no other from being made.

Owns: which checks, and with what. Does not own: the checks; when, and what follows from them (`warmup.daemon.doctor`).
"""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from datetime import datetime

from warmup.model import Endpoint, Security

from . import age, blocklists, dkim, doors, mx, policy, reverse, seen, senders
from .doors import Door
from .finding import Finding, found
from .lookup import Unanswered
from .questions import Ask
from .seen import Witness

_SMTP = 25


@dataclass(frozen=True, slots=True)
class Blocklist:
    """A zone that is asked about `addresses` or about domains, and the page of whoever is listed."""

    zone: str
    addresses: bool
    page: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is known of a sending domain. `addresses` are the operator's own, from which its mail leaves."""

    domain: str
    selectors: Sequence[str] = ()
    addresses: Sequence[str] = ()
    witnesses: Sequence[Witness] = ()
    doors: Sequence[Door] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruments:
    """What it is examined with. `seconds` is how long a server may take."""

    ask: Ask
    tls: ssl.SSLContext
    now: datetime
    hello: str = "[127.0.0.1]"
    blocklists: Sequence[Blocklist] = ()
    seconds: float = 15.0
    mx_port: int = _SMTP
    registry: str | None = None  # the URL of who knows how old domains are; None: nobody is asked


async def examine(subject: Subject, means: Instruments) -> list[Finding]:
    """Everything found, check by check, what is the same told once."""
    domain, ask = subject.domain, means.ask
    told = [
        *await _careful("mx", domain, mx.check(domain, ask)),
        *await _careful("spf", domain, senders.check(domain, ask)),
        *await _keys(subject, ask),
        *await _careful("dmarc", domain, policy.check(domain, ask)),
    ]
    for address in _sources(subject):
        told += await _careful("rdns", address, reverse.check(address, ask))
    for one in means.blocklists:
        for listed in subject.addresses if one.addresses else [domain]:
            told += await _careful("blocklist", listed, blocklists.check(listed, one.zone, one.page, ask))
    for door in [*subject.doors, *await _mx_doors(domain, means)]:
        told += await doors.check(door, means.tls, hello=means.hello, now=means.now, seconds=means.seconds)
    for witness in subject.witnesses:
        told += seen.judge(witness)
    if means.registry is not None:
        told += await age.check(domain, means.now, registry=means.registry, seconds=means.seconds)
    return _once(told)


def _sources(subject: Subject) -> list[str]:
    """The addresses its mail leaves from: the operator's own, else those that receivers saw."""
    learnt = sorted({witness.trace.address for witness in subject.witnesses if witness.trace.address})
    return [*subject.addresses] or learnt


async def _keys(subject: Subject, ask: Ask) -> list[Finding]:
    """Of every selector that was named or seen."""
    domain = subject.domain
    names = {f"{selector}._domainkey.{domain}" for selector in subject.selectors} | {
        f"{signature.selector}._domainkey.{signature.domain}"
        for witness in subject.witnesses
        for signature in witness.trace.signatures
        if seen.aligned(domain, signature.domain)
    }
    if not names and not subject.witnesses:
        return [found("dkim-unknown", domain, f"which DKIM key {domain} signs with isn't known yet")]
    told: list[Finding] = []
    for name in sorted(names):
        told += await _careful("dkim", name, _key(name, ask))
    return told


async def _key(name: str, ask: Ask) -> list[Finding]:
    return list(dkim.judge(name, await ask(name, "TXT")))


async def _mx_doors(domain: str, means: Instruments) -> list[Door]:
    """The door mail comes in by: the first MX."""
    try:
        hosts = [host for host in await mx.servers(domain, means.ask) if host]
    except Unanswered:
        return []
    return [Door(endpoint=Endpoint(hosts[0], means.mx_port, Security.STARTTLS), trade="mx")] if hosts else []


async def _careful(check: str, of: str, work: Awaitable[list[Finding]]) -> list[Finding]:
    try:
        return await work
    except Unanswered as error:
        return [found(f"{check}-failed", of, str(error))]


def _once(told: Sequence[Finding]) -> list[Finding]:
    """What several messages tell is told once."""
    first: dict[tuple[str, str], Finding] = {}
    for finding in told:
        first.setdefault((finding.code, finding.of if finding.check != "clock" else ""), finding)
    return list(first.values())
