"""The comparison: mailbox by mailbox, and then of them all.

What proves a message ours is its label, as everywhere: a Message-ID of ours under another label is a stranger's. What a
mailbox holds of its own mail (in Sent, or where everything is) is its own copy, and proves nothing.

Owns: what counts as lost, doubled, unknown, above and outside. Does not own: making tokens (`warmup.model`).
Sources: RFC 5322 §3.6.4 (Message-ID).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from warmup.address import wire
from warmup.model import Install, Mailbox, Message

_PROBES = 8  # of what is gone: as many as one search takes
_NAMED = 3  # places, in a finding

Used = Mapping[tuple[int, date], tuple[int, int | None]]  # by mailbox and day: sent, and allowed; None: nobody knows


class Kind(StrEnum):
    """What is not as it should be."""

    LOST = "lost"  # sent and nowhere, or there and not remembered as sent, or ended without a reason
    DOUBLED = "doubled"  # there more than once
    UNKNOWN = "unknown"  # ours by its label, and the store has never heard of it
    ABOVE = "above"  # more went out on a mailbox's local day than that allowed
    OUTSIDE = "outside"  # in a mailbox that it wasn't written to, or from or to one that had left the pool
    FORGED = "forged"  # has our label, and not our token: somebody else's doing, and no fault of ours

    @property
    def wrong(self) -> bool:
        return self is not Kind.FORGED


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    kind: Kind
    mailbox: str  # the address where it was found or should have been; of ABOVE, whose day it was
    message_id: str | None = None
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """A message with a field of our label's name, where it lies: what its header says, proven or not."""

    folder: str
    uid: int
    view: bool = False  # the folder shows what others hold
    message_id: str  # empty where there is none, or more than one; so is the label
    label: str
    written_by: str  # addresses, in lower case
    written_to: tuple[str, ...]
    written_on: date | None  # where it was written


class Audit:
    """All that was found so far. `patience` is how long a message may take to arrive, and `now` when the last of the
    rows was read.
    """

    def __init__(
        self, pool: Collection[Mailbox], install: Install, *, now: datetime, since: datetime, patience: timedelta
    ) -> None:
        self.counts: Counter[str] = Counter(dict.fromkeys(("present", "waiting", "late", "gone", "unseen"), 0))
        self._pool: dict[int, Mailbox] = {}
        self._numbers: dict[str, int] = {}  # by both forms of the address
        self._install = install
        self._now = now
        self._since = since
        self._patience = patience
        self._findings: list[Finding] = []
        self._nowhere: dict[str, Finding] = {}  # by Message-ID: unless another mailbox has it
        self._where: dict[str, str] = {}  # Message-ID → the first mailbox it was seen in
        self._more: defaultdict[tuple[int, date], set[str]] = defaultdict(set)  # gone out, and not counted as sent
        self.joined(pool)

    def joined(self, mailboxes: Collection[Mailbox]) -> None:
        """Those whom the rows name, and who weren't in the pool when the audit began."""
        self._pool |= {mailbox.id: mailbox for mailbox in mailboxes}
        self._numbers |= {form: box.id for box in mailboxes for form in (box.address, wire(box.address))}

    def ours(self, copies: Sequence[Copy]) -> set[str]:
        """The Message-IDs that are proven by the copies alone."""
        return {copy.message_id for copy in copies if copy.label == self._install.token(copy.message_id)}

    def doubled(self, copies: Sequence[Copy], rows: Sequence[Message]) -> bool:
        """Whether something lies there more than once."""
        return any(len(group) > 1 for group in self._sorted(copies, rows)[0].values())

    def absent(self, mailbox: Mailbox, copies: Sequence[Copy], rows: Sequence[Message]) -> dict[str, str]:
        """What would count as lost, and some of what is gone, each Message-ID with the token that proves it: to be
        looked for in another way before anybody believes it.
        """
        here = self._sorted(copies, rows)[0]
        away = [row for row in rows if self._due_there(mailbox, row) and row.message_id not in here]
        lost = [row for row in away if row.found_at is None and not self._may_wait(row)]
        gone = [row for row in away if row.found_at is not None][-_PROBES:]
        return {row.message_id: self._install.token(row.message_id) for row in (*lost, *gone)}

    def compare(self, mailbox: Mailbox, copies: Sequence[Copy], rows: Sequence[Message]) -> None:
        """What lies in a mailbox with the rows of all that was sent to it since, and of whatever else lies there."""
        here, forged = self._sorted(copies, rows)
        known = {row.message_id: row for row in rows}
        for message_id, group in here.items():
            row = known.get(message_id)
            if self._written_by(row, group[0]) != mailbox.id:
                self._lies(mailbox, message_id, group, row)
        for row in rows:
            if self._due_there(mailbox, row) and row.message_id not in here:
                self._not_there(mailbox, row)
        self._by_itself([row for row in rows if row.recipient == mailbox.id])
        if forged:
            says = f"{len(forged)} with a label that isn't ours, and not touched: {_places(forged)}"
            self._find(Kind.FORGED, mailbox, None, says)

    def unvisited(self, rows: Sequence[Message]) -> None:
        """The rows of a mailbox into which nobody could look."""
        self.counts["unseen"] += sum(_went(row) for row in rows)
        self._by_itself(rows)

    def findings(self, used: Used) -> list[Finding]:
        """Everything that was found, once all mailboxes were compared; the weightiest first."""
        lost = [finding for message_id, finding in self._nowhere.items() if message_id not in self._where]
        order = list(Kind)
        return sorted([*self._findings, *lost, *self._above(used)], key=lambda found: order.index(found.kind))

    def _sorted(self, copies: Sequence[Copy], rows: Sequence[Message]) -> tuple[dict[str, list[Copy]], list[Copy]]:
        """The copies by the Message-IDs under which we sent them, and those that we didn't send.

        One with a label of ours and a strange Message-ID had that replaced on its way (Outlook and Amazon SES do). In a
        folder that shows what others hold is nothing that isn't elsewhere, unless it isn't.
        """
        by_token = {self._install.token(row.message_id): row.message_id for row in rows}
        known = set(by_token.values())
        here: defaultdict[str, list[Copy]] = defaultdict(list)
        forged = []
        for copy in copies:
            if copy.label == self._install.token(copy.message_id):
                here[copy.message_id].append(copy)
            elif copy.label in by_token and copy.message_id not in known:
                here[by_token[copy.label]].append(copy)
            else:
                forged.append(copy)
        return {name: _without_doublets(group) for name, group in here.items()}, forged

    def _written_by(self, row: Message | None, copy: Copy) -> int | None:
        return self._numbers.get(copy.written_by) if row is None else row.sender

    def _lies(self, mailbox: Mailbox, message_id: str, group: Sequence[Copy], row: Message | None) -> None:
        """Something of ours lies in a mailbox that didn't write it."""
        places = _places(group)
        if len(group) > 1:
            self._find(Kind.DOUBLED, mailbox, message_id, f"lies there {len(group)} times: {places}")
        first = self._where.setdefault(message_id, mailbox.address)
        if first != mailbox.address:
            self._find(Kind.DOUBLED, mailbox, message_id, f"lies there ({places}), and at {first} as well")
        if row is None:
            self._unheard_of(mailbox, message_id, group[0], places)
        else:
            if row.recipient != mailbox.id:
                to = self._pool[row.recipient].address
                self._find(Kind.OUTSIDE, mailbox, message_id, f"lies there ({places}), and was written to {to}")
            self._remembered(mailbox, row, places)

    def _unheard_of(self, mailbox: Mailbox, message_id: str, copy: Copy, places: str) -> None:
        """No row tells of it."""
        sender = self._numbers.get(copy.written_by)
        says = f"from {copy.written_by or 'nobody'} ({places}): ours by its label, and the store has no row of it"
        self._find(Kind.UNKNOWN, mailbox, message_id, says)
        strangers = [address for address in (copy.written_by, *copy.written_to) if address not in self._numbers]
        if strangers:
            self._find(Kind.OUTSIDE, mailbox, message_id, f"from or to {', '.join(strangers)}: never in the pool")
        elif mailbox.id not in {self._numbers[address] for address in copy.written_to}:
            says = f"lies there ({places}), and was written to {', '.join(copy.written_to) or 'nobody'}"
            self._find(Kind.OUTSIDE, mailbox, message_id, says)
        if sender is not None and copy.written_on is not None:
            self._more[sender, copy.written_on].add(message_id)

    def _remembered(self, mailbox: Mailbox, row: Message, places: str) -> None:
        """Whether the store knows that what lies there has gone out."""
        if row.sent_at is None:
            self._more[row.sender, row.local_date].add(row.message_id)
        if row.missing_at is not None:
            self.counts["late"] += 1  # given up too early, or a bounce that wasn't the last word
        elif row.sent_at is not None:
            self.counts["present"] += 1
        elif row.uncertain and self._may_wait(row):
            self.counts["waiting"] += 1  # will be found, and settled
        else:
            why = f": {row.reason}" if row.reason else ""
            self._find(Kind.LOST, mailbox, row.message_id, f"lies there ({places}); the store says {row.state}{why}")

    def _due_there(self, mailbox: Mailbox, row: Message) -> bool:
        """It should lie in the mailbox, as far as the store knows."""
        return row.recipient == mailbox.id and _went(row) and row.missing_at is None and row.due_at >= self._since

    def _not_there(self, mailbox: Mailbox, row: Message) -> None:
        if row.found_at is not None:
            self.counts["gone"] += 1  # its owner has moved or deleted it, which is their right
        elif self._may_wait(row):
            self.counts["waiting"] += 1
        else:
            since = f"{row.state} since {row.sent_at or row.data_at:%Y-%m-%d %H:%MZ}"
            says = f"the store says {since}, and it isn't in the mailbox"
            finding = Finding(kind=Kind.LOST, mailbox=mailbox.address, message_id=row.message_id, says=says)
            self._nowhere[row.message_id] = finding

    def _may_wait(self, row: Message) -> bool:
        gone_out = row.sent_at or row.data_at
        return gone_out is not None and self._now - gone_out <= self._patience

    def _by_itself(self, rows: Sequence[Message]) -> None:
        """What a row alone tells."""
        for row in rows:
            recipient = self._pool[row.recipient]
            if (row.dropped_at or (row.refused_at and row.response is None)) and not row.reason:
                self._find(Kind.LOST, recipient, row.message_id, f"{row.state} without a reason")
            for box in (self._pool[row.sender], recipient):
                if box.removed_at and row.data_at and row.data_at > box.removed_at:
                    says = f"went out on {row.data_at:%Y-%m-%d %H:%MZ}, when {box.address} had left the pool"
                    self._find(Kind.OUTSIDE, recipient, row.message_id, says)

    def _above(self, used: Used) -> Iterator[Finding]:
        """The days on which more went out than they allowed."""
        for mailbox, on in sorted(used.keys() | self._more.keys()):
            sent, allowed = used.get((mailbox, on), (0, None))
            sent += len(self._more[mailbox, on])
            if allowed is not None and sent > allowed:
                says = f"{sent} went out on {on}, and the day allowed {allowed}"
                yield Finding(kind=Kind.ABOVE, mailbox=self._pool[mailbox].address, says=says)

    def _find(self, kind: Kind, mailbox: Mailbox, message_id: str | None, says: str) -> None:
        self._findings.append(Finding(kind=kind, mailbox=mailbox.address, message_id=message_id, says=says))


def _went(row: Message) -> bool:
    """It has gone out, or may have."""
    return row.data_at is not None and row.refused_at is None


def _places(copies: Sequence[Copy]) -> str:
    named = [f"{copy.folder} UID {copy.uid}" for copy in copies[:_NAMED]]
    return ", ".join([*named, "…"] if len(copies) > _NAMED else named)


def _without_doublets(group: Sequence[Copy]) -> list[Copy]:
    """Where a folder shows what others hold, what it shows; else all there is."""
    shown = [copy for copy in group if copy.view]
    return shown or list(group)
