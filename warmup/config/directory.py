"""The mail providers that everybody knows, as they come with the program.

Owns: reading `data/providers.toml`, and finding a provider by a domain, an MX or a server. Does not own: what is in it,
or asking DNS (`warmup.discovery`).
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from warmup.model import Endpoint, Security

from .places import packed


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A provider. Its fields are told at the head of `data/providers.toml`."""

    name: str
    title: str
    provider: str
    domains: tuple[str, ...] = ()
    mx: tuple[str, ...] = ()
    smtp: Endpoint
    imap: Endpoint
    login: str = "address"
    auth: tuple[str, ...]
    limits: Mapping[str, int] = field(default_factory=dict)
    note: str = ""
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Directory:
    """All of them."""

    known: tuple[Known, ...]

    @property
    def receivers(self) -> dict[str, str]:
        """Who receives, by domain."""
        return {domain: one.provider for one in self.known for domain in one.domains}

    def of_domain(self, domain: str) -> Known | None:
        """Whose mailboxes are at that very domain."""
        return next((one for one in self.known if domain.lower() in one.domains), None)

    def of_mx(self, host: str) -> Known | None:
        """Who receives at that host: the one whose end of its name is the longest."""
        fitting = [(len(end), one) for one in self.known for end in one.mx if within(host, end)]
        return max(fitting, key=lambda pair: pair[0])[1] if fitting else None

    def of_server(self, server: Endpoint, domain: str) -> Known | None:
        """Whose submission or IMAP server that is, for mailboxes of a domain; a loopback address is nobody's."""
        if server.loopback:
            return None
        fitting = [one for one in self.known if server.host.lower() in {one.smtp.host, one.imap.host}]
        return next((one for one in fitting if domain in one.domains), next(iter(fitting), None))


def within(host: str, domain: str) -> bool:
    """Whether a host is that domain or below it."""
    host = host.lower().rstrip(".")
    return host == domain or host.endswith(f".{domain}")


@cache
def directory() -> Directory:
    return Directory(tuple(_read(tomllib.loads((packed("data") / "providers.toml").read_text("utf-8")))))


def _read(tables: Mapping[str, Mapping[str, Any]]) -> Iterator[Known]:
    for name, table in tables.items():
        lists = {key: tuple(table.get(key, ())) for key in ("domains", "mx", "auth", "sources")}
        servers = {key: _endpoint(table[key]) for key in ("smtp", "imap")}
        yield Known(**{"name": name, "provider": name, **table, **lists, **servers})


def _endpoint(table: Mapping[str, Any]) -> Endpoint:
    return Endpoint(table["host"], table["port"], Security(table["security"]))
