"""What the daemon's own adapters, `warmup.smtp` and `warmup.imap`, take for what a life said to its servers.

Without what the daemon does between two commands, and nothing else in the process: what the same costs more amid a
life shows in that life's rest.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from warmup import imap, smtp
from warmup.daemon.loop import Factory
from warmup.daemon.trust import ACCESS, SERVICES, SUBMISSION
from warmup.imap import Access, First
from warmup.imap.line import Question
from warmup.model import Stage
from warmup.sandbox import Account
from warmup.smtp import Session
from warmup.tls import context

from .replay import Spoken, replay
from .servers import Servers
from .tape import Command, Submission, Tape, Visit

_AT_SIGN_IN = {"CAPABILITY", "NAMESPACE", "LIST", "LOGOUT"}  # said by `sign_in` and `close`
_SECONDS = 60.0


def measure(tape: Tape, people: Sequence[Account], servers: Servers, loop: Factory) -> Spoken:
    """On these servers, which nobody else has used."""
    tls = {service: servers.resuming(service) or context() for service in SERVICES}  # made once in a process
    return replay(tape, people, servers, Adapters(tls), loop)


@dataclass(frozen=True, slots=True)
class Adapters:
    """Says a session as the daemon does."""

    tls: Mapping[str, ssl.SSLContext]

    async def submit(self, servers: Servers, account: Account, session: Submission) -> None:
        opened = await smtp.dial(
            servers.smtp,
            account.address,
            account.password,
            hello="[127.0.0.1]",
            tls=self.tls[SUBMISSION],
            timeouts=smtp.Timeouts(),
        )
        assert isinstance(opened, Session), opened
        for sender, recipient, message in session.messages:
            for said in (await opened.envelope(sender, recipient, message), await opened.data(message)):
                assert said.positive, said
        await opened.close()

    async def visit(self, servers: Servers, account: Account, visit: Visit) -> None:
        said = [command for command in visit.commands if command.name not in _AT_SIGN_IN]
        first = None
        if len(said) > 1 and said[0].along:
            selecting, search, *said = said
            first = First(selecting.name, (search.name, *search.arguments))
        access = await imap.sign_in(
            servers.imap, account.address, account.password, tls=self.tls[ACCESS], timeouts=imap.Timeouts(), first=first
        )
        assert isinstance(access, Access), access
        for command, after in zip_longest(said, said[1:]):
            if after is not None and after.along:
                await access._line.ask_all(_question(command), _question(after))
            elif not command.along:
                owed = [command.owed] if command.owed is not None else []
                await access._line.ask(Stage.FETCH, command.name, *command.arguments, owed=owed, seconds=_SECONDS)
        await access.close()


def _question(command: Command) -> Question:
    return Question(Stage.FETCH, (command.name, *command.arguments), _SECONDS)
