"""Holds: opened, lifted, counted.

Owns: their rows, and in SQL what `Pause.covers` says of one. Does not own: how long and why (`warmup.throttle`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Set
from datetime import datetime

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    String,
    and_,
    bindparam,
    exists,
    func,
    insert,
    literal,
    literal_column,
    or_,
    select,
    text,
    update,
)

from warmup.errors import UsageError
from warmup.model import Cause, Pause, Scope, Stage, digest

from .kept import Kept
from .listed import one_of
from .rows import from_pause, to_pause
from .tables import NOW, mailbox, message, pause, relay


def open_(db: Connection, pause_: Pause) -> Pause:
    """The pause, remembered, with its number."""
    return to_pause(db.execute(insert(pause).values(**from_pause(pause_)).returning(*pause.c)).one())


def alone(db: Connection, like: Pause) -> None:
    """Nobody else looks for the last pause of the same, to open the next, until the end of the transaction: one that
    another node opens just now would be the same trouble told twice. (SQLite has one writer anyway.)
    """
    if db.dialect.name == "postgresql":
        whose = like.mailbox if like.scope in _OWN else None
        what = digest(like.scope, whose, like.provider, like.recipient, like.domain, like.host)
        db.execute(_ALONE, {"what": int(what[:15], 16)})


def get(db: Connection, id: int) -> Pause:
    """The pause of that number, over or not. Raises `UsageError` if there is none."""
    row = db.execute(select(pause).where(pause.c.id == id)).one_or_none() if id <= _LAST else None
    if row is None:
        raise UsageError(f"there is no pause {id}; warmup pauses list --all shows them")
    return to_pause(row)


def active(db: Connection, now: datetime, of: Collection[int] | None = None) -> list[Pause]:
    """What holds at `now`, oldest first; or what of it can hold any `of` these mailboxes, as sender or recipient."""
    holding = _all().where(_holds(now))
    if of is None:
        return _read(db, holding)
    shared = pause.c.scope.in_([Scope.DOMAIN, Scope.HOST])
    return _read(db, holding.where(or_(shared, pause.c.mailbox.in_(of), pause.c.recipient.in_(of))))


def last(db: Connection, like: Pause) -> Pause | None:
    """The newest pause of the same that `like` holds, over or not."""
    newest = select(pause).where(*_same(like)).order_by(pause.c.since.desc(), pause.c.id.desc()).limit(1)
    return next(iter(_read(db, newest)), None)


def row_began(db: Connection, like: Pause) -> datetime | None:
    """When the newest row of strikes against the same that `like` holds began."""
    began: datetime | None = db.scalar(select(func.max(pause.c.since)).where(*_same(like), pause.c.strikes == 1))
    return began


def held_hosts(db: Connection, now: datetime) -> frozenset[str]:
    """The submission hosts that are held."""
    return frozenset(db.scalars(_HELD_HOSTS, {"now": now}))


def narrow(db: Connection, since: datetime) -> list[Pause]:
    """What a server's answer has held since then, over or not, that holds several mailboxes."""
    return [to_pause(row) for row in _NARROW.rows(db, {"now": since})]


def lift(db: Connection, now: datetime, *, id: int | None = None, mailbox: int | None = None) -> int:
    """Ends one pause; or all of a mailbox and its lanes, and those that hold what is sent to it. How many held until
    now. What is held of its domain or at its host isn't its own.
    """
    assert (id is None) != (mailbox is None), "one pause, or all of one mailbox"
    own = and_(pause.c.mailbox == mailbox, pause.c.scope.in_(_OWN))
    which = pause.c.id == id if id is not None else or_(own, pause.c.recipient == mailbox)
    return db.execute(update(pause).where(which, _holds(now)).values(lifted_at=now)).rowcount


def troubled(db: Connection, mailboxes: Collection[int]) -> Set[int]:
    """Those to which the last visit broke."""
    return {row[0] for row in _TROUBLED.rows(db, {"whom": mailboxes})}


def visited(db: Connection, mailbox: int, now: datetime) -> None:
    """A visit came to its end: what held looking into the mailbox is over, and the next trouble is the first again."""
    db.execute(_VISITED, {"whom": mailbox, "lifted_at": now})


def mended(db: Connection, mailbox: int, now: datetime) -> int:
    """Ends what waited for a person, now that its sign-in works; how many did. The operator's own pauses stay."""
    mine = pause.c.mailbox == mailbox, pause.c.scope == Scope.MAILBOX, pause.c.cause != Cause.OPERATOR
    waited = *mine, pause.c.until.is_(None), _holds(now)
    return db.execute(update(pause).where(*waited).values(lifted_at=now)).rowcount


def lost(
    db: Connection, *, since: Mapping[int, datetime], before: Mapping[int, datetime] | None = None
) -> Mapping[int, int]:
    """Sending days that pauses begun at its instant in `since`, or later, took from each mailbox's ramp; of those that
    lost any. With `before`, which has the same mailboxes, only pauses begun before that.
    """
    if not since:
        return {}
    whose_own = pause.c.mailbox.in_(since), pause.c.age_lost > 0
    taken = select(pause.c.mailbox, pause.c.since, pause.c.age_lost).where(*whose_own)
    sums: Counter[int] = Counter()
    for whose, began, days in db.execute(taken.where(pause.c.since >= min(since.values()))):
        if began >= since[whose] and (before is None or began < before[whose]):
            sums[whose] += days
    return sums


def answered(db: Connection, since: datetime) -> Mapping[int, int]:
    """How often servers' answers have held each mailbox's sending, or it met what held others too, since then."""
    by_answer = pause.c.cause == Cause.VERDICT, pause.c.response_stage.is_not(None), pause.c.scope != Scope.ACCESS
    sums = select(pause.c.mailbox, func.count()).where(*by_answer, pause.c.mailbox.is_not(None), pause.c.since >= since)
    return {row[0]: row[1] for row in db.execute(sums.group_by(pause.c.mailbox))}


def accepted_since(db: Connection, like: Pause) -> bool:
    """Whether a server has accepted anything since `like` began of what it holds; of visits, whether one came to its
    end.
    """
    sent = [message.c.sent_at >= like.since]
    match like.scope:
        case Scope.MAILBOX | Scope.LANE:
            sent.append(message.c.sender == like.mailbox)
        case Scope.ACCESS:
            return like.lifted_at is not None
        case Scope.RECIPIENT:
            sent.append(message.c.recipient == like.recipient)
        case Scope.DOMAIN:
            sent.append(_in(message.c.sender, mailbox.c.address.endswith(f"@{like.domain}", autoescape=True)))
        case Scope.HOST:
            own = and_(message.c.via.is_(None), _in(message.c.sender, func.lower(mailbox.c.smtp_host) == like.host))
            sent.append(or_(message.c.via == like.host, own))
    if like.provider is not None:
        sent.append(_in(message.c.recipient, mailbox.c.provider == like.provider))
    return bool(db.scalar(select(exists().where(*sent))))


def history(db: Connection, mailbox_: int | None = None) -> list[Pause]:
    """All pauses, or those that hold, or held, what one mailbox sends or is sent; oldest first."""
    if mailbox_ is None:
        return _read(db, _all())
    this = select(mailbox).where(mailbox.c.id == mailbox_).subquery().c
    theirs = or_(
        pause.c.mailbox == mailbox_,
        pause.c.recipient == mailbox_,
        exists().where(this.address.like(_ANY_AT + pause.c.domain)),
        exists().where(func.lower(this.smtp_host) == pause.c.host),
        exists().where(relay.c.mailbox == mailbox_, func.lower(relay.c.host) == pause.c.host),
    )
    return _read(db, _all().where(theirs))


def next_end(db: Connection, now: datetime) -> datetime | None:
    """When the first of the pauses that hold at `now` ends by itself."""
    first: datetime | None = db.scalar(NEXT_END, {"now": now})
    return first


def word(text: str) -> ColumnElement[str]:
    """A constant of ours in a statement's own text, not as one more parameter of each run: the statements that hold
    the law have dozens.
    """
    assert not {"'", "%"} & set(text)
    return literal_column(f"'{text}'", String())


def _holds(now: datetime | ColumnElement[datetime]) -> ColumnElement[bool]:
    return and_(pause.c.lifted_at.is_(None), or_(pause.c.until.is_(None), pause.c.until > now))


def _all() -> Select[tuple[object, ...]]:
    return select(pause).order_by(pause.c.since, pause.c.id)


def _read(db: Connection, sought: Select[tuple[object, ...]]) -> list[Pause]:
    return [to_pause(row) for row in db.execute(sought)]


def _same(like: Pause) -> list[ColumnElement[bool]]:
    whose = {"mailbox": like.mailbox} if like.scope in _OWN else {}
    keys = {"provider": like.provider, "recipient": like.recipient, "domain": like.domain, "host": like.host} | whose
    return [pause.c.scope == like.scope, *(pause.c[name].is_not_distinct_from(key) for name, key in keys.items())]


def _in(which: ColumnElement[int], true: ColumnElement[bool]) -> ColumnElement[bool]:
    return which.in_(select(mailbox.c.id).where(true))


_ALONE = text("SELECT pg_advisory_xact_lock(:what)")
_UNVISITED = and_(pause.c.scope == word(Scope.ACCESS), pause.c.lifted_at.is_(None))  # the last visit broke
_TROUBLED = Kept(select(pause.c.mailbox).where(one_of(pause.c.mailbox, "whom"), _UNVISITED))
_VISITED = update(pause).where(pause.c.mailbox == bindparam("whom"), _UNVISITED)
_HELD_HOSTS = select(pause.c.host).where(pause.c.host.is_not(None), _holds(NOW))
NEXT_END = select(func.min(pause.c.until)).where(_holds(NOW))
_shared = or_(pause.c.scope == Scope.DOMAIN, pause.c.scope == Scope.HOST)
_NARROW = Kept(_all().where(_shared, pause.c.cause == Cause.VERDICT, pause.c.since >= NOW))

_LAST = 2**31 - 1  # the databases take no greater number
_OWN = (Scope.MAILBOX, Scope.LANE, Scope.ACCESS)
_ANY_AT = literal("%@")
_from = mailbox.alias("sender_of_paused").c
_to = mailbox.alias("recipient_of_paused").c
_address = select(_from.address).where(_from.id == message.c.sender).correlate(message).scalar_subquery()
_own = select(func.lower(_from.smtp_host)).where(_from.id == message.c.sender).correlate(message).scalar_subquery()
VIA = bindparam("by", type_=message.c.via.type)
_host = func.coalesce(VIA, _own)
_provider = select(_to.provider).where(_to.id == message.c.recipient).correlate(message).scalar_subquery()
# Not `in_`, whose list is put into the text of the statement anew each time it runs: that costs four times the running.
_sending = or_(pause.c.scope == word(Scope.MAILBOX), pause.c.scope == word(Scope.LANE))
_words = func.coalesce(func.nullif(pause.c.rule, word("")), func.nullif(pause.c.note, word("")), pause.c.cause)

# In a statement about mailboxes: whether looking into the one at hand is held at the parameter `now`. So it is while a
# person is needed, since a credential that was refused, tried again and again, would only be locked; and after too many
# sign-ins, which SMTP and IMAP share.
_of_signing_in = or_(pause.c.response_stage == word(Stage.AUTH), pause.c.response_stage == word(Stage.LOGIN))
SHUT = exists().where(
    pause.c.mailbox == mailbox.c.id,
    _holds(NOW),
    or_(
        pause.c.scope == word(Scope.ACCESS),
        and_(
            pause.c.scope == word(Scope.MAILBOX),
            pause.c.cause != word(Cause.OPERATOR),
            or_(pause.c.until.is_(None), _of_signing_in),
        ),
    ),
)

# In a statement about messages: what holds the message at hand at the parameter `now`, if it is to go by the submission
# host `by`, NULL for its sender's own; NULL if nothing does.
HELD = (
    select(word("paused: ") + _words)
    .where(
        _holds(NOW),
        or_(
            and_(
                or_(
                    and_(pause.c.mailbox == message.c.sender, _sending),
                    and_(pause.c.domain.is_not(None), _address.like(_ANY_AT + pause.c.domain)),
                    and_(pause.c.host.is_not(None), pause.c.host == _host),
                ),
                or_(pause.c.provider.is_(None), pause.c.provider == _provider),
            ),
            pause.c.recipient == message.c.recipient,
        ),
    )
    .order_by(pause.c.id.desc())
    .limit(1)
    .correlate(message)
    .scalar_subquery()
)
