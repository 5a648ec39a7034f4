"""The order of asking, from the surest to the least sure, until somebody knows.

Owns: that order, and what of the answers is taken. Does not own: how each of them is asked (the modules beside it).
Sources: RFC 6186 §6 (confirmation), RFC 7505 (null MX).
"""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass, replace

from warmup.address import wire
from warmup.config.directory import Directory, Known
from warmup.dns.lookup import Outcome, Resolver
from warmup.model import Endpoint

from . import autoconfig, names, srv
from .autoconfig import Refused
from .found import ADDRESS, LOCAL, Found, Origin, Report, Step, strange
from .web import NotFetched, Web


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruments:
    """What a search asks with."""

    directory: Directory
    resolver: Resolver
    web: Web
    tls: ssl.SSLContext


async def discover(address: str, means: Instruments) -> Report:
    """What is to be found out about the servers of an address, or of a domain that stands alone. Raises nothing that
    isn't a bug: what goes wrong is in the report.
    """
    local, _, domain = address.rpartition("@")
    search = _Search(wire(f"x@{domain}").rpartition("@")[2].lower(), address if local else None, means)
    return await search.run()


class _Search:
    def __init__(self, domain: str, address: str | None, means: Instruments) -> None:
        self._domain = domain
        self._address = address
        self._means = means
        self._steps: list[Step] = []
        self._provider: str | None = None
        self._obstacle = ""

    async def run(self) -> Report:
        found = None
        for way in (self._by_domain, self._by_mx, self._by_srv, self._by_autoconfig, self._by_name):
            found = await way()
            if found or self._obstacle:
                break
        return Report(
            domain=self._domain,
            found=found,
            provider=self._provider,
            steps=tuple(self._steps),
            obstacle=self._obstacle,
        )

    def _note(self, asked: str, said: str) -> None:
        self._steps.append(Step(asked, said))

    async def _by_domain(self) -> Found | None:
        known = self._means.directory.of_domain(self._domain)
        self._note("known providers", known.title if known else f"{self._domain} is none of theirs")
        return self._at(known, Origin.KNOWN, f"{self._domain} is {known.title}") if known else None

    async def _by_mx(self) -> Found | None:
        answer = await self._means.resolver.ask(self._domain, "MX")
        ranked = sorted((int(rank), host.rstrip(".").lower()) for rank, host in map(str.split, answer.records))
        hosts = [host for _, host in ranked if host]
        if answer.outcome is Outcome.SILENT:
            self._obstacle = answer.why
        elif answer.outcome is Outcome.NO_NAME:
            self._obstacle = f"there is no domain {self._domain}"
        known = next(filter(None, map(self._means.directory.of_mx, hosts)), None)
        if known is None:
            told = f"{', '.join(hosts)}: no known provider's" if hosts else answer.why or "none"
            self._note("MX", self._obstacle or told)
            return None
        self._note("MX", f"{', '.join(hosts)}: {known.title}")
        return self._at(known, Origin.MX, hosts[0])

    def _at(self, known: Known, origin: Origin, evidence: str) -> Found:
        """The servers in the list are the providers' own: nobody need confirm them."""
        self._provider = known.provider
        return Found(
            smtp=known.smtp,
            imap=known.imap,
            login=LOCAL if known.login == "local" else ADDRESS,
            auth=known.auth,
            origin=origin,
            evidence=evidence,
            known=known,
        )

    async def _by_srv(self) -> Found | None:
        smtp, imap, told = await srv.servers(self._domain, self._means.resolver)
        self._note("SRV", told)
        return self._of(smtp, imap, Origin.SRV, told) if smtp and imap else None

    async def _by_autoconfig(self) -> Found | None:
        own = autoconfig.own(self._domain, self._address)
        for urls in (own, (autoconfig.mozilla(self._domain),)):
            settings = await asyncio.gather(*map(self._file, urls))
            for url, file in zip(urls, settings, strict=True):
                self._note(_plain(url), file if isinstance(file, str) else f"{file.smtp}, {file.imap}")
            for url, file in zip(urls, settings, strict=True):
                if not isinstance(file, str):
                    found = self._of(file.smtp, file.imap, Origin.AUTOCONFIG, _plain(url))
                    return replace(found, login=file.login, auth=file.auth)
        return None

    async def _file(self, url: str) -> autoconfig.Settings | str:
        """The settings at an URL, or why there are none."""
        try:
            return autoconfig.read(await self._means.web.get(url), self._domain, self._address)
        except NotFetched as why:
            return str(why)
        except Refused as why:
            return f"refused: {why}"

    async def _by_name(self) -> Found | None:
        smtp, imap = await asyncio.gather(
            *(names.greeting(kind, names.usual(kind, self._domain), self._means.tls) for kind in ("smtp", "imap"))
        )
        told = f"{smtp or 'nobody'} and {imap or 'nobody'} greet"
        self._note("usual names", told)
        return self._of(smtp, imap, Origin.NAMES, told) if smtp and imap else None

    def _of(self, smtp: Endpoint, imap: Endpoint, origin: Origin, evidence: str) -> Found:
        """Servers that somebody named: hosts outside the domain are to be confirmed."""
        return Found(
            smtp=smtp,
            imap=imap,
            origin=origin,
            evidence=evidence,
            known=self._means.directory.of_server(imap, self._domain),
            strangers=strange(self._domain, smtp, imap),
        )


def _plain(url: str) -> str:
    """An URL without the address in it."""
    return url.partition("?")[0]
