"""Relays and the source address, as an operator writes them: in options, and in a CSV.

Owns: turning words into values and back, with an error that says what would be right. Does not own: proof
(`warmup.daemon.proof`), which relay a connection goes to (`warmup.plan.route`).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from typing import Annotated

import typer

from warmup.errors import UsageError
from warmup.model import Endpoint, Relay, Security
from warmup.plan import WHOLE

from .entry import endpoint, place

NONE = "none"  # what takes away

Relays = Annotated[
    list[str] | None,
    typer.Option(
        "--relay",
        metavar="HOST[:PORT][/SECURITY][=PERCENT]",
        help="Another submission server, and how much goes there; several by several --relay.",
        show_default=False,
    ),
]
Source = Annotated[
    str | None, typer.Option(metavar="IP", help="The address of this machine to submit from.", show_default=False)
]
_FORM = re.compile(r"(?P<place>[^\s/=]+)(?:/(?P<security>\w+))?(?:=(?P<weight>\d{1,3}))?", re.ASCII)


def relays_given(words: Sequence[str], own: Endpoint) -> tuple[Relay, ...]:
    """The relays beside a mailbox's `own` server; none if that is the word. Raises `UsageError`."""
    return checked(() if list(words) == [NONE] else tuple(map(_relay, words)), own)


def checked(relays: tuple[Relay, ...], own: Endpoint) -> tuple[Relay, ...]:
    """The same, if they make sense together. Raises `UsageError`."""
    known = [own]
    for relay in relays:
        if relay.server in known:
            raise UsageError(f"relay {written(relay)}: it is one of the mailbox's servers already; name each once")
        known.append(relay.server)
    whole = sum(relay.weight for relay in relays)
    if whole > WHOLE:
        raise UsageError(
            f"relays: {whole} % in all; write at most {WHOLE}, of which the mailbox's own server has what is left"
        )
    return relays


def _relay(words: str) -> Relay:
    match = _FORM.fullmatch(words)
    try:
        if match is None:
            raise ValueError(words)
        security = Security(match["security"]) if match["security"] else None
        return Relay(endpoint("smtp", match["place"], security), int(match["weight"] or 0))
    except (ValueError, UsageError):
        guards = ", ".join(Security)
        raise UsageError(
            f"relay {words!r}: write HOST, HOST:PORT, HOST:PORT/SECURITY (of {guards}) or any of these with =PERCENT"
        ) from None


def written(relay: Relay) -> str:
    """As `relays_given` reads it."""
    return f"{place(relay.server)}/{relay.server.security}={relay.weight}"


def source_given(words: str) -> str | None:
    """An IP address in its usual form; None to take it away. Raises `UsageError`."""
    if words == NONE:
        return None
    try:
        address = ipaddress.ip_address(words)
    except ValueError:
        address = None
    if address is None or address.is_unspecified or address.is_multicast:
        raise UsageError(f"source {words!r} is no address to submit from; write one of this machine's IP addresses")
    return str(address)
