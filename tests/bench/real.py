"""What the peer's way is compared on: a real Postfix and Dovecot if this machine has them, else the embedded servers.

Owns: one face for both, with the CPU they use. Does not own: starting them (`tests.real.ground`, `.servers`).
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.real.ground import Account, Ground, lacking
from tests.servers import living
from warmup.model import Endpoint, Security

from .meter import cpu_of
from .servers import Servers, accounts


@dataclass(frozen=True, slots=True, kw_only=True)
class Ends:
    """Servers, and who has a mailbox there. `settle` returns when all that was accepted lies where it belongs."""

    name: str
    people: Sequence[Account]
    smtp: Endpoint
    imap: Endpoint
    tls: ssl.SSLContext | None  # None: they speak in the clear
    authority: Path | None
    cpu: Callable[[], float]  # seconds used up to now
    settle: Callable[[], None]


@contextmanager
def ends(size: int) -> Iterator[Ends]:
    """New servers with `size` mailboxes."""
    if lacking():
        people = accounts(size)
        with Servers(people) as servers:
            yield Ends(
                name=f"the embedded servers, in the clear ({lacking()})",
                people=[Account(person.address, person.password) for person in people],
                smtp=servers.smtp,
                imap=servers.imap,
                tls=None,
                authority=None,
                cpu=lambda: servers.cpu,
                settle=lambda: None,  # they deliver before they say 250
            )
        return
    with Ground(size) as ground:
        yield Ends(
            name="Postfix and Dovecot, by TLS",
            people=ground.mailboxes,
            smtp=Endpoint(ground.host, ground.smtps, Security.TLS),
            imap=Endpoint(ground.host, ground.imaps, Security.TLS),
            tls=ground.context,
            authority=ground.ca_file,
            cpu=lambda: sum(cpu_of(pid) for master in ground.servers.masters for pid in living(master.pid)),
            settle=ground.settle,
        )
