"""What a search comes to.

Owns: the values, and which hosts are strangers to a domain. Does not own: searching.
Sources: RFC 6186 §6 (a host outside the domain is to be confirmed).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from warmup.config.directory import Known, within
from warmup.model import Endpoint

ADDRESS, LOCAL, DOMAIN = "%EMAILADDRESS%", "%EMAILLOCALPART%", "%EMAILDOMAIN%"  # autoconfig's words for them


class Origin(StrEnum):
    """Who said so."""

    KNOWN = "known provider"
    MX = "MX"
    SRV = "SRV"
    AUTOCONFIG = "autoconfig"
    NAMES = "usual names"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A mailbox's two servers, and how to sign in there."""

    smtp: Endpoint
    imap: Endpoint
    login: str = ADDRESS  # with the three words above in place of what they stand for
    auth: tuple[str, ...] = ("password",)  # "password", "app password", "oauth"; the first is the one to choose
    origin: Origin
    evidence: str  # the record, the page
    known: Known | None = None
    strangers: tuple[str, ...] = ()  # hosts that a person has to confirm

    def login_of(self, address: str) -> str:
        local, _, domain = address.rpartition("@")
        return self.login.replace(ADDRESS, address).replace(LOCAL, local).replace(DOMAIN, domain)


@dataclass(frozen=True, slots=True)
class Step:
    """Somebody who was asked, and what they said, in a few words."""

    asked: str
    said: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All that a search found out."""

    domain: str  # in its form for DNS
    found: Found | None
    provider: str | None  # who receives for the domain, if it is a known provider
    steps: tuple[Step, ...]
    obstacle: str = ""  # why nothing could be found, if that isn't because nobody knows


def strange(domain: str, *servers: Endpoint) -> tuple[str, ...]:
    """The hosts among them that aren't in the domain, each once."""
    return tuple(dict.fromkeys(one.host for one in servers if not within(one.host, domain)))
