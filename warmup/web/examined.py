"""What the doctor found last of each domain of the pool, the worst first.

Owns: which, and their order. Does not own: examining (`warmup.daemon.doctor`), what a finding looks like
(`warmup.view.findings`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from warmup.daemon.doctor import noted
from warmup.dns import Finding, Level
from warmup.store import Connection, mailboxes


@dataclass(frozen=True, slots=True)
class Examined:
    """A domain; `at` is None while nobody has examined it."""

    domain: str
    at: datetime | None
    findings: Sequence[Finding]

    @property
    def wrong(self) -> Sequence[Finding]:
        """All but what is all right."""
        return [finding for finding in self.findings if finding.level is not Level.OK]

    @property
    def fine(self) -> Sequence[str]:
        """Checks of which something is all right."""
        return list(dict.fromkeys(finding.check for finding in self.findings if finding.level is Level.OK))

    def count(self, level: Level) -> int:
        return sum(finding.level is level for finding in self.findings)


def examined(db: Connection) -> list[Examined]:
    """Every domain of the pool. A work of the store."""
    pool = {mailbox.domain for mailbox in mailboxes.every(db)}
    known = {
        domain: Examined(domain, at, sorted(found, key=lambda finding: -finding.level))
        for domain, at, found in noted(db, pool)
    }
    every = (known.get(domain, Examined(domain, None, ())) for domain in sorted(pool))
    return sorted(every, key=lambda one: -max((finding.level for finding in one.findings), default=Level.OK))
