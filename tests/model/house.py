"""A house: a small pool on the embedded servers, a daemon that can be killed, and a clock that can be set.

Owns: what can happen, as verbs. Does not own: what was seen of it (`tests.model.witness`), what must not happen
(`tests.model.laws`), in which order things do (`tests.model.machine`).
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Concatenate, ParamSpec, TypeVar
from unittest.mock import patch

from tests.daemon.relaying import OTHER, OWN, relaying
from tests.daemon.test_aftermath import notice
from tests.daemon.world import NAMES, PROVIDERS, World
from warmup.daemon.log import Fact, Log
from warmup.daemon.office import Office
from warmup.daemon.run import Daemon
from warmup.daemon.systemd import Manager
from warmup.errors import StoreError
from warmup.model import Cause, Endpoint, Mailbox, Message, Pause, Relay, Scope
from warmup.sandbox import Accepted, Fault
from warmup.secrets import Vault
from warmup.store import Connection, installs, mailboxes, pauses
from warmup.throttle.report import Fate

from .ground import KILLED, changed, folder, store, usual
from .laws import Broken, Chronicle, broken
from .witness import Witness

P = ParamSpec("P")
T = TypeVar("T")

ADDRESSES = tuple(f"{name}@{PROVIDERS[number % 3]}" for number, name in enumerate(NAMES))


class House(World):
    """Begin with `move_in`, end with `move_out`; the verbs between them let time go by or change how things are."""

    def __init__(self, start: datetime, zones: Sequence[str]) -> None:
        super().__init__(folder(), size=len(zones), junk=0.2)
        self.config = usual()
        self._set_clock(start)
        self._zones = zones
        self._runner = asyncio.Runner()
        self._notices = 0
        self._kills = 0
        self._lived = self.clock.now()

    def move_in(self) -> None:
        self.store = store()
        self.store.forget()
        self._witness = Witness(self.store)
        self._runner.run(self.servers.start())
        self._doors = AsyncExitStack()
        self._relay = self._runner.run(self._doors.enter_async_context(relaying(self)))
        accept = self.servers.ledger.accept

        def witnessed(entry: Accepted) -> None:
            self._witness.see(entry, OTHER if self._relay.taking else OWN, self.config)
            accept(entry)

        self._watched = patch.object(self.servers.ledger, "accept", witnessed)
        self._watched.start()
        for account, zone in zip(self.accounts, self._zones, strict=True):
            self.register(account.address, account.password, self.servers.smtp, self.servers.imap, zone)

    def move_out(self) -> None:
        self._watched.stop()
        self._runner.run(self._doors.aclose())
        self._runner.run(self.servers.stop())
        self._runner.close()

    def register(self, address: str, password: str, smtp: Endpoint, imap: Endpoint, zone: str = "UTC") -> None:
        Vault(self.config.credentials).put(address, password)
        name, _, domain = address.partition("@")
        mine = {"name": name.capitalize(), "zone": zone, "provider": domain, "login": address, "credential": address}
        asked: dict[str, Any] = {"address": address, **mine, "smtp": smtp, "imap": imap, "curve": None}
        self.ask(mailboxes.add, **asked, now=self.clock.now())

    def ask(self, work: Callable[Concatenate[Connection, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        return self.store.run(work, *args, **kwargs)

    def pass_(self, time: timedelta) -> None:
        """The daemon lives on; if it is to be killed and lives so long, it is, and another one begins at once."""
        until = self.clock.now() + time
        if not self._live(until):
            self._kills += 1
            self._witness.doubt(self.messages)
            assert self._live(until), "it was to be killed once"
        self._lived = self.clock.now()
        assert not self.events("bug"), self.events("bug")[0].fields["traceback"]

    def _live(self, until: datetime) -> bool:
        """Until then; False if it was killed before."""
        try:
            self._runner.run(Daemon(self.office(), Manager({})).jump(self.clock, until))
        except StoreError as error:
            if str(error) != KILLED:
                raise
            return False
        finally:
            self.store.words = None
        return True

    def kill(self, words: int, *, committed: bool) -> None:
        """The next life ends after so many words with the store; of the last one it hears no answer, and only if it is
        `committed` anything comes of it.
        """
        self.store.words, self.store.committed = words, committed

    def sleep(self, time: timedelta) -> None:
        """Nothing runs, as when the machine is off."""
        self._set_clock(self.clock.now() + time)

    def turn_back(self, time: timedelta) -> None:
        """The clock is set back."""
        self._set_clock(self.clock.now() - time)
        self._witness.unsteady |= {mailbox.id for mailbox in self.pool.values()}

    def strike(self, fault: Fault, after: timedelta) -> None:
        """From then on a server is in trouble, until it has been as often as the fault says."""
        fault = replace(fault, since=self.clock.now() + after)
        self.servers.faults.struck[fault] = 0
        self.servers.faults.script.append(fault)

    def tell(self, number: int, said: str, fate: Fate, *, swallow: bool, stranger: bool = False) -> bool:
        """A notification comes into the sender's inbox, about one of the messages that were accepted, which may also be
        taken away from where it lies; or about what a `stranger` sent. False if nothing was accepted so far.
        """
        sent = [message for message in self.messages if message.sent_at]
        if not sent:
            return False
        message = sent[number % len(sent)]
        addresses = {mailbox.id: address for address, mailbox in self.pool.items()}
        if swallow:
            self._take_away(addresses[message.recipient], message)
        raw = notice(self, replace(message, id=self._notices), said, fate)
        self._notices += 1
        if stranger:
            raw = raw.replace(message.message_id.encode(), b"<their.own@elsewhere.test>")
        elif fate is Fate.FAILED:
            self._witness.undone.add(message.message_id)
        self.servers.box(addresses[message.sender])["INBOX"].add(raw, self.clock.now())
        return True

    def _take_away(self, address: str, message: Message) -> None:
        self._witness.undone.add(message.message_id)
        for place in self.servers.box(address).folders.values():
            place.remove([mail for mail in place.mails.values() if mail.message_id == message.message_id])

    def relay(self, who: int, weight: int | None) -> None:
        """A mailbox has a second server, that no fault strikes; None: it has it no more."""
        self.change(who, relays=() if weight is None else (Relay(self._relay.endpoint, weight),))

    def hold(self, who: int, whom: int, scope: Scope, time: timedelta | None, *, relay: bool = False) -> None:
        """`relay`: of a host it is the second server's."""
        one, other, now = self._member(who), self._member(whom), self.clock.now()
        pause = Pause(
            scope=scope,
            mailbox=one.id if scope in {Scope.MAILBOX, Scope.LANE} else None,
            provider=other.provider if scope is Scope.LANE else None,
            recipient=other.id if scope is Scope.RECIPIENT else None,
            domain=one.domain if scope is Scope.DOMAIN else None,
            host=(OTHER if relay else one.smtp.host) if scope is Scope.HOST else None,
            cause=Cause.OPERATOR,
            since=now,
            until=None if time is None else now + time,
        )
        self.ask(pauses.open_, pause)

    def resume(self, number: int) -> bool:
        """False if nothing is held."""
        active = self.ask(pauses.active, self.clock.now())
        if active:
            self.ask(pauses.lift, self.clock.now(), id=active[number % len(active)].id)
        return bool(active)

    def change(self, who: int, **fields: Any) -> None:
        mailbox = self._member(who)
        if "zone" in fields:
            self._witness.unsteady.add(mailbox.id)
        self.ask(mailboxes.change, mailbox.id, **fields)

    def remove(self, who: int) -> None:
        self.ask(mailboxes.remove, self._member(who).id, self.clock.now())

    def add_again(self, who: int) -> bool:
        """False if it is in the pool."""
        mailbox = self._member(who)
        if mailbox.removed_at is None:
            return False
        self.register(mailbox.address, f"word-of-{mailbox.name.lower()}", mailbox.smtp, mailbox.imap, mailbox.zone)
        return True

    def reload(self, **settings: Any) -> None:
        """`curve`, `cap`, `late`, `days` and `rate`, as the daemon would read them anew."""
        self.config = changed(self.config, **settings)

    def check(self) -> None:
        """Raises AssertionError with every law that is broken."""
        found = broken(self._chronicle())
        assert not found, "\n".join(dict.fromkeys(map(str, found)))

    def found(self) -> list[Broken]:
        return broken(self._chronicle())

    def count(self) -> dict[str, int]:
        """How much of what happened."""
        events = Counter(fact.event for fact in self.facts)
        return {
            "accepted": len(self.servers.ledger.accepted),
            "pauses": len(self.pauses),
            "faults": sum(self.servers.faults.struck.values()),
            "kills": self._kills,
            "relayed": len(self._relay.peers),
            **{name: events[name] for name in ("planned", "dropped", "uncertain", "settled", "bounced", "missing")},
        }

    def _chronicle(self) -> Chronicle:
        return self._witness.chronicle(self._lived, self.servers.ledger.changes, self.config)

    def office(self) -> Office:
        return Office(
            store=self.store,
            vault=Vault(self.config.credentials),
            config=self.config,
            install=self.ask(installs.get),
            clock=self.clock,
            log=Log(self.clock, self._hear),
            node="house",
        )

    def _hear(self, fact: Fact) -> None:
        self.facts.append(fact)
        if fact.event == "planned":
            self._witness.hear(fact, self.pool[str(fact.fields["mailbox"])], self.config)

    def _member(self, number: int) -> Mailbox:
        pool = self.pool
        return pool[ADDRESSES[number % len(pool)]]

    def _set_clock(self, at: datetime) -> None:
        self.clock._now = at.astimezone(UTC)
