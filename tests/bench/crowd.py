"""A store with a crowd of mailboxes and what they have to send, written row by row and not by the planner."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from datetime import date, datetime, timedelta
from itertools import islice
from typing import TypeVar

from sqlalchemy import insert

from warmup.model import Day, Endpoint, Slot, chance
from warmup.secrets import Vault
from warmup.store import Connection, Store
from warmup.store.rows import from_day, from_slot
from warmup.store.tables import day, mailbox, message

T = TypeVar("T")

PASSWORD = "of-them-all"  # their credential too: one file, or registering them would take longer than all the rest
_DOMAINS = ("north.test", "east.test", "south.test")
_BATCH = 10_000


def register(store: Store, vault: Vault, size: int, servers: Sequence[Endpoint], zone: str, now: datetime) -> None:
    """Mailboxes 1 to `size`, spread over three domains and over the `servers`, where they read nothing."""
    vault.put(PASSWORD, PASSWORD)
    for some in _batches(range(1, size + 1)):
        store.run(_insert_mailboxes, some, servers, zone, now)


def slots(count: int, size: int, on: date, since: datetime, within: timedelta, seed: str) -> list[Slot]:
    """`count` openings of conversations nobody answers, of chance mailboxes at chance moments of a stretch."""
    dice = chance("crowd", seed)
    made = []
    for number in range(count):
        sender = dice.randrange(size) + 1
        made.append(
            Slot(
                message_id=f"<{seed}.{number}@{_domain(sender)}>",
                sender=sender,
                recipient=sender % size + 1,
                local_date=on,
                due_at=since + within * dice.random(),
                thread=f"{seed}.{number}",
                scenario="en/meeting",
                turn=1,
                parent=None,
                answer_wanted=False,
            )
        )
    return made


def plan(store: Store, planned: Collection[Slot]) -> None:
    """These slots; their days are `allow`ed."""
    for some in _batches(planned):
        store.run(lambda db, rows: db.execute(insert(message), rows), [from_slot(slot) for slot in some])


def allow(store: Store, planned: Collection[Slot], size: int, on: date, now: datetime, *, tight: int) -> None:
    """Everybody's day, which allows as many messages as are planned; that of every `tight`th mailbox at most one."""
    wanted = Counter(slot.sender for slot in planned)
    days = (
        Day(
            mailbox=number,
            local_date=on,
            age=10,
            curve="steady",
            volume=wanted[number],
            allowance=wanted[number] if number % tight else min(wanted[number], 1),
            planned_at=now,
        )
        for number in range(1, size + 1)
    )
    for some in _batches(days):
        store.run(lambda db, rows: db.execute(insert(day), rows), [from_day(one) for one in some])


def _insert_mailboxes(
    db: Connection, numbers: Sequence[int], servers: Sequence[Endpoint], zone: str, now: datetime
) -> None:
    rows = []
    for number in numbers:
        server, address = servers[number % len(servers)], f"person{number}@{_domain(number)}"
        rows.append(
            {
                "id": number,
                "address": address,
                "name": f"Person {number}",
                "zone": zone,
                "provider": _domain(number),
                "login": address,
                "credential": PASSWORD,
                "auth": "password",
                "smtp_host": server.host,
                "smtp_port": server.port,
                "smtp_security": server.security,
                "imap_host": server.host,
                "imap_port": server.port,
                "imap_security": server.security,
                "added_at": now,
            }
        )
    db.execute(insert(mailbox), rows)


def _domain(number: int) -> str:
    return _DOMAINS[number % len(_DOMAINS)]


def _batches(values: Collection[T] | Iterator[T]) -> Iterator[list[T]]:
    rest = iter(values)
    while some := list(islice(rest, _BATCH)):
        yield some
