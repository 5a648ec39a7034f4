"""Records to publish, by what stands there now.

Owns: looking up what stands, judging the result. Does not own: building it (`warmup.dns.writing`).
"""

from __future__ import annotations

from collections.abc import Sequence

from . import dkim as key
from . import dmarc as policy
from . import senders
from .finding import Finding
from .questions import Ask
from .spf import records
from .tags import Malformed
from .writing import Draft, dkim_record, dmarc_record, spf_record


async def spf(domain: str, needed: Sequence[str], ask: Ask) -> tuple[Draft, list[Finding]]:
    """The record, and what is to be said of it. Raises `Malformed` of a term that is needed, or if nothing stands and
    nothing is needed: that record would forbid all mail.
    """
    standing = records(await ask(domain, "TXT"))
    if not standing and not needed:
        raise Malformed(f"who sends for {domain} isn't known: register its mailboxes, or name --ip or --include")
    draft = spf_record(domain, standing, needed)
    return draft, senders.judge(await senders.weigh(domain, draft.value, ask))


async def dmarc(domain: str, wanted: str | None, reports: str | None, ask: Ask) -> list[Draft]:
    """The record, and those that other domains have to publish for it and don't."""
    first, *others = dmarc_record(domain, policy.records(await ask(f"_dmarc.{domain}", "TXT")), wanted, reports)
    return [first, *[other for other in others if not policy.records(await ask(other.name, "TXT"))]]


async def dkim(domain: str, selector: str, public: str | None, ask: Ask) -> tuple[Draft | None, list[Finding]]:
    """The record of a public key, or what is to be said of the one that stands there. Raises `Malformed`."""
    name = f"{selector}._domainkey.{domain}"
    standing = await ask(name, "TXT")
    if public is None:
        return None, list(key.judge(name, standing))
    draft = dkim_record(domain, selector, public, standing)
    return draft, list(key.judge(name, [draft.value]))
