"""What the daemon's own adapters, `warmup.smtp` and `warmup.imap`, take for what a life said to its servers.

Without what the daemon does between two commands, and nothing else in the process: what the same costs more amid a
life shows in that life's rest.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile

from warmup import imap, smtp
from warmup.daemon.loop import Factory
from warmup.daemon.trust import ACCESS, SERVICES, SUBMISSION
from warmup.imap import Access, Errand
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
        inbox = list(takewhile(lambda command: command.along, said))
        errand = None
        if inbox:
            selecting, search = inbox
            errand = Errand(selecting.name, (search.name, *search.arguments))
        access = await imap.sign_in(
            servers.imap,
            account.address,
            account.password,
            tls=self.tls[ACCESS],
            timeouts=imap.Timeouts(),
            errand=errand,
        )
        assert isinstance(access, Access), access
        for turn in _turns(said[len(inbox) :]):
            if (owed := turn[0].owed) is not None:
                stage, words, seconds = _question(*turn)
                await access._line.ask(stage, *words, owed=[owed], seconds=seconds)
            else:
                await access._line.ask_all(*map(_question, turn))
        await access.close()


def _turns(commands: Iterable[Command]) -> Iterator[list[Command]]:
    """Those that were said at once, together."""
    turn: list[Command] = []
    for command in commands:
        if turn and not command.along:
            yield turn
            turn = []
        turn.append(command)
    if turn:
        yield turn


def _question(command: Command) -> Question:
    return Question(Stage.FETCH, (command.name, *command.arguments), _SECONDS)
