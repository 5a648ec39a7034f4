"""Asking DNS, so that what it says and what it doesn't say are told apart.

What came of a question is a value, however little there is in it: that a name has no such records, that there is no
such name, that the server failed, that none of them answered. Nothing is raised here; who wants only records, and can
do nothing without, raises `Unanswered`.

Owns: the only conversation with dnspython; names outside ASCII; TXT records joined; aliases followed.
Does not own: what records mean (the other modules here, `warmup.discovery`), remembering answers.
Sources: RFC 1035 §3.3 (records), RFC 2308 §2 (no name, no data), RFC 7208 §3.3 (TXT strings are joined without a gap),
RFC 8020 (no name is no name below it either), RFC 5890 (IDNA).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import cast

import dns.asyncresolver
import dns.exception
import dns.name
import dns.nameserver
import dns.rdata
import dns.rdatatype
import dns.resolver
from dns.rdtypes.txtbase import TXTBase

SECONDS = 5.0  # for a question, all tries at all servers together: dnspython's own measure


class Unanswered(Exception):
    """Nobody knows: the name server failed, or none answered. The text is one line. It may pass."""


class Outcome(StrEnum):
    """What came of a question."""

    FOUND = "found"
    NO_DATA = "no data"  # the name exists, without such records
    NO_NAME = "no name"  # NXDOMAIN, or what was asked for can't be a name
    FAILED = "failed"  # SERVFAIL, REFUSED, nonsense
    SILENT = "silent"  # nobody answered in time, or there is nobody to ask


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What is known of a name after asking. `records` are as a zone file has them (MX "10 mx.example.org."), in no
    order; TXT records are what their strings say together, without quotes.
    """

    name: str
    kind: str
    outcome: Outcome
    records: tuple[str, ...] = ()
    canonical: str  # the name at the end of the aliases, with its dot; `name` itself if it is none
    why: str = ""  # of FAILED and SILENT, in one line

    @property
    def known(self) -> bool:
        """Whether this is the truth about the name, and not a trouble that may pass."""
        return self.outcome not in {Outcome.FAILED, Outcome.SILENT}

    def __str__(self) -> str:
        if self.outcome is Outcome.FOUND:
            return f"{self.kind} of {self.name}: {', '.join(self.records)}"
        told = {Outcome.NO_DATA: f"has no {self.kind} record", Outcome.NO_NAME: "doesn't exist"}
        return f"{self.name} {told.get(self.outcome, f'{self.kind}: {self.why}')}"


@dataclass(frozen=True, slots=True)
class Resolver:
    """Somebody to ask: `servers` (address and port), or else those that the machine asks (resolv.conf(5))."""

    servers: Sequence[tuple[str, int]] = ()
    seconds: float = SECONDS

    async def ask(self, name: str, kind: str) -> Answer:
        """The records of that type at `name`, which is absolute with or without its last dot. Raises nothing that
        isn't a bug.
        """
        try:
            asked = dns.name.from_text(name.lower(), idna_codec=dns.name.IDNA_2008_Practical)
        except (dns.exception.DNSException, UnicodeError) as error:
            return Answer(name=name, kind=kind, outcome=Outcome.NO_NAME, canonical=name, why=_line(error))
        try:
            answer = await self._resolver().resolve(asked, kind, search=False, raise_on_no_answer=False)
        except dns.resolver.NXDOMAIN as error:
            canonical = error.canonical_name.to_text()
            return Answer(name=name, kind=kind, outcome=Outcome.NO_NAME, canonical=canonical)
        except dns.exception.DNSException as error:
            outcome, why = _trouble(error)
            return Answer(name=name, kind=kind, outcome=outcome, canonical=asked.to_text(), why=why)
        return Answer(
            name=name,
            kind=kind,
            outcome=Outcome.NO_DATA if answer.rrset is None else Outcome.FOUND,
            records=tuple(_text(record) for record in answer.rrset or ()),
            canonical=answer.canonical_name.to_text(),
        )

    def _resolver(self) -> dns.asyncresolver.Resolver:
        resolver = dns.asyncresolver.Resolver(configure=not self.servers)
        if self.servers:
            resolver.nameservers = [dns.nameserver.Do53Nameserver(address, port) for address, port in self.servers]
        resolver.lifetime = self.seconds
        return resolver


def _text(record: dns.rdata.Rdata) -> str:
    if record.rdtype == dns.rdatatype.TXT:
        return b"".join(cast(TXTBase, record).strings).decode("utf-8", "replace")
    return record.to_text()


def _trouble(error: dns.exception.DNSException) -> tuple[Outcome, str]:
    """What it is called when there is no answer, or one that says nothing."""
    if isinstance(error, dns.resolver.NoResolverConfiguration):
        return Outcome.SILENT, "this machine has no name server (there is none in /etc/resolv.conf)"
    if isinstance(error, dns.resolver.LifetimeTimeout):
        return Outcome.SILENT, "no name server answers"
    if isinstance(error, dns.resolver.NoNameservers):
        # (server, over TCP, port, what went wrong or which code it gave, its response if there was one)
        attempts: list[tuple[str, bool, int, object, object]] = error.kwargs["errors"]
        said = [str(what) for *_, what, response in attempts if response is not None]
        if said:
            return Outcome.FAILED, f"the name server says {said[-1]}"
        return Outcome.SILENT, "no name server can be reached"
    return Outcome.FAILED, _line(error)


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())
