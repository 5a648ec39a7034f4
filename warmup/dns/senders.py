"""Who may send in a domain's name: its SPF record, with all that it includes.

Owns: following a record, counting as receivers do. Does not own: its grammar (`warmup.dns.spf`).
Sources: RFC 7208 §4.4 and §4.5 (one record), §4.6.4 (ten lookups, two voids), §5.2 (include), §6.1 (redirect: only
where no `all` stands). Of `mx` only the lookup itself counts, not those of the names it gives, which have a limit of
their own. Terms with macros depend on the message: they are counted, and not followed.
"""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass, field

from .finding import Finding, found
from .lookup import Unanswered
from .mx import addresses
from .questions import Ask
from .spf import ASKING, Record, Term, parse, records
from .tags import Malformed

LOOKUPS, VOIDS = 10, 2
_NEAR = 9  # lookups
_BOUND = 50  # lookups after which nobody goes on counting
_OCTETS = 450


@dataclass(slots=True)
class Senders:
    """What a record comes to. `record` is None where there is none that can be read."""

    domain: str
    text: str = ""
    record: Record | None = None
    lookups: int = 0
    voids: list[str] = field(default_factory=list)
    faults: list[Finding] = field(default_factory=list)


async def follow(domain: str, ask: Ask) -> Senders:
    """The record that stands at a domain, followed to its ends."""
    texts = records(await ask(domain, "TXT"))
    if not texts:
        return Senders(domain, faults=[found("spf-missing", domain, f"{domain} has no SPF record")])
    if len(texts) > 1:
        return Senders(domain, faults=[found("spf-several", domain, f"{domain} has {len(texts)} SPF records")])
    return await weigh(domain, texts[0], ask)


async def weigh(domain: str, text: str, ask: Ask) -> Senders:
    """A record as it would be judged if it stood at a domain."""
    senders = Senders(domain, text)
    senders.record = await _walk(senders, (domain,), text, ask)
    return senders


async def check(domain: str, ask: Ask) -> list[Finding]:
    return judge(await follow(domain, ask))


def judge(senders: Senders) -> list[Finding]:
    """All that is to be said of a record."""
    faults, domain, record = list(senders.faults), senders.domain, senders.record
    if senders.lookups > LOOKUPS:
        more = f"more than {_BOUND}" if senders.lookups >= _BOUND else str(senders.lookups)
        faults.append(found("spf-lookups", domain, f"the SPF record of {domain} needs {more} lookups"))
    elif senders.lookups >= _NEAR:
        faults.append(found("spf-near", domain, f"the SPF record of {domain} needs {senders.lookups} lookups"))
    if len(senders.voids) > VOIDS:
        names = ", ".join(senders.voids)
        faults.append(found("spf-voids", domain, f"{len(senders.voids)} terms lead nowhere: {names}"))
    if record is not None:
        faults += _said(domain, record)
        if len(senders.text) > _OCTETS:
            faults.append(found("spf-long", domain, f"the SPF record of {domain} has {len(senders.text)} octets"))
    return faults or [found("spf-ok", domain, f"{senders.text} ({senders.lookups} of {LOOKUPS} lookups)")]


def _said(domain: str, record: Record) -> list[Finding]:
    """What a record says by itself."""
    faults = []
    everybody = record.all
    if everybody is not None and everybody.qualifier == "+":
        faults.append(found("spf-all", domain, f"the SPF record of {domain} lets everybody send (+all)"))
    elif (everybody is None and record.redirect is None) or (everybody and everybody.qualifier == "?"):
        ends = "ends in ?all" if everybody else "has no all"
        faults.append(found("spf-open", domain, f"the SPF record of {domain} {ends}"))
    if any(term.name == "ptr" for term in record.used):
        faults.append(found("spf-ptr", domain, f"the SPF record of {domain} uses ptr"))
    return faults


async def _walk(senders: Senders, path: tuple[str, ...], text: str, ask: Ask) -> Record | None:
    at = path[-1]
    try:
        record = parse(text)
    except Malformed as error:
        senders.faults.append(found("spf-syntax", senders.domain, f"the SPF record of {at}: {error}"))
        return None
    for term in record.used:
        if term.name in ASKING and senders.lookups < _BOUND:
            senders.lookups += 1
            await _careful(senders, _term(senders, path, term, ask))
    if record.redirect and record.all is None and senders.lookups < _BOUND:
        senders.lookups += 1
        if "%" not in record.redirect:
            await _careful(senders, _enter(senders, path, f"redirect={record.redirect}", record.redirect, ask))
    return record


async def _careful(senders: Senders, work: Awaitable[None]) -> None:
    """What can't be looked up is told, and the rest is followed all the same."""
    try:
        await work
    except Unanswered as error:
        senders.faults.append(found("spf-failed", senders.domain, str(error)))


async def _term(senders: Senders, path: tuple[str, ...], term: Term, ask: Ask) -> None:
    if term.macro or term.name in {"ptr", "exists"}:
        return
    target = term.value or path[-1]
    if term.name == "include":
        await _enter(senders, path, str(term), target, ask)
    elif not (await ask(target, "MX") if term.name == "mx" else await addresses(target, ask)):
        senders.voids.append(str(term))


async def _enter(senders: Senders, path: tuple[str, ...], word: str, target: str, ask: Ask) -> None:
    """Follow an include or a redirect."""
    target = target.lower().rstrip(".")
    if target in path:
        way = " → ".join((*path, target))
        senders.faults.append(
            found("spf-loop", senders.domain, f"the SPF record of {senders.domain} goes round: {way}")
        )
        return
    texts = await ask(target, "TXT")
    found_there = records(texts)
    if len(found_there) == 1:
        await _walk(senders, (*path, target), found_there[0], ask)
        return
    if not texts:
        senders.voids.append(word)
    many = f"{len(found_there)} SPF records" if found_there else "no SPF record"
    senders.faults.append(
        found("spf-target", senders.domain, f"{word} in the SPF record of {path[-1]}: there is {many}")
    )
