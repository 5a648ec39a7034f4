"""Whose servers a mailbox has: as the operator says, or else as they are found.

Owns: what the operator's words and a search come to, telling it, and which hosts a person has to confirm.
Does not own: searching (`warmup.discovery`), signing in (`warmup.daemon.proof`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from warmup.config import Config, Known, directory
from warmup.daemon.trust import trusted
from warmup.discovery import Found, Instruments, Report, Web, discover
from warmup.dns.lookup import Resolver
from warmup.errors import UsageError
from warmup.model import Endpoint, Security

from .entry import PORTS, endpoint, place

_AT_ONCE = 10  # searches
_LIMITS = {
    "messages_per_day": "messages a day",
    "recipients_per_day": "recipients a day",
    "messages_per_hour": "messages an hour",
    "recipients_per_hour": "recipients an hour",
    "messages_per_minute": "messages a minute",
    "smtp_connections": "SMTP connections at a time",
    "imap_connections": "IMAP connections at a time",
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the operator says of the servers."""

    smtp: Endpoint | None
    imap: Endpoint | None
    smtp_security: Security | None = None
    imap_security: Security | None = None

    @classmethod
    def read(
        cls, smtp: str | None, imap: str | None, smtp_security: Security | None, imap_security: Security | None
    ) -> Wanted:
        return cls(
            endpoint("smtp", smtp, smtp_security) if smtp else None,
            endpoint("imap", imap, imap_security) if imap else None,
            smtp_security,
            imap_security,
        )

    @property
    def whole(self) -> bool:
        """Nothing need be searched."""
        return self.smtp is not None and self.imap is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Servers:
    """What it comes to."""

    smtp: Endpoint
    imap: Endpoint
    login: str
    provider: str | None  # who receives, if that is known
    known: Known | None  # whose servers they are
    found: Found | None = None  # None: the operator said it all
    strangers: tuple[str, ...] = ()  # hosts that somebody else than the operator named, outside the domain

    @property
    def oauth_only(self) -> bool:
        """Found to take nothing else; what the operator names is tried as it is."""
        return self.found is not None and self.found.auth == ("oauth",)


def search(addresses: Iterable[str], config: Config) -> Mapping[str, Report]:
    """What is found for each, by address. One address stands for all of its domain."""
    first: dict[str, str] = {}
    domains = {address: address.rpartition("@")[2] for address in addresses}
    for address, domain in domains.items():
        first.setdefault(domain, address)
    reports = dict(zip(first, asyncio.run(_every(first.values(), config)), strict=True))
    return {address: reports[domain] for address, domain in domains.items()}


async def _every(addresses: Iterable[str], config: Config) -> list[Report]:
    tls = trusted(config)
    naming = config.naming
    means = Instruments(directory=directory(), resolver=Resolver(naming.servers, naming.timeout), web=Web(tls), tls=tls)
    places = asyncio.Semaphore(_AT_ONCE)

    async def one(address: str) -> Report:
        async with places:
            return await discover(address, means)

    return await asyncio.gather(*map(one, addresses))


def chosen(address: str, wanted: Wanted, report: Report | None, by_hand: str) -> Servers:
    """The operator's word goes before what was found. `report` is None where nothing was searched.

    Raises `UsageError` when a server is missing; `by_hand` says how to name one.
    """
    found = report.found if report else None
    if found is None and not wanted.whole:
        raise UsageError(f"{address}: {_missed(address, report)}; {by_hand}")
    smtp = wanted.smtp or _guarded("smtp", found, wanted.smtp_security)
    imap = wanted.imap or _guarded("imap", found, wanted.imap_security)
    known = directory().of_server(imap, address.rpartition("@")[2])
    return Servers(
        smtp=smtp,
        imap=imap,
        login=found.login_of(address) if found else _login(address, known),
        provider=(report.provider if report else None) or (known.provider if known else None),
        known=(found.known if found else None) or known,
        found=found,
        strangers=tuple(host for host in found.strangers if host in {smtp.host, imap.host} - _named(wanted))
        if found
        else (),
    )


def _missed(address: str, report: Report | None) -> str:
    if report and report.obstacle:
        return f"its servers can't be found: {report.obstacle}"
    domain = address.rpartition("@")[2]
    return f"nobody says which servers {domain} has (`warmup mailbox discover {domain}` shows who was asked)"


def _guarded(kind: str, found: Found | None, security: Security | None) -> Endpoint:
    """The server found; with another security than it was found with, at the port that is usual for that."""
    assert found is not None, "what isn't found is named"
    server: Endpoint = getattr(found, kind)
    if security is None or security is server.security:
        return server
    return replace(server, port=PORTS[kind, security], security=security)


def _login(address: str, known: Known | None) -> str:
    return address.rpartition("@")[0] if known and known.login == "local" else address


def _named(wanted: Wanted) -> set[str]:
    return {server.host for server in (wanted.smtp, wanted.imap) if server}


def strange(servers: Servers) -> str:
    """Why a person has to say that the hosts are right."""
    found = servers.found
    assert found is not None, "what the operator named is no stranger"
    hosts = ", ".join(servers.strangers)
    return f"{hosts}: outside the mailbox's domain, and only {found.origin} says so, as anybody could"


def options(servers: Servers) -> str:
    """The servers as `mailbox add` takes them."""
    return " ".join((*_options("smtp", servers.smtp), *_options("imap", servers.imap)))


def _options(kind: str, server: Endpoint) -> Iterator[str]:
    yield f"--{kind} {place(server)}"
    if endpoint(kind, place(server), None) != server:
        yield f"--{kind}-security {server.security}"


def told(servers: Servers) -> Iterator[str]:
    """What was found, and what is to be known of it, a line each."""
    found, known = servers.found, servers.known
    if found:
        whose = f", {known.title}" if known else ""
        yield f"found by {found.origin} ({found.evidence}){whose}: {servers.smtp}, {servers.imap}"
    if known:
        yield from known_of(known)


def known_of(known: Known) -> Iterator[str]:
    if known.limits:
        permits = (f"{known.limits[key]:,} {words}" for key, words in _LIMITS.items() if key in known.limits)
        yield f"{known.title} permits {', '.join(permits)}"
    if known.note:
        yield known.note
