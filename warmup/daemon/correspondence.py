"""From a row to a letter: who wrote which turn of a conversation, and when.

Owns: putting a message and the turns before it into a `Letter`. Does not own: the words (`warmup.content`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from warmup.content import Corpus, Letter, Person, Style
from warmup.content import compose as written
from warmup.model import Install, Mailbox, Message
from warmup.store import Connection, messages

_KEPT = 1000  # texts, of some 2 kB: an hour of a pool of a thousand mailboxes, about


def letter(
    message: Message, turns: Sequence[Message], people: Mapping[int, Mailbox], install: Install, label: str
) -> Letter:
    """The order for `message`; `turns` are its thread's messages, from which those before it are taken.

    The date of a turn is when it was claimed, so that writing it again (to quote it, to keep a copy) gives the same.
    """
    before = _before(message, turns)
    return Letter(
        message_id=message.message_id,
        references=tuple(turn.message_id for turn in before),
        thread=message.thread,
        scenario=message.scenario,
        turn=message.turn,
        sender=_person(people[message.sender]),
        recipient=_person(people[message.recipient]),
        date=_written(message, people),
        earlier=tuple(_written(turn, people) for turn in before),
        label=(label, install.token(message.message_id)),
    )


@lru_cache(maxsize=_KEPT)
def compose(order: Letter, corpus: Corpus, style: Style) -> bytes:
    """As `warmup.content` does, kept for a while: the copy in Sent is what was sent, and so is what is tried again."""
    return written(order, corpus, style)


def turns(db: Connection, written: Iterable[Message]) -> Mapping[str, Sequence[Message]]:
    """What `letter` needs of the messages' threads, by thread: nothing of one that a message opens. A work of the
    store.
    """
    return messages.threads(db, {message.thread for message in written if message.parent is not None})


def _before(message: Message, turns: Sequence[Message]) -> list[Message]:
    """The turns a message answers, oldest first, by its chain of parents."""
    by_id = {turn.message_id: turn for turn in turns}
    chain: list[Message] = []
    parent = message.parent
    while parent is not None:
        chain.append(by_id[parent])
        parent = by_id[parent].parent
    return chain[::-1]


def _person(mailbox: Mailbox) -> Person:
    return Person(mailbox.name, mailbox.address)


def _written(message: Message, people: Mapping[int, Mailbox]) -> datetime:
    assert message.claimed_at is not None, "a letter is written once it is claimed"
    return message.claimed_at.replace(microsecond=0).astimezone(ZoneInfo(people[message.sender].zone))
