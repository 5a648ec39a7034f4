"""What is done when mail doesn't arrive in the inbox: the [placement] table.

Owns: its keys. Does not own: when placement is too low (`warmup.placement`), doing it (`warmup.daemon.postmaster`).
"""

from __future__ import annotations

from warmup.placement import Reaction, Rule

from .document import Table
from .values import choice, duration, number, whole


def placement(table: Table) -> Rule:
    usual = Rule()
    return Rule(
        reaction=Reaction(table.take("when_low", choice(*Reaction), usual.reaction)),
        below=table.take("below", number(0.01, 0.99), usual.below),
        messages=table.take("messages", whole(5, 100_000), usual.messages),
        within=table.take("within", duration("1d", "90d"), usual.within),
        hold=table.take("hold", duration("1h", "7d"), usual.hold),
        setback=table.take("setback", number(0, 1), usual.setback),
    )
