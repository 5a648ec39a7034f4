"""A pool whose mailboxes all have something to send now, and the nodes that share it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

from sqlalchemy import and_, func, make_url, or_, select

from tests.cli.hand import Hand, Process
from warmup.config import load
from warmup.daemon.clock import SystemClock
from warmup.model import Day, Endpoint, Message, Security, Slot
from warmup.plan import local_date
from warmup.secrets import Vault
from warmup.store import Connection, Node, Store, days, mailboxes, messages
from warmup.store.messages.claims import IN_HAND, WAITING
from warmup.store.tables import message

P = ParamSpec("P")
T = TypeVar("T")

NOWHERE = Endpoint("127.0.0.1", 1, Security.PLAIN)
SETTINGS = """
database = "{database}"
credentials = "credentials"
[mail]
count_sent = false
[hours]
days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
from = "00:00"
to = "23:59"
[smtp]
connections_per_host = {per_host}
[service]
stop_within = "5s"
silent = "{silent}"
planner = "1s"
sender = "1s"
reader = "1s"
"""


class House:
    """A context manager; its nodes end with it. `servers` are where the mailboxes submit, in turn."""

    def __init__(
        self, folder: Path, database: str, servers: Sequence[Endpoint], *, per_host: int = 10, silent: str = "30s"
    ) -> None:
        self._database = database
        self._file = folder / "warmup.toml"
        self._file.write_text(SETTINGS.format(database=database, per_host=per_host, silent=silent))
        self.config = load(self._file, {})
        self._servers = servers
        self._now = SystemClock().now()
        self._zone = f"Etc/GMT{self._now.hour - 12:+d}"  # where it is noon now: no day ends while it runs
        self._nodes: list[Process] = []

    def settle(self, size: int, each: int, lead: timedelta = timedelta(0)) -> None:
        """Register so many mailboxes, with so many messages each to send, all of them due after `lead`."""
        Vault(self.config.credentials).put("word", "one for all")
        with Store.open(self.config.database, create=True) as store:
            store.run(self._settle, size, each, SystemClock().now() + lead)

    def _settle(self, db: Connection, size: int, each: int, due_at: datetime) -> None:
        """All in one transaction, or a node would plan the day of those who have none yet."""
        numbers, today = self._register(db, size), local_date(self._now, self._zone)
        planned = [
            Day(
                mailbox=number,
                local_date=today,
                age=0,
                curve="steady",
                volume=each,
                allowance=each,
                planned_at=self._now,
            )
            for number in numbers
        ]
        slots = [
            Slot(
                message_id=f"<{sender}.{count:03d}@nodes.test>",
                sender=sender,
                recipient=numbers[(place + 1 + count) % size] if (1 + count) % size else numbers[place - 1],
                local_date=today,
                due_at=due_at,
                thread=f"{sender} {count}",
                scenario=self.config.policy.scenarios["en"][0][0],
                turn=1,
                parent=None,
                answer_wanted=False,
            )
            for place, sender in enumerate(numbers)
            for count in range(each)
        ]
        days.record(db, planned, slots)

    @property
    def unfinished(self) -> int:
        """How many messages wait or are in somebody's hand."""
        return self.ask(_unfinished)

    def alone(self) -> Process:
        """A daemon that has the pool for itself, at work."""
        return self._run("--config", str(self._file))

    def node(self, through: int | None = None) -> Process:
        """One more, at work; with its database at another port, if that is given."""
        file = self._file
        if through is not None:
            file = self._file.with_name("elsewhere.toml")
            file.write_text(self._file.read_text().replace(f":{make_url(self._database).port}/", f":{through}/"))
        return self._run("--join", "--config", str(file))

    @property
    def port(self) -> int:
        """Its database's."""
        port = make_url(self._database).port
        assert port is not None
        return port

    @property
    def nodes(self) -> list[Node]:
        with Store.open(self.config.database) as store:
            return store.nodes()

    def who(self) -> list[dict[str, Any]]:
        """What `warmup nodes` says."""
        rows: list[dict[str, Any]] = Hand(self._file.parent).reads("nodes", "--config", str(self._file))
        return rows

    def ask(self, work: Callable[Concatenate[Connection, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        with Store.open(self.config.database) as store:
            return store.run(work, *args, **kwargs)

    @property
    def messages(self) -> list[Message]:
        """Those that were begun or dropped."""
        return self.ask(messages.recent, 100_000)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for node in self._nodes:
            node.end()

    def _run(self, *arguments: str) -> Process:
        self._nodes.append(Process("run", *arguments))
        self._nodes[-1].says("started")
        return self._nodes[-1]

    def _register(self, db: Connection, size: int) -> list[int]:
        return [
            mailboxes.add(
                db,
                address=f"p{number}@nodes.test",
                name=f"P{number}",
                zone=self._zone,
                provider=f"provider{number % 5}.test",
                login=f"p{number}@nodes.test",
                credential="word",
                smtp=self._servers[number % len(self._servers)],
                imap=NOWHERE,
                curve=None,
                now=self._now,
            ).id
            for number in range(size)
        ]


def _unfinished(db: Connection) -> int:
    # What came to nothing after DATA is looked for by now, and no longer in hand.
    return int(db.scalar(select(func.count()).where(or_(WAITING, and_(IN_HAND, message.c.visit_at.is_(None))))) or 0)
