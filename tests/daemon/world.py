"""A small world: a pool on the embedded servers, lived by the real daemon on a clock that jumps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Concatenate, ParamSpec, Self, TypeVar

from warmup.config import Config, load
from warmup.daemon.clock import JumpClock
from warmup.daemon.log import Fact
from warmup.daemon.run import jump
from warmup.model import Endpoint, Mailbox, Message, Pause
from warmup.plan import local_date
from warmup.sandbox import Account, Fault, Sandbox
from warmup.secrets import Vault
from warmup.store import Connection, Store, days, mailboxes, messages, pauses

P = ParamSpec("P")
T = TypeVar("T")

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
PROVIDERS = ("north.test", "east.test", "south.test")
NAMES = ("ann", "ben", "cleo", "dan", "eva", "finn", "gus", "hana", "ida")
ZONE = "Europe/Berlin"
THROTTLED = "421 4.7.28 An unusual rate of email from your account has been detected; try again later"
_SETTINGS = """
credentials = "credentials"
[curves.brisk]
kind = "linear"
start = 4
step = 2
ceiling = 20
[smtp]
connect = "2s"
command = "2s"
data = "2s"
dot = "2s"
[imap]
connect = "2s"
command = "2s"
"""


class Life:
    """A pool, a store and a clock that jumps, with whatever servers."""

    def __init__(
        self,
        folder: Path,
        settings: str = "",
        *,
        database: str = "sqlite:///warmup.db",
        curve: str = "brisk",
        authorities: Path | None = None,
    ) -> None:
        file = folder / "warmup.toml"
        trusted = f'authorities = "{authorities}"\n' if authorities else ""
        file.write_text(f'database = "{database}"\n{trusted}{_SETTINGS}\n[ramp]\ncurve = "{curve}"\n{settings}')
        config = load(file, {})
        if "unread" not in settings:  # what somebody leaves unread is a test of its own
            config = replace(config, reading=replace(config.reading, unread=0.0))
        self.config: Config = config
        self.clock = JumpClock(MONDAY)
        self.facts: list[Fact] = []

    def register(self, address: str, password: str, smtp: Endpoint, imap: Endpoint, zone: str = ZONE) -> None:
        """A mailbox that is taken to be proven."""
        name, _, domain = address.partition("@")
        Vault(self.config.credentials).put(address, password)
        with Store.open(self.config.database, create=True, seed="world") as store:
            store.run(
                mailboxes.add,
                address=address,
                name=name.capitalize(),
                zone=zone,
                provider=domain,
                login=address,
                credential=address,
                smtp=smtp,
                imap=imap,
                curve=None,
                now=self.clock.now(),
            )

    async def live(self, until: datetime) -> None:
        """One run of the daemon, from now until then. Called again it goes on, as after a restart."""
        await jump(self.config, self.clock, until, self.facts.append)
        assert not self.events("bug"), self.events("bug")[0].fields["traceback"]

    async def on_its_way(self) -> Message:
        """Lives until a message has been accepted, some minutes ago, and not been looked for yet."""
        while True:
            began = self.clock.now()
            await self.live(began + timedelta(minutes=10))
            for message in self.messages:
                if message.sent_at and message.sent_at >= began and message.visit_at and not message.found_at:
                    return message

    def ask(self, work: Callable[Concatenate[Connection, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """A work of the store, in a store of its own."""
        with Store.open(self.config.database) as store:
            return store.run(work, *args, **kwargs)

    def events(self, *names: str) -> list[Fact]:
        return [fact for fact in self.facts if fact.event in names]

    @property
    def pool(self) -> dict[str, Mailbox]:
        return {mailbox.address: mailbox for mailbox in self.ask(mailboxes.every, removed=True)}

    @property
    def messages(self) -> list[Message]:
        """Everything that was ever begun, dropped or sent, the earliest first."""
        return self.ask(messages.recent, 100_000)[::-1]

    @property
    def pauses(self) -> list[Pause]:
        return self.ask(pauses.history)


class World(Life):
    """`size` mailboxes of as many people at three providers, on the embedded servers, all in one `zone`. An async
    context manager.
    """

    def __init__(
        self,
        folder: Path,
        *,
        size: int = 4,
        faults: Sequence[Fault] = (),
        junk: float = 0.0,
        settings: str = "",
        zone: str = ZONE,
        database: str = "sqlite:///warmup.db",
        curve: str = "brisk",
    ) -> None:
        super().__init__(folder, settings, database=database, curve=curve)
        self.accounts = [
            Account(f"{name}@{PROVIDERS[number % 3]}", f"word-of-{name}") for number, name in enumerate(NAMES[:size])
        ]
        self.servers = Sandbox(self.accounts, clock=self.clock.now, faults=faults, junk=junk)
        self._zone = zone

    async def __aenter__(self) -> Self:
        await self.servers.start()
        for account in self.accounts:
            self.register(account.address, account.password, self.servers.smtp, self.servers.imap, self._zone)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.servers.stop()

    def check_laws(self) -> None:
        """What must hold whatever happened: nothing lost, nothing twice, nothing above the allowance, nobody else."""
        accepted = self.servers.ledger.accepted
        assert len({entry.message_id for entry in accepted}) == len(accepted), "a message was accepted twice"
        rows = {message.message_id: message for message in self.messages}
        known = {message_id for message_id, message in rows.items() if message.data_at and not message.refused_at}
        assert {entry.message_id for entry in accepted} <= known, "a server has what the store doesn't know of"
        sure = {message_id for message_id, message in rows.items() if message.sent_at}
        assert sure <= {entry.message_id for entry in accepted}, "the store says sent and no server has it"
        pool = self.pool
        used = Counter((pool[entry.sender].id, local_date(entry.at, pool[entry.sender].zone)) for entry in accepted)
        for (mailbox, day), count in used.items():
            planned = self.ask(days.get, mailbox, day)
            assert planned is not None
            assert count <= planned.allowance, f"{count} sent on {day}, {planned.allowance} allowed"
