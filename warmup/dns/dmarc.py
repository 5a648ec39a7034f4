"""A DMARC record, read.

Owns: the grammar. Does not own: looking it up (`warmup.dns.policy`).
Sources: RFC 7489 §6.3 (tags), §6.4 (grammar), §6.6.3 (which record).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from .tags import Malformed, tags

_POLICIES = ("none", "quarantine", "reject")
_MAILTO = re.compile(r"mailto:([^@\s!,;]+@([A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+))(?:!\d+[kmgt]?)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """The tags that matter here. `reports` are the URIs of rua as they stand."""

    policy: str
    subdomains: str
    strict_dkim: bool = False
    strict_spf: bool = False
    percent: int = 100
    reports: tuple[str, ...] = ()


def records(texts: Iterable[str]) -> list[str]:
    """Those that are DMARC records."""
    return [text for text in texts if re.match(r"v\s*=\s*DMARC1\s*(?:;|$)", text)]


def parse(text: str) -> Record:
    """Raises `Malformed`, naming the tag."""
    found = tags(text)
    policy = _one_of(found, "p", _POLICIES, "")
    percent = found.get("pct", "100")
    if not re.fullmatch(r"\d{1,3}", percent) or int(percent) > 100:
        raise Malformed(f"pct={percent} isn't a number from 0 to 100")
    return Record(
        policy=policy,
        subdomains=_one_of(found, "sp", _POLICIES, policy),
        strict_dkim=_one_of(found, "adkim", ("r", "s"), "r") == "s",
        strict_spf=_one_of(found, "aspf", ("r", "s"), "r") == "s",
        percent=int(percent),
        reports=tuple(uri.strip() for uri in found["rua"].split(",")) if found.get("rua") else (),
    )


def reported_to(uri: str) -> str | None:
    """The domain of the address that a rua URI names; None: it names none."""
    found = _MAILTO.fullmatch(uri)
    return found[2].lower() if found else None


def _one_of(found: dict[str, str], tag: str, options: tuple[str, ...], default: str) -> str:
    value = found.get(tag, default).lower()
    if value not in options:
        written = f"{tag}={value}" if tag in found else f"{tag}= is missing; it"
        raise Malformed(f"{written} is to be one of {', '.join(options)}")
    return value
