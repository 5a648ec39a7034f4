"""What a configuration says, as values.

Owns: the shape, and the defaults of what isn't a core package's own. Does not own: reading it
(`warmup.config.sections`), or the reasons, which stand beside each key in `data/warmup.toml`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from warmup.content import Corpus, Style
from warmup.curves import Curve, Ramp
from warmup.errors import ConfigError
from warmup.model import Client
from warmup.placement import Rule
from warmup.plan import Policy
from warmup.throttle import Rules, Waits

from .document import nearest
from .told import Notify


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """How mail is sent."""

    connect: float = 30.0  # seconds, as the three below
    command: float = 300.0  # RFC 5321 §4.5.3.2, as the two below
    data: float = 120.0
    dot: float = 600.0
    hello: str = "[127.0.0.1]"  # our name in EHLO: RFC 5321 §4.1.4 for a client without a name of its own
    late: timedelta = timedelta(minutes=30)  # a message this long past its time is dropped, not sent
    connections_per_host: int = 10  # of all mailboxes together; a guess


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How mail is looked for, read and put away."""

    connect: float = 30.0  # seconds, as the one below
    command: float = 60.0
    folder: str = "Warmup"
    file_after: timedelta = timedelta(days=1)
    looks: tuple[timedelta, ...] = (  # each after the one before; missing after the last
        timedelta(minutes=5),
        timedelta(minutes=15),
        timedelta(hours=1),
        timedelta(hours=4),
        timedelta(hours=12),
        timedelta(hours=24),
    )
    asks: tuple[timedelta, ...] = (timedelta(minutes=30), timedelta(hours=5), timedelta(days=1))  # after it was sent
    sent_copy: bool = True
    count_sent: bool = True
    flagged: float = 0.05  # share of the messages opened
    unread: float = 0.05  # share of those that want no answer: nobody opens them


@dataclass(frozen=True, slots=True, kw_only=True)
class Naming:
    """Whom DNS is asked of: addresses with their ports; none: those that the machine asks."""

    servers: tuple[tuple[str, int], ...] = ()
    timeout: float = 5.0  # seconds for a question


@dataclass(frozen=True, slots=True, kw_only=True)
class Alerts:
    """When the operator is told that something goes on for too long: so many holds of a mailbox by servers' answers
    within a time, and a server that couldn't be reached for so long.
    """

    holds: int = 3
    within: timedelta = timedelta(days=7)
    unreachable: timedelta = timedelta(hours=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """How the daemon runs. The last three are the seconds from one look at the store to the next."""

    stop_within: timedelta = timedelta(seconds=30)
    silent: timedelta = timedelta(seconds=30)  # a node that says nothing for so long is taken for dead
    log: str = "text"  # or "json"
    event_loop: str = "auto"  # uvloop if it is installed; or "asyncio", or "uvloop"
    planner: float = 60.0
    sender: float = 1.0
    reader: float = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Web:
    """Where the dashboard is, and the file with the token that opens what isn't for everybody."""

    listen: tuple[str, int] = ("127.0.0.1", 8025)
    origin: str | None = None  # how browsers find it, if by another name than that address
    token: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocklist:
    """A zone of DNS, asked about addresses or about domains; the page of whoever is listed, "" if it isn't known."""

    zone: str
    addresses: bool
    page: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Doctor:
    """How sending domains are examined."""

    every: timedelta | None = timedelta(days=1)  # None: by hand only
    require: frozenset[str] = frozenset()  # checks whose errors hold a domain
    addresses: tuple[str, ...] = ()  # the operator's own, from which mail leaves
    blocklists: tuple[Blocklist, ...] = ()
    age: bool = False  # whether the registry is asked how old a domain is


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """A named curve, where it comes from and what is to be known of it."""

    name: str
    curve: Curve
    source: str
    note: str = ""
    needs_cap: bool = False  # made for an IP address: not for a mailbox unless [ramp] has a cap


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """The whole configuration. Two that say the same are equal, whatever file they were read from."""

    source: Path | None = field(compare=False)  # None: nothing but defaults
    database: str = field(repr=False)  # SQLAlchemy URL, which may hold a password
    credentials: Path  # a directory
    key: Path | None  # the file with the key that they are encrypted with; None: the usual one, beside them
    authorities: Path | None  # certificates trusted besides the system's
    curve: str  # the name of the curve of mailboxes that have none of their own
    presets: Mapping[str, Preset]  # every curve there is
    ramps: Mapping[str, Ramp]  # those that may be used, by the curve's name
    policy: Policy
    corpus: Corpus
    waits: Waits
    alerts: Alerts
    rules: Rules  # what is known of servers' words, the operator's own first
    submission: Submission
    reading: Reading
    naming: Naming
    mta_log: str | None  # the path of our own MTA's log, or "journal"
    placement: Rule
    notify: Notify
    service: Service
    doctor: Doctor
    web: Web
    label: str  # the header field by which our mail is known
    style: Style
    templates: Path | None  # the folder with the operator's own conversations
    provider_of: Mapping[str, str]  # receiving provider, by domain; others are their own
    clients: Mapping[str, Client]  # who we are to authorization servers, by the provider's name

    def ramp(self, name: str | None = None) -> Ramp:
        """The ramp of a mailbox whose curve is `name` (None: the default). Raises `ConfigError` if it can't be used."""
        name = name or self.curve
        if name not in self.ramps:
            raise ConfigError(why_not(name, self.presets))
        return self.ramps[name]

    def client(self, provider: str) -> Client:
        """Who we are to a provider. Raises `ConfigError` if that isn't configured."""
        if provider not in self.clients:
            raise ConfigError(
                f"there is no client id for {provider} in the configuration; register a client with the provider and "
                f"write client_id into [oauth.{provider}]"
            )
        return self.clients[provider]


def why_not(name: str, presets: Mapping[str, Preset]) -> str:
    """Why there is no ramp of that name."""
    if name not in presets:
        return f"there is no curve {name!r}; {nearest(name, presets)}"
    return f"the curve {name!r} is made for an IP address; set cap in [ramp] to what one mailbox may send in a day"
