"""What a domain wants done with mail that only pretends to be its own: its DMARC record.

Owns: finding it, the addresses reports go to. Does not own: its grammar (`warmup.dns.dmarc`).
Sources: RFC 7489 §6.6.3 (discovery), §7.1 (reports to another domain). The record of a parent domain is looked for
label by label, which finds the organisational domain's without a list of public suffixes.
"""

from __future__ import annotations

from .dmarc import Record, parse, records, reported_to
from .finding import Finding, found
from .questions import Ask
from .tags import Malformed
from .trace import kin

_LABELS = 8  # of a name, looked at


async def standing(domain: str, ask: Ask) -> tuple[str, list[str]]:
    """Where the records that hold for a domain stand, and they."""
    labels = domain.split(".")[-_LABELS:]
    for first in range(len(labels) - 1):
        where = domain if first == 0 else ".".join(labels[first:])
        if texts := records(await ask(f"_dmarc.{where}", "TXT")):
            return where, texts
    return domain, []


async def check(domain: str, ask: Ask) -> list[Finding]:
    where, texts = await standing(domain, ask)
    if not texts:
        return [found("dmarc-missing", domain, f"{domain} has no DMARC record")]
    if len(texts) > 1:
        return [found("dmarc-several", domain, f"{where} has {len(texts)} DMARC records")]
    try:
        record = parse(texts[0])
    except Malformed as error:
        return [found("dmarc-syntax", domain, f"the DMARC record of {where}: {error}")]
    faults = _said(domain, record, inherited=where != domain)
    for uri in record.reports:
        faults += await _reports(domain, where, uri, ask)
    heir = "" if where == domain else f" (of {where})"
    return faults or [found("dmarc-ok", domain, f"{texts[0]}{heir}")]


def _said(domain: str, record: Record, *, inherited: bool) -> list[Finding]:
    policy = record.subdomains if inherited else record.policy
    faults = []
    if policy == "none":
        faults.append(found("dmarc-none", domain, f"the DMARC policy of {domain} is none"))
    elif record.percent < 100:
        faults.append(found("dmarc-partial", domain, f"the DMARC policy holds for {record.percent} % (pct)"))
    if not record.reports:
        faults.append(found("dmarc-blind", domain, f"the DMARC record of {domain} names no address for reports (rua)"))
    return faults


async def _reports(domain: str, where: str, uri: str, ask: Ask) -> list[Finding]:
    target = reported_to(uri)
    if target is None:
        return [found("dmarc-rua", domain, f"rua has {uri!r}, which is no mailto: address")]
    if kin(target) == kin(where):
        return []
    name = f"{where}._report._dmarc.{target}"
    if records(await ask(name, "TXT")):
        return []
    return [found("dmarc-external", domain, f"reports go to {target}, which doesn't say at {name} that it takes them")]
