"""A thread as its people read it: who wrote what, when, and what became of it.

No text is kept, so it is told again from the thread's seed, with the templates of today.

Owns: that. Does not own: the words (`warmup.content`), which turns there are (`warmup.store`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from warmup.config import Config
from warmup.daemon.correspondence import letter
from warmup.errors import UsageError
from warmup.model import Mailbox, Message
from warmup.store import Connection, installs, messages
from warmup.view.people import everybody


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """`said` are paragraphs; none if it isn't written yet, or can't be told any more."""

    message: Message
    sender: Mailbox
    recipient: Mailbox
    said: Sequence[str]

    def row(self) -> dict[str, object]:
        """As it is told to programs."""
        message = self.message
        return {
            "turn": message.turn,
            "from": self.sender.address,
            "to": self.recipient.address,
            "due_at": message.due_at,
            "written_at": message.claimed_at,
            "sent_at": message.sent_at,
            "found": message.placement,
            "state": message.state,
            "message_id": message.message_id,
            "paragraphs": self.said,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    thread: str
    scenario: str
    subject: str | None  # None: nobody has written yet, or it can't be told any more
    turns: Sequence[Turn]
    why: str | None = None  # it can't be told

    def row(self) -> dict[str, object]:
        """As it is told to programs."""
        told = {"thread": self.thread, "scenario": self.scenario, "subject": self.subject, "why": self.why}
        return told | {"turns": [turn.row() for turn in self.turns]}


def conversation(db: Connection, config: Config, thread: str) -> Conversation:
    """Turn by turn, without what was dropped or refused. Raises `UsageError` if there is no such thread. A work of the
    store.
    """
    turns = messages.thread(db, thread)
    if not turns:
        raise UsageError("there is no such conversation; what was dropped or refused belongs to none")
    people = everybody(db)
    written = [turn for turn in turns if turn.claimed_at is not None]
    subject, said, why = None, {}, None
    if written:
        last = written[-1]
        try:
            order = letter(last, turns, people, installs.get(db), config.label)
            told = config.corpus.tell(order, range(1, last.turn + 1))
            subject, said = told.subject, dict(told.turns)
        except ValueError as error:  # a template that was there then, and now isn't or is another
            why = str(error)
    return Conversation(
        thread=thread,
        scenario=turns[0].scenario,
        subject=subject,
        turns=[
            Turn(
                message=turn,
                sender=people[turn.sender],
                recipient=people[turn.recipient],
                said=said.get(turn.turn, ()) if turn.claimed_at is not None else (),
            )
            for turn in turns
        ],
        why=why,
    )
