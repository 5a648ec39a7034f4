"""A warm-up script as they are found in public: smtplib and imaplib, mailbox after mailbox, round after round.

It is written to do well at that. One TLS context serves all connections, it remembers in lists and not on a disk, holds
no message back and asks nobody whether it may go on; what it writes comes from one template. In a round each mailbox
sends the next message it has to send, then each looks for what has come, reads it, marks it and answers what opens a
conversation.
"""

from __future__ import annotations

import imaplib
import smtplib
import ssl
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from threading import Lock
from typing import Any

from warmup.model import Endpoint

_LABEL = "X-Warmup"
_PATIENCE = 60.0  # seconds for an answer: a server that takes longer is a mistake here
_TEXT = """Good morning,

Could we borrow the projector on Thursday? The room on the second floor has none that works, and I would rather not
carry the old one down: it weighs more than it looks. I could fetch it in the morning and bring it back before five.

If that doesn't suit you, any other day of the week would do as well; just tell me which.

Best regards,
{sender}
"""


@dataclass(slots=True)
class Tally:
    """What was done."""

    sent: int = 0
    answered: int = 0
    read: int = 0
    submissions: int = 0  # connections
    visits: int = 0


class Script:
    """`passwords` are by address. `threads` mailboxes are served at once; `kept`: a mailbox's messages of a round go by
    one connection, else each by its own.
    """

    def __init__(
        self,
        smtp: Endpoint,
        imap: Endpoint,
        tls: ssl.SSLContext | None,
        passwords: Mapping[str, str],
        *,
        threads: int,
        kept: bool,
    ) -> None:
        self.tally = Tally()
        self._smtp, self._imap, self._tls = smtp, imap, tls
        self._passwords = passwords
        self._threads = threads
        self._kept = kept
        self._counting = Lock()

    def run(self, letters: Mapping[str, Sequence[str]], settle: Callable[[], None]) -> None:
        """`letters` are whom each mailbox writes to. `settle` returns when what was sent has been delivered."""
        rounds = max(len(to) for to in letters.values())
        with ThreadPoolExecutor(self._threads) as pool:
            for number in range(rounds + 2):  # two more: for the last answers, and to read them
                openings = {who: [_opening(who, to[number])] for who, to in letters.items() if number < len(to)}
                list(pool.map(self._submit, openings, openings.values()))
                settle()
                list(pool.map(self._visit, letters))
                settle()

    def _submit(self, sender: str, messages: Sequence[EmailMessage]) -> None:
        for together in [messages] if self._kept and messages else [[message] for message in messages]:
            with self._submission(sender) as server:
                for message in together:
                    server.send_message(message)
            self._count(sent=len(together), submissions=1)

    def _visit(self, address: str) -> None:
        answers = []
        with self._access(address) as server:
            _ok(server.select("INBOX"))
            found = _ok(server.search(None, "UNSEEN", "HEADER", _LABEL, "yes"))[0].split()
            for number in found:
                (row, *_) = _ok(server.fetch(number.decode(), "(RFC822)"))
                assert isinstance(row, tuple)
                mail = message_from_bytes(row[1])
                _ok(server.store(number.decode(), "+FLAGS", "\\Seen"))
                if mail["In-Reply-To"] is None:
                    answers.append(_answer(address, str(mail["From"]), str(mail["Message-ID"]), str(mail["Subject"])))
        self._submit(address, answers)
        self._count(read=len(found), answered=len(answers), visits=1)

    @contextmanager
    def _submission(self, sender: str) -> Iterator[smtplib.SMTP]:
        host, port = self._smtp.host, self._smtp.port
        hello = "[127.0.0.1]"  # else it looks up the machine's name, each time
        with (
            smtplib.SMTP(host, port, hello, _PATIENCE)
            if self._tls is None
            else smtplib.SMTP_SSL(host, port, hello, timeout=_PATIENCE, context=self._tls)
        ) as server:
            server.login(sender, self._passwords[sender])
            yield server

    @contextmanager
    def _access(self, address: str) -> Iterator[imaplib.IMAP4]:
        host, port = self._imap.host, self._imap.port
        with (
            imaplib.IMAP4(host, port, _PATIENCE)
            if self._tls is None
            else imaplib.IMAP4_SSL(host, port, ssl_context=self._tls, timeout=_PATIENCE)
        ) as server:
            _ok(server.login(address, self._passwords[address]))
            yield server

    def _count(self, **more: int) -> None:
        with self._counting:
            for name, number in more.items():
                setattr(self.tally, name, getattr(self.tally, name) + number)


def _opening(sender: str, recipient: str) -> EmailMessage:
    return _message(sender, recipient, "The projector")


def _answer(sender: str, recipient: str, message_id: str, subject: str) -> EmailMessage:
    message = _message(sender, recipient, f"Re: {subject}")
    message["In-Reply-To"] = message["References"] = message_id
    return message


def _message(sender: str, recipient: str, subject: str) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, recipient, subject
    message["Date"] = formatdate(localtime=True)
    message["Message-ID"] = make_msgid(domain=sender.partition("@")[2])
    message[_LABEL] = "yes"
    message.set_content(_TEXT.format(sender=sender))
    return message


def _ok(said: tuple[str, list[Any]]) -> list[Any]:
    kind, data = said
    if kind != "OK":
        raise RuntimeError(f"the server said {kind}: {data!r}")
    return data
