"""What an examination found, as a row.

Owns: the row. Does not own: examining (`warmup.dns`), which is the last one (`warmup.store.findings`).
"""

from __future__ import annotations

from datetime import datetime

from warmup.dns import Finding


def row(domain: str, at: datetime, finding: Finding) -> dict[str, object]:
    """As it is told to programs; `at` is when `domain` was examined."""
    return {
        "domain": domain,
        "examined_at": at,
        "check": finding.check,
        "code": finding.code,
        "level": str(finding.level),
        "of": finding.of,
        "what": finding.what,
        "why": finding.why or None,
        "fix": finding.fix or None,
    }
