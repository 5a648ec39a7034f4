"""What receivers saw of messages of ours, judged.

Owns: the verdict on SPF, DKIM and DMARC as they were seen, and on our clock. Does not own: reading a header
(`warmup.dns.trace`).
Sources: RFC 8601 §2.7 (results), RFC 7489 §3.1 (alignment).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from .authres import Result
from .finding import Finding, found
from .trace import Trace, kin

_SKEW = timedelta(minutes=5)  # Kerberos's figure; signatures and mail filters bear more
_FAILED = frozenset({"fail", "softfail", "permerror", "policy", "hardfail"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """A message of ours as it was received: from a `domain`, `by` whom, and when we sent it by our own clock."""

    domain: str
    by: str
    sent_at: datetime
    trace: Trace


def judge(witness: Witness) -> list[Finding]:
    """What one message tells of its sender's domain."""
    return [*_authenticated(witness), *_clock(witness)]


def aligned(domain: str, other: str) -> bool:
    """Whether DMARC would count a pass of the other domain for this one, if it isn't strict."""
    return domain == other or (bool(kin(domain)) and kin(domain) == kin(other))


def _authenticated(witness: Witness) -> Iterator[Finding]:
    seen, domain, by = witness.trace.seen, witness.domain, witness.by
    if not any(aligned(domain, signature.domain) for signature in witness.trace.signatures):
        signers = ", ".join(sorted({signature.domain for signature in witness.trace.signatures}))
        instead = f", but for {signers}" if signers else ""
        yield found("dkim-unsigned", domain, f"a message from {domain} to {by} wasn't signed for {domain}{instead}")
    if seen is None:
        yield found("seen-nothing", domain, f"{by} tells nothing of what it saw")
        return
    faults = [*_spf(witness), *_dkim(witness), *_dmarc(witness)]
    said = ", ".join(f"{result.method}={result.result}" for result in seen.results)
    yield from faults or [found("seen-ok", domain, f"{by} saw {said or 'nothing to tell'}")]


def _spf(witness: Witness) -> Iterator[Finding]:
    results = {result.result for result in _of(witness, "spf")}
    if "pass" not in results and results & (_FAILED | {"none", "neutral"}):
        said = "/".join(sorted(results))
        yield found("seen-spf", witness.domain, f"{witness.by} saw spf={said} in a message from {witness.domain}")


def _dkim(witness: Witness) -> Iterator[Finding]:
    results = _of(witness, "dkim")
    passed = any(result.result == "pass" and aligned(witness.domain, _signer(result.properties)) for result in results)
    failed = sorted({result.result for result in results if result.result in _FAILED})
    if failed and not passed:
        said = "/".join(failed)
        yield found("seen-dkim", witness.domain, f"{witness.by} saw dkim={said} in a message from {witness.domain}")


def _dmarc(witness: Witness) -> Iterator[Finding]:
    if any(result.result in _FAILED for result in _of(witness, "dmarc")):
        yield found("seen-dmarc", witness.domain, f"{witness.by} saw dmarc=fail in a message from {witness.domain}")


def _of(witness: Witness, method: str) -> tuple[Result, ...]:
    return witness.trace.seen.of(method) if witness.trace.seen else ()


def _signer(properties: Mapping[str, str]) -> str:
    return (properties.get("header.d") or properties.get("header.i", "").rpartition("@")[2]).lower()


def _clock(witness: Witness) -> Iterator[Finding]:
    stamped = witness.trace.stamped
    if stamped is None:
        return
    ahead = witness.sent_at - stamped
    if abs(ahead) > _SKEW:
        minutes = round(abs(ahead).total_seconds() / 60)
        way = "ahead of" if ahead > timedelta(0) else "behind"
        yield found("clock-wrong", witness.domain, f"our clock is {minutes} min {way} that of the first server")
    else:
        yield found("clock-ok", witness.domain, "our clock agrees with the first server's")
