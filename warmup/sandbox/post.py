"""The post office behind both servers: who has an account, where a message goes, what is written down.

Owns: accounts, the placing of messages, the trace a server leaves in them, counting. Does not own: speaking
(`warmup.sandbox.smtp`, `warmup.sandbox.imap`).
Sources: RFC 5321 §4.4 (Received, Return-Path), RFC 8601 §2.7.4 (auth), RFC 3848 (ESMTPA, ESMTPSA).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime

from warmup.address import canonical, wire
from warmup.model import Stage, chance

from .faults import Fault, Faults
from .ledger import Accepted, Change, Ledger
from .mail import Box, Folder, Mail

HOSTNAME = "sandbox.invalid"  # RFC 2606: never anybody's


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who may sign in to both servers, with the address for a user name."""

    address: str
    password: str = field(repr=False)


class Post:
    """Boxes, ledger and faults, and `traffic`: how often each stage was reached and by whom ("" before sign-in)."""

    def __init__(
        self,
        accounts: Iterable[Account],
        clock: Callable[[], datetime],
        ledger: Ledger,
        faults: Faults,
        junk: float,
    ) -> None:
        self.clock = clock
        self.ledger = ledger
        self.faults = faults
        self.traffic: Counter[tuple[Stage, str]] = Counter()
        self._junk = junk
        self._boxes: dict[str, Box] = {}  # by both forms of the address
        self._passwords: dict[str, str] = {}
        validity = int(clock().timestamp())  # a later sandbox of the same name has other messages
        for account in accounts:
            address = canonical(account.address)
            self._boxes[address] = self._boxes[wire(address)] = Box(address, validity)
            self._passwords[address] = account.password

    def box(self, address: str) -> Box | None:
        return self._boxes.get(address.lower())

    def sign_in(self, user: str, password: str) -> Box | None:
        box = self.box(user)
        return box if box is not None and self._passwords[box.address] == password else None

    def reach(self, stage: Stage, sender: str = "", recipients: Sequence[str] = ()) -> Fault | None:
        """Count that a stage is reached; what strikes there, if anything."""
        self.traffic[stage, self._name(sender)] += 1
        return self.faults.strike(stage, self._name(sender), [self._name(recipient) for recipient in recipients])

    def deliver(self, sender: Box, recipient: Box, message: bytes, *, hello: str, protocol: str) -> None:
        """Put a message into the recipient's box, and first of all into the ledger."""
        now = self.clock()
        trace = (
            f"Return-Path: <{sender.address}>\r\n"
            f"Received: from {hello} by {HOSTNAME} with {protocol}\r\n"
            f"\tfor <{recipient.address}>; {format_datetime(now)}\r\n"
            f"Authentication-Results: {HOSTNAME}; auth=pass smtp.auth={sender.address}\r\n"
        )
        mail = Mail(0, message, now, set())
        folder = self._place(recipient, mail)
        self.ledger.accept(
            Accepted(
                at=now,
                sender=sender.address,
                recipient=recipient.address,
                message_id=mail.message_id,
                folder=folder.name,
                size=len(message),
            )
        )
        folder.add(trace.encode("utf-8", "replace") + message, now)

    def note(self, box: Box, event: str, mail: Mail, folder: Folder, detail: str = "") -> None:
        """Write down a change made over IMAP."""
        self.ledger.change(
            Change(
                at=self.clock(),
                event=event,
                account=box.address,
                message_id=mail.message_id,
                folder=folder.name,
                detail=detail,
            )
        )

    def _name(self, address: str) -> str:
        """An account's canonical address, whichever form was said; a stranger's as it was said."""
        box = self.box(address)
        return address.lower() if box is None else box.address

    def _place(self, box: Box, mail: Mail) -> Folder:
        asked = box.find(mail.header("X-Sandbox-Folder"))
        if asked is not None:
            return asked
        return box["Junk" if chance("junk", mail.message_id).random() < self._junk else "INBOX"]
