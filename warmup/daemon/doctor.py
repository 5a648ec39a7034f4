"""Examining: how the world sees the domains that send, once a day, and what follows from that.

One domain at a time, beside everything else: no message waits for it. What is found is told in the log, and the last of
it is kept. If the operator wants it (`require`) an error holds the domain until a later examination is clean; a domain
that is held is looked at every hour. What can't be looked up proves nothing: it neither holds nor lets go. That mail
isn't signed shows in mail alone, so that hold is over after a day, and only what was sent after it is looked at then.

Owns: when, of what, the hold. Does not own: the checks (`warmup.dns`), reading what receivers say
(`warmup.daemon.witness`).
Sources: RFC 6761 and RFC 2606 (names that nobody can have, and that are not examined by themselves).
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from warmup.address import wire
from warmup.config import Config
from warmup.dns import REGISTRY, Blocklist, Door, Finding, Instruments, Level, Resolver, Subject, asking, examine, found
from warmup.model import EXAMINED, Bookmark, Cause, Mailbox, Pause, Scope, Security, chance
from warmup.store import Connection, Examination, Noted, Store, bookmarks, findings, mailboxes, pauses

from .crew import Crew
from .keys import Keys
from .office import Office
from .trust import trusted
from .witness import testimony

_LONGEST = 900.0  # seconds for one domain
_HELD = timedelta(hours=1)  # between two looks at a domain that is held
_ONLY_IN_MAIL = "dkim-unsigned"
_TRIED = timedelta(days=1)  # after which mail is to show whether that was mended
_NOBODYS = ("test", "example", "invalid", "localhost", "example.com", "example.net", "example.org")


@dataclass(frozen=True, slots=True, kw_only=True)
class Consultation:
    """What is to be examined: a domain, or one mailbox's part of it; with what the operator knows of it."""

    domain: str
    mailbox: Mailbox | None = None
    selectors: Sequence[str] = ()
    addresses: Sequence[str] = ()


async def consult(
    about: Consultation, config: Config, store: Store, keys: Keys, *, now: datetime, resolver: Resolver | None = None
) -> list[Finding]:
    """Everything that is found."""
    ask = asking(resolver or Resolver(config.naming.servers, config.naming.timeout))
    pool = [mailbox for mailbox in await store.do(mailboxes.every) if mailbox.domain == about.domain]
    told = await testimony(about.domain, config, store, keys, ask=ask, now=now)
    domain = wire(f"x@{about.domain}").rpartition("@")[2]
    subject = Subject(
        domain=domain,
        selectors=about.selectors,
        addresses=[*about.addresses] or config.doctor.addresses,
        witnesses=[replace(witness, domain=domain) for witness in told.witnesses],
        doors=_doors([about.mailbox] if about.mailbox else pool),
    )
    means = Instruments(
        ask=ask,
        tls=trusted(config),
        now=now,
        hello=config.submission.hello,
        blocklists=[Blocklist(one.zone, one.addresses, one.page) for one in config.doctor.blocklists],
        registry=REGISTRY if config.doctor.age else None,
    )
    unread = [
        found("seen-unread", address, f"no message could be read in {address}: {why}") for address, why in told.troubles
    ]
    return [*await examine(subject, means), *unread]


def _doors(pool: Sequence[Mailbox]) -> list[Door]:
    """The servers of these mailboxes, each once; a connection in the clear has nothing to show."""
    doors = [Door(endpoint=server, trade="submission") for mailbox in pool for server in mailbox.submission]
    doors += [Door(endpoint=mailbox.imap, trade="imap") for mailbox in pool]
    return [door for door in dict.fromkeys(doors) if door.endpoint.security is not Security.PLAIN]


def note(db: Connection, domain: str, findings_: Sequence[Finding], at: datetime) -> None:
    """Keep what was found of a domain, in place of what was found before. A work of the store, as the next one."""
    noted = [
        Noted(code=one.code, of=one.of, what=one.what, level=str(one.level), why=one.why, fix=one.fix)
        for one in findings_
    ]
    findings.put(db, Examination(domain, at, tuple(noted)))


def noted(db: Connection, domains: Collection[str]) -> list[tuple[str, datetime, list[Finding]]]:
    """The domains among these that have been examined, when that was last, and what was found."""
    return [
        (
            one.domain,
            one.at,
            [
                Finding(code=n.code, of=n.of, what=n.what, level=Level[n.level.upper()], why=n.why, fix=n.fix)
                for n in one.findings
            ],
        )
        for one in findings.last(db, domains)
    ]


class Doctor:
    """Examines the domains of the pool, each when it is due."""

    def __init__(self, office: Office, resolver: Resolver | None = None) -> None:
        self._office = office
        self._resolver = resolver
        self._crew = Crew(self._crashed)

    async def tick(self) -> None:
        """Begin with the domain that has waited longest, unless one is being examined."""
        self._crew.check()
        office = self._office
        # Beside the writer, which sends wait for: a large pool has many domains.
        due = await asyncio.to_thread(office.store.read, _due, office.config, office.clock.now(), office.install.seed)
        if due is not None:
            self._crew.begin("examination", partial(self._examine, due))

    async def idle(self) -> None:
        await self._crew.idle()

    async def stop(self) -> int:
        """Put it down at once: it begins anew the next time."""
        return await self._crew.stop(0)

    async def _crashed(self, key: Hashable, error: Exception) -> None:
        self._office.log.bug(str(key), error)

    async def _examine(self, domain: str) -> None:
        office, config = self._office, self._office.config
        mark = Bookmark(source=_source(domain), edition="", position="", read_at=office.clock.now())
        await office.store.do(bookmarks.put, mark)  # before: one that never ends isn't begun again and again
        try:
            async with asyncio.timeout(_LONGEST):
                told = await consult(
                    Consultation(domain=domain),
                    config,
                    office.store,
                    office.keys,
                    now=office.clock.now(),
                    resolver=self._resolver,
                )
        except TimeoutError:
            office.log.examined_in_vain(domain, f"not done within {_LONGEST:g} s")
            return
        office.log.examined(domain, told)
        await office.store.do(note, domain, told, office.clock.now())
        begun, over = await office.store.do(_hold, domain, told, config.doctor.require, office.clock.now())
        for pause in begun:
            office.log.held(f"*@{domain}", pause)
        for pause in over:
            office.log.healed(domain, pause)


def _source(domain: str) -> str:
    return f"doctor:{domain}"


def _due(db: Connection, config: Config, now: datetime, seed: str) -> str | None:
    """The domain that has been due longest. A work of the store, as the next one."""
    held = {pause.domain for pause in pauses.active(db, now) if pause.rule.startswith(EXAMINED)}
    waiting: list[tuple[datetime, str]] = []
    for domain in mailboxes.domains(db):
        every = _HELD if domain in held else config.doctor.every
        if every is None or _nobodys(domain):
            continue
        mark = bookmarks.get(db, _source(domain))
        dice = chance(seed, domain, mark and mark.read_at.isoformat(), "doctor")
        due = mark.read_at + every * dice.uniform(0.9, 1.1) if mark else datetime.min.replace(tzinfo=now.tzinfo)
        if due <= now:
            waiting.append((due, domain))
    return min(waiting)[1] if waiting else None


def _nobodys(domain: str) -> bool:
    return any(domain == name or domain.endswith(f".{name}") for name in _NOBODYS)


def _hold(
    db: Connection, domain: str, findings: Sequence[Finding], require: Collection[str], now: datetime
) -> tuple[list[Pause], list[Pause]]:
    """Hold the domain for what is wrong and required, let go what isn't any more: what begins, and what is over."""
    wrong = _wrong(findings, require)
    unknown = {finding.check for finding in findings if finding.unknown} & set(require)
    mine = [pause for pause in pauses.active(db, now) if pause.domain == domain and pause.rule.startswith(EXAMINED)]
    over = [pause for pause in mine if pause.rule.removeprefix(EXAMINED) not in wrong.keys() | unknown]
    for pause in over:
        pauses.lift(db, now, id=pause.id)
    lasting = {pause.rule for pause in mine}
    begun = [
        pauses.open_(db, _pause(domain, finding, now))
        for check, finding in wrong.items()
        if f"{EXAMINED}{check}" not in lasting
    ]
    return begun, over


def _pause(domain: str, finding: Finding, now: datetime) -> Pause:
    tried = finding.code == _ONLY_IN_MAIL
    return Pause(
        scope=Scope.DOMAIN,
        mailbox=None,
        domain=domain,
        cause=Cause.FAILURE,
        since=now,
        until=now + _TRIED if tried else None,
        rule=f"{EXAMINED}{finding.check}",
        note=finding.what + ("" if tried else "; over with the next clean examination, one an hour"),
    )


def _wrong(findings: Sequence[Finding], require: Collection[str]) -> Mapping[str, Finding]:
    """What is wrong first with each check that is required."""
    wrong: dict[str, Finding] = {}
    for finding in findings:
        if finding.level is Level.ERROR and finding.check in require:
            wrong.setdefault(finding.check, finding)
    return wrong
