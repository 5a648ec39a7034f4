"""Mail as it arrives: through a real Postfix, and Dovecot's LMTP into a mailbox."""

from __future__ import annotations

import smtplib
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import cycle, islice

from tests.content.letters import letter, shipped
from tests.real.ground import HOST, Ground
from warmup.content import Letter, Person, Style, compose
from warmup.daemon.clock import SystemClock
from warmup.model import digest

PEOPLE = (
    "Ann Bell",
    "Ben Harker",
    "Cleo Winter",
    "Dan Osborne",
    "Eva Lindner",
    "Finn Marlow",
    "Gus Penrose",
    "Hana Reed",
)


def turns(codes: list[str]) -> Iterator[tuple[str, int]]:
    """Every turn of every conversation in those languages, language by language in turn, without end."""
    by_language = [
        cycle([(name, turn) for name, turns in shipped().by_language[code] for turn in range(1, turns + 1)])
        for code in codes
    ]
    for language in cycle(by_language):
        yield next(language)


def arrived(ground: Ground, count: int, style: Style) -> list[bytes]:
    """That many messages, quotations included, as they lie in the mailboxes, which are emptied before."""
    ground.sweep()
    boxes = [(account, Person(name, account.address)) for account, name in zip(ground.mailboxes, PEOPLE, strict=True)]
    for number, (account, writer) in enumerate(boxes):
        with smtplib.SMTP_SSL(HOST, ground.smtps, context=ground.context, local_hostname="north.test") as session:
            session.login(account.address, account.password)
            mine = islice(enumerate(turns(sorted(shipped().by_language))), number, count, len(boxes))
            for seed, (scenario, turn) in mine:
                reader = boxes[(number + 1 + seed // len(boxes) % (len(boxes) - 1)) % len(boxes)][1]
                message = compose(written_now(scenario, turn, seed, writer, reader), shipped(), style)
                session.sendmail(writer.address, reader.address, message)
    ground.settle()
    return [message for account, _ in boxes for message in ground.messages(account.address)]


def written_now(scenario: str, turn: int, seed: int, writer: Person, reader: Person) -> Letter:
    """That turn, written now and those before it on the days before, with Message-IDs as the planner mints them."""
    order = letter(scenario, turn, seed, *((writer, reader) if turn % 2 else (reader, writer)))
    now = SystemClock().now().replace(microsecond=0)
    ids = [f"<{digest(seed, number)}@{writer.address.rpartition('@')[2]}>" for number in range(1, turn + 1)]
    return replace(
        order,
        message_id=ids[-1],
        references=tuple(ids[:-1]),
        date=now,
        earlier=tuple(now - timedelta(hours=20 * back) for back in range(turn - 1, 0, -1)),
    )
