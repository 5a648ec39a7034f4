"""How old a domain is, as far as its registry tells.

Owns: the question and its answer. Does not own: whether to ask: the registry learns of it (the configuration).
Sources: RFC 9082 §3.1.3 (domain/NAME), RFC 9083 §4.5 (events), RFC 9224 (which server: https://rdap.org redirects).
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from http.client import HTTPException
from typing import Any
from urllib.request import Request, urlopen

from .finding import Finding, found

REGISTRY = "https://rdap.org/"
_YOUNG = timedelta(days=30)  # what most filters call new
_MOST = 1_000_000  # octets


async def check(domain: str, now: datetime, *, registry: str = REGISTRY, seconds: float = 15.0) -> list[Finding]:
    """Of a domain, or else of its parents: a registry knows those that were registered."""
    labels = domain.split(".")
    for first in range(len(labels) - 1):
        name = ".".join(labels[first:])
        registered = await asyncio.to_thread(_registered, f"{registry}domain/{name}", seconds)
        if registered is not None:
            days = (now - registered).days
            code = "age-young" if now - registered < _YOUNG else "age-ok"
            return [found(code, domain, f"{name} was registered on {registered:%Y-%m-%d}, {days} days ago")]
    return [found("age-unknown", domain, f"no registry tells when {domain} was registered")]


def _registered(url: str, seconds: float) -> datetime | None:
    request = Request(url, headers={"Accept": "application/rdap+json"})  # noqa: S310 - the caller's, http or https
    try:
        with urlopen(request, timeout=seconds) as answer:  # noqa: S310
            told = json.loads(answer.read(_MOST))
        return next(_dates(told), None)
    except (OSError, HTTPException, ValueError, RecursionError):  # the last of brackets by the thousand
        return None


def _dates(told: Any) -> Iterator[datetime]:
    events = told.get("events") if isinstance(told, dict) else None
    for event in events if isinstance(events, list) else ():
        if isinstance(event, dict) and event.get("eventAction") == "registration":
            at = datetime.fromisoformat(str(event.get("eventDate")))
            if at.tzinfo is not None:
                yield at
