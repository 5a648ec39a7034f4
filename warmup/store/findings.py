"""What the last examination of each domain found.

Owns: their rows. Does not own: what a finding means (`warmup.dns`), when a domain is examined (`warmup.daemon.doctor`).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from .tables import finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """A finding in the words of its day: a later version may tell it otherwise."""

    code: str
    of: str
    what: str
    level: str  # ok, note, warning or error
    why: str
    fix: str


@dataclass(frozen=True, slots=True)
class Examination:
    """The last one of a domain."""

    domain: str
    at: datetime
    findings: tuple[Noted, ...]


def put(db: Connection, examination: Examination) -> None:
    """The only one of its domain from now on. It has a finding at least: an examination always finds an MX, or none."""
    assert examination.findings, "an examination that found nothing wasn't one"
    db.execute(delete(finding).where(finding.c.domain == examination.domain))
    common = {"domain": examination.domain, "examined_at": examination.at}
    db.execute(insert(finding), [common | {"place": n} | asdict(one) for n, one in enumerate(examination.findings, 1)])


def last(db: Connection, domains: Collection[str]) -> list[Examination]:
    """Of those domains that have been examined, in their order."""
    found: dict[str, tuple[datetime, list[Noted]]] = {}
    wanted = select(finding).where(finding.c.domain.in_(domains)).order_by(finding.c.domain, finding.c.place)
    for row in db.execute(wanted):
        noted = Noted(code=row.code, of=row.of, what=row.what, level=row.level, why=row.why, fix=row.fix)
        found.setdefault(row.domain, (row.examined_at, []))[1].append(noted)
    return [Examination(domain, at, tuple(these)) for domain, (at, these) in found.items()]
