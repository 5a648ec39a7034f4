"""The words of the trade, as values. No I/O, no third party, nothing that changes.

Owns: what a Mailbox, Slot, Message, Response, Verdict, Pause and Placement are, what opens a mailbox, and where chance
comes from.
Does not own: how they are stored (`warmup.store`), decided (`warmup.plan`, `warmup.throttle`) or shown (`warmup.cli`).

All instants are timezone-aware UTC. A `local_date` is the calendar day in the sender's own zone.
Sources: RFC 5321 (stages, basic codes), RFC 3463 (enhanced codes), RFC 5322 §3.6.4 (Message-ID), RFC 8314 (security),
RFC 6749 (OAuth 2.0).
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import random
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum


class Security(StrEnum):
    """How a connection is protected; independent of the port (RFC 8314 §3)."""

    TLS = "tls"  # implicit TLS from the first byte
    STARTTLS = "starttls"  # upgrade before anything else is said; refused if the server doesn't offer it
    PLAIN = "plain"  # no protection: only when asked for, and with a password only on loopback


class Stage(StrEnum):
    """Where in a conversation with a server something happened. The first eight are a submission's, in order."""

    CONNECT = "connect"
    TLS = "tls"
    EHLO = "ehlo"
    AUTH = "auth"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"  # the answer to the DATA command: nothing of the message has gone out
    DOT = "dot"  # the answer to the final dot: the whole message has gone out
    LOGIN = "login"  # IMAP authentication
    SELECT = "select"  # IMAP: any command on folders
    FETCH = "fetch"  # IMAP: any command on messages
    DSN = "dsn"  # told afterwards, in a delivery status notification or a log: the words are the receiver's

    @property
    def before_mail(self) -> bool:
        """No message has been named yet: the submission host speaks for itself, and to the mailbox."""
        return self in {Stage.CONNECT, Stage.TLS, Stage.EHLO, Stage.AUTH}


class Placement(StrEnum):
    """Where a message was found when it was first seen."""

    INBOX = "inbox"
    JUNK = "junk"
    OTHER = "other"


class Scope(StrEnum):
    """What a pause holds."""

    MAILBOX = "mailbox"  # everything this mailbox would send
    LANE = "lane"  # what this mailbox would send to one receiving provider
    RECIPIENT = "recipient"  # what anybody would send to one mailbox of the pool
    DOMAIN = "domain"  # what every mailbox of a sending domain would send, to one receiving provider or to all
    HOST = "host"  # what every mailbox at one submission host would send
    ACCESS = "access"  # looking into this mailbox: IMAP's trouble, which holds no sending


class Cause(StrEnum):
    """Who holds."""

    VERDICT = "verdict"  # what a receiver did, judged: a server's answer, or where our mail was put
    FAILURE = "failure"  # our own or the network's trouble; never sets a ramp back
    OPERATOR = "operator"  # a person


class Action(StrEnum):
    """What a server's answer asks for."""

    ACCEPTED = "accepted"
    PAUSE_MAILBOX = "pause_mailbox"
    PAUSE_LANE = "pause_lane"
    PAUSE_RECIPIENT = "pause_recipient"
    REDUCE_CONNECTIONS = "reduce_connections"  # one connection at a time to that server, and a little later
    RETRY_LATER = "retry_later"
    FAIL_MESSAGE = "fail_message"
    DROP_RECIPIENT = "drop_recipient"  # write no more to that address until a person restores it
    DISABLE = "disable"  # hold the mailbox until a person lifts it
    FIX_CONFIG = "fix_config"  # the same, and waiting can't help: something is set up wrong
    IGNORE = "ignore"  # means nothing: dial again


class Kind(StrEnum):
    """What a refusal is about, where that decides how far a ramp falls or how long and how widely is held."""

    TROUBLE = "trouble"  # the server's, the recipient's, the message's or the setting's: no ramp falls for it
    RATE = "rate"  # too much at once
    QUOTA = "quota"  # the day's volume is used up
    REPUTATION = "reputation"  # a hint that the sender isn't well thought of
    LOGIN = "login"  # signed in too often: SMTP and IMAP share it


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A server to dial."""

    host: str
    port: int
    security: Security

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port} ({self.security})"

    @property
    def name(self) -> str:
        """The host in lower case, as a pause names it."""
        return self.host.lower()

    @property
    def loopback(self) -> bool:
        """Whether it is this machine: an address of the loopback range, or `localhost` (RFC 6761 §6.3)."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.name == "localhost"


@dataclass(frozen=True, slots=True)
class Relay:
    """A submission server beside a mailbox's own."""

    server: Endpoint
    weight: int = 0  # the percentage of connections that go there; 0: those for which there is no other


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailbox:
    """An address the operator owns, proven by login, with its servers and the *name* of its credential."""

    id: int
    address: str  # canonical form, see warmup.address
    name: str  # display name of the person, used in From and in signatures
    zone: str  # IANA time zone name
    provider: str  # who receives for this address: google, microsoft, … or its own domain
    login: str  # user name at both servers
    credential: str  # name under which the vault keeps the password, or the consent
    auth: str = "password"  # or oauth:PROVIDER
    smtp: Endpoint
    imap: Endpoint
    relays: tuple[Relay, ...] = ()  # their weights come to 100 at most; its own server has what is left
    source: str | None = None  # the address of this machine that it submits from; None: whichever routes there
    curve: str | None = None  # a curve's name; None: the configuration's default
    added_at: datetime
    removed_at: datetime | None = None

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2]

    @property
    def oauth(self) -> str | None:
        """The provider whose access tokens it signs in with; None: it has a password."""
        kind, _, provider = self.auth.partition(":")
        return provider if kind == "oauth" else None

    @property
    def submission(self) -> tuple[Endpoint, ...]:
        """All servers that it may submit to, its own first."""
        return (self.smtp, *(relay.server for relay in self.relays))


@dataclass(frozen=True, slots=True)
class Bearer:
    """An access token: it opens a mailbox for a while, in place of a password (RFC 6750)."""

    token: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """Who we are to a provider's authorization server, and where that is (RFC 6749 §2 and §3). URLs are https."""

    provider: str
    id: str
    secret: str | None = field(default=None, repr=False)
    authorize: str  # where a person consents
    token: str
    device: str | None = None  # RFC 8628; None: it gives no device codes for mail
    scopes: tuple[str, ...]
    redirect: str = "127.0.0.1"  # the host of the loopback redirect, as the provider has it registered
    extra: tuple[tuple[str, str], ...] = ()  # what else the provider wants to hear when asked for consent


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """A message that doesn't exist yet. The Message-ID is minted here, so it can never be sent under two."""

    message_id: str  # with angle brackets, in the sender's own domain
    sender: int  # Mailbox.id
    recipient: int  # Mailbox.id
    local_date: date  # the sender's day whose allowance it eats
    due_at: datetime
    thread: str  # the seed all turns of one conversation share
    scenario: str  # the name of the conversation
    turn: int  # 1 for the opening message
    parent: str | None  # Message-ID of the message it answers
    answer_wanted: bool  # whether the recipient is to answer
    circle: int = 0  # the number of the circle that it was planned in; 0: in none


@dataclass(frozen=True, slots=True, kw_only=True)
class Message(Slot):
    """A slot remembered: the row. Its stamps are its way; there is no status that could disagree with them.

    planned → claimed → data → sent (or refused) → found → opened → (answered) → filed. `data_at` without `sent_at`
    and `refused_at` is *uncertain*. `dropped_at` ends a slot that was never tried to its end; `missing_at` one that
    was accepted and never seen, or of which we were told that it came back.
    """

    id: int
    claimed_at: datetime | None = None  # somebody is about to send it; written before dialling
    claimed_by: str | None = None
    data_at: datetime | None = None  # written before DATA: from here on a broken wire is uncertain
    via: str | None = None  # the submission host told DATA, an `Endpoint.name`; None: if any, the sender's own
    sent_at: datetime | None = None  # the server accepted it
    refused_at: datetime | None = None  # the server refused it for good
    dropped_at: datetime | None = None  # missed, paused, or its parent never came; see `reason`
    visit_at: datetime | None = None  # when the recipient's folders are to be looked at next
    found_at: datetime | None = None
    opened_at: datetime | None = None
    rescued_at: datetime | None = None  # moved from Junk to INBOX
    answered_at: datetime | None = None  # its answer was accepted
    missing_at: datetime | None = None
    filed_at: datetime | None = None  # moved to the operator-named folder: the end of its way
    ask_at: datetime | None = None  # when the sender's INBOX is to be looked at for what is told of it
    keep_at: datetime | None = None  # when the sender's Sent folder is to be looked at
    kept_at: datetime | None = None  # a copy is known to be in Sent
    placement: Placement | None = None
    folder: str | None = None  # the folder it was first found in
    attempts: int = 0
    visits: int = 0
    reason: str | None = None
    response: Response | None = None  # the last thing a server said about it

    @property
    def uncertain(self) -> bool:
        return self.data_at is not None and self.sent_at is None and self.refused_at is None

    @property
    def state(self) -> str:
        """How far it has come, in a word for people; read off the stamps, last one first."""
        told = self.response is not None and self.response.stage is Stage.DSN
        ways = (
            ("dropped", self.dropped_at),
            ("refused", self.refused_at),
            ("bounced" if told else "missing", self.missing_at),
            ("filed", self.filed_at),
            ("answered", self.answered_at),
            ("opened", self.opened_at),
            ("found", self.found_at),
            ("delayed" if told else "sent", self.sent_at),
            ("uncertain", self.data_at),
            ("claimed", self.claimed_at),
        )
        return next((word for word, at in ways if at is not None), "planned")


@dataclass(frozen=True, slots=True)
class Response:
    """What a server said: a value, however unpleasant. `code` is the basic code, `enhanced` RFC 3463's or None."""

    stage: Stage
    code: int
    enhanced: str | None
    text: str

    @property
    def positive(self) -> bool:
        """The command succeeded (RFC 5321 §4.2.1: 2yz completion, 3yz go on)."""
        return 200 <= self.code < 400

    def __str__(self) -> str:
        return " ".join(filter(None, (f"{self.stage}:", str(self.code), self.enhanced, self.text)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a Response means."""

    action: Action
    rule: str  # the name of the rule that spoke, for the operator
    wait: timedelta | None = None  # None with a pause: until a person lifts it
    setback: float = 1.0  # the share of today's volume the ramp falls back to; 1.0: no set-back
    kind: Kind = Kind.TROUBLE
    domain: bool = False  # it speaks of the sender's whole domain: a lane's pause holds for all its mailboxes


EXAMINED = "doctor: "  # what the rule of a hold begins with that a clean examination ends; the check follows


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """A hold, with its scope, its cause and its end."""

    id: int = 0
    scope: Scope
    mailbox: int | None  # Mailbox.id: which is held, or met what holds more than itself; None there: the operator
    provider: str | None = None  # the receiving provider of a lane; of a domain's hold too, if it isn't for all
    recipient: int | None = None  # Mailbox.id of the recipient that is held
    domain: str | None = None  # the sending domain that is held
    host: str | None = None  # the submission host that is held, an Endpoint's `name`
    cause: Cause
    since: datetime
    until: datetime | None = None  # None: until a person lifts it, or it is `examined`
    lifted_at: datetime | None = None
    age_lost: int = 0  # sending days the mailbox's ramp fell back
    strikes: int = 1
    rule: str = ""
    note: str = ""  # the operator's words, or what our own trouble was
    response: Response | None = None

    @property
    def examined(self) -> bool:
        """Whether it lasts until an examination is clean, and needs no person."""
        return self.until is None and self.rule.startswith(EXAMINED)

    def covers(self, now: datetime, sender: Mailbox, recipient: Mailbox) -> bool:
        """Whether it holds what `sender` would send to `recipient` at `now`."""
        if self.lifted_at is not None or (self.until is not None and now >= self.until):
            return False
        return self.recipient == recipient.id or self.stops(sender, recipient.provider)

    def stops(self, sender: Mailbox, provider: str | None) -> bool:
        """Whether, while it lasts, it holds all that `sender` would send to a receiving provider; None: to anybody. A
        host's doesn't where a relay is at another.
        """
        match self.scope:
            case Scope.MAILBOX | Scope.LANE:
                mine = self.mailbox == sender.id
            case Scope.DOMAIN:
                mine = self.domain == sender.domain
            case Scope.HOST:
                mine = {server.name for server in sender.submission} == {self.host}
            case Scope.RECIPIENT | Scope.ACCESS:
                mine = False
        return mine and self.provider in {None, provider}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bookmark:
    """How far something outside has been read: an inbox (its UIDVALIDITY and a UID), a log file (which one and an
    offset), a journal (a cursor).
    """

    source: str
    edition: str
    position: str
    read_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """What one mailbox may send on one of its local days, and why. Written when the day is planned."""

    mailbox: int
    local_date: date
    age: int  # local days on which it had really sent before, less what pauses took
    curve: str
    volume: int  # what the curve says
    allowance: int  # what it may send: volume with jitter, set to 0 by a closed day
    planned_at: datetime
    reason: str = ""  # why allowance differs from volume


@dataclass(frozen=True, slots=True)
class Install:
    """This installation: `seed` makes plans its own; `key` signs the label on every message."""

    seed: str
    key: str = field(repr=False)

    def token(self, message_id: str) -> str:
        """The signature by which a message is known as ours: 32 hex digits that a stranger can't mint."""
        return hmac.new(self.key.encode(), message_id.encode(), hashlib.sha256).hexdigest()[:32]


def digest(*parts: object) -> str:
    """32 hex digits that depend on every part and on nothing else."""
    text = "\x1f".join(map(str, parts))
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def chance(*parts: object) -> random.Random:
    """A source of chance that is the same for the same parts, in every process and on every machine."""
    return random.Random(int(digest(*parts), 16))  # noqa: S311 - plans, not secrets
