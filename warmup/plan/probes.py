"""A round of probes: one message from one mailbox to one mailbox at each receiving provider, now.

Owns: whom they go to and what they are. Does not own: whether they may go (`warmup.store`, when each is claimed), what
comes of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from warmup.address import wire
from warmup.model import Mailbox, Slot, chance, digest

from .day import Policy
from .window import local_date


def probes(sender: Mailbox, pool: Iterable[Mailbox], policy: Policy, *, now: datetime, seed: str) -> tuple[Slot, ...]:
    """The opening messages of conversations that want no answer, by the providers' names. `seed` is the install's."""
    others: dict[str, list[Mailbox]] = {}
    for mailbox in sorted(pool, key=lambda mailbox: mailbox.id):
        if mailbox.id != sender.id:
            others.setdefault(mailbox.provider, []).append(mailbox)
    slots = []
    for provider, members in sorted(others.items()):
        key = digest(seed, sender.address, sender.id, provider, now.isoformat(), "probe")
        recipient = chance(key, "recipient").choice(members)
        scenario, _ = chance(key, "scenario").choice(policy.conversations(sender, recipient))
        slots.append(
            Slot(
                message_id=f"<{key}@{wire(sender.address).rpartition('@')[2]}>",
                sender=sender.id,
                recipient=recipient.id,
                local_date=local_date(now, sender.zone),
                due_at=now,
                thread=key,
                scenario=scenario,
                turn=1,
                parent=None,
                answer_wanted=False,
            )
        )
    return tuple(slots)
